"""Files that appear whole or not at all, whatever happens while they are being written."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PARTIAL = ".partial"
COPIED_AT_ONCE = 1 << 26


@contextmanager
def whole_file(target: Path, mode: int = 0o644) -> Iterator[Path]:
    """Yields a path beside `target` to write to. At the end it is flushed and takes the target's place; after an error
    it is removed.

    A process that is killed leaves it behind; `remove_partials` clears it away.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}{PARTIAL}")
    try:
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.chmod(mode)
        partial.replace(target)
        sync_folder(target.parent)
    finally:
        partial.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Flushes a folder, so that the names in it survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copy_file(source: Path, target: Path) -> None:
    """Copies a file's content; where the file system has copy-on-write, the blocks are shared and nothing is copied."""
    with source.open("rb") as read, target.open("wb") as written:
        try:
            while os.copy_file_range(read.fileno(), written.fileno(), COPIED_AT_ONCE):
                pass
        except (AttributeError, OSError):  # not on this system, or not between these two file systems
            read.seek(0)
            written.seek(0)
            shutil.copyfileobj(read, written, COPIED_AT_ONCE)


def remove_partials(folder: Path) -> None:
    """Removes what killed processes have left in a folder and below. Only the one writer of the folder may call it."""
    for path in folder.rglob(f"*{PARTIAL}*"):
        path.unlink(missing_ok=True)
