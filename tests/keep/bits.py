"""Turns one bit of a file, as a disk does."""

from pathlib import Path


def flip(path: Path, bit: int) -> None:
    """Turns the bit of that number, counted from the start of the file."""
    mode = path.stat().st_mode
    path.chmod(mode | 0o200)
    with path.open("r+b") as file:
        file.seek(bit // 8)
        (byte,) = file.read(1)
        file.seek(bit // 8)
        file.write(bytes([byte ^ 1 << bit % 8]))
    path.chmod(mode)
