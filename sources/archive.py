"""Content-addressed, append-only store of every file ever received."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Receipt:
    """One file as it came: its content's sha256 is the submission's id."""

    submission_id: str
    file_name: str
    size_bytes: int


def receive(inbox: Path, archive: Path) -> Iterator[Receipt]:
    """Archives every workbook in the inbox, oldest first; yields one receipt a file.

    Files stay in the inbox. Content that is already archived is not written again.
    """
    for path in _inbox_files(inbox):
        data = path.read_bytes()
        yield Receipt(store(data, archive), path.name, len(data))


def inbox_submission_ids(inbox: Path) -> Iterator[tuple[str, str]]:
    """(file name, submission id) of every file in the inbox, without touching anything."""
    for path in _inbox_files(inbox):
        yield path.name, hashlib.sha256(path.read_bytes()).hexdigest()


def _inbox_files(inbox: Path) -> list[Path]:
    """The inbox's files in the order of their time stamps; hidden files and Excel's lock files are not submissions."""
    if not inbox.exists():
        return []
    files = [path for path in inbox.iterdir() if path.is_file() and not path.name.startswith((".", "~$"))]
    return sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.name))


def store(data: bytes, archive: Path) -> str:
    """Writes the bytes under their sha256 and returns it; the file appears whole or not at all."""
    submission_id = hashlib.sha256(data).hexdigest()
    target = archived_path(submission_id, archive)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(f".{os.getpid()}.partial")
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.chmod(0o444)
        partial.replace(target)
    return submission_id


def archived_path(submission_id: str, archive: Path) -> Path:
    return archive / submission_id[:2] / f"{submission_id}.xlsx"
