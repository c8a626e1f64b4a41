"""Seals: beside a file lies what it held when it was written, so that one bit which a disk turns is found, by name.

`decisions.jsonl.sha256` is the seal of `decisions.jsonl`: a line as `sha256sum -c` reads it, then how many bytes it
covers and a check of the seal itself. A file that only grows may be longer than its seal says; what was there must be
the same. A file without a seal, as 0.1.0 wrote them, is not accused.
"""

import os
import re
from pathlib import Path

from sources.system.fingerprint import sha256_of, sha256_of_file, sha256_of_start
from sources.system.whole_file import PARTIAL

SEAL = ".sha256"
FORM = re.compile(
    r"(?P<said>(?P<digest>[0-9a-f]{64})  (?P<name>[^\n]+)\n# (?P<size>\d+) bytes, )(?P<check>[0-9a-f]{16})\n"
)
CHECK = 16


def seal_of(path: Path) -> Path:
    return path.with_name(path.name + SEAL)


def seal(path: Path, size: int | None = None) -> str:
    """Notes what a file holds, the first `size` bytes of it or all, and returns their sha256."""
    size = path.stat().st_size if size is None else size
    digest = sha256_of_start(path, size)
    said = f"{digest}  {path.name}\n# {size} bytes, "
    beside = seal_of(path)
    partial = beside.with_name(f".{beside.name}.{os.getpid()}{PARTIAL}")
    partial.write_text(f"{said}{sha256_of(said)[:CHECK]}\n", encoding="utf-8")
    partial.chmod(path.stat().st_mode & 0o666)
    partial.replace(beside)
    return digest


def is_sealed(path: Path) -> bool:
    """Whether there is a seal; an empty one is what a power failure has left, and none."""
    beside = seal_of(path)
    return beside.is_file() and beside.stat().st_size > 0


def broken_seal(path: Path, grows: bool = False) -> str | None:
    """What is wrong, in Chinese: file or seal is not as it was written. None when nothing is, or there is no seal.

    `grows`: the file may have become longer since.
    """
    if not is_sealed(path):
        return None
    beside = seal_of(path)
    found = FORM.fullmatch(beside.read_text(encoding="utf-8", errors="replace"))
    if found is None or found["check"] != sha256_of(found["said"])[:CHECK] or found["name"] != path.name:
        return f"{beside} 已不是写入时的内容（它是 {path.name} 的校验文件）"
    if not path.is_file():
        return f"{path} 不见了，它的校验文件还在"
    size = int(found["size"])
    if path.stat().st_size < size or (path.stat().st_size > size and not grows):
        return f"{path} 已不是写入时的内容（大小不同）"
    digest = sha256_of_start(path, size) if grows else sha256_of_file(path)
    return None if digest == found["digest"] else f"{path} 已不是写入时的内容"


def open_seal(path: Path) -> None:
    """Puts the seal of a file aside, because the file is going to be written. A process that dies leaves no seal.

    A file that somebody else has changed since keeps its seal, so that the change stays to be seen.
    """
    if is_sealed(path) and not (_is_newer(path, seal_of(path)) and broken_seal(path)):
        seal_of(path).replace(_aside(path))


def close_seal(path: Path) -> None:
    """Seals a file again after writing; the old seal serves where nothing was written."""
    aside = _aside(path)
    if not path.is_file() or is_sealed(path):
        return
    if aside.is_file() and not _is_newer(path, aside):
        aside.replace(seal_of(path))
    else:
        seal(path)
        aside.unlink(missing_ok=True)


def remove_seal(path: Path) -> None:
    """Takes the seal away before another file is put in the place of this one."""
    seal_of(path).unlink(missing_ok=True)


def _is_newer(path: Path, noted: Path) -> bool:
    """Whether a file was written after a note of it, or within the same tick of the clock."""
    return not path.is_file() or path.stat().st_mtime_ns >= noted.stat().st_mtime_ns


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}{SEAL}{PARTIAL}")
