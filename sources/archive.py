"""Content-addressed, append-only store of every file ever received, and of what the bureau decided about them.

`<archive>/ab/abcd….xlsx` is a file's content, `abcd….receipts.jsonl` beside it when and under which name it came.
`decisions.jsonl` holds what people decided (approved or refused explanations). From the archive alone the whole
warehouse can be built again.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sources.inspection import is_complete

IGNORED_PREFIXES = (".", "~$", "~")
IGNORED_SUFFIXES = (".tmp", ".part", ".partial", ".crdownload", ".lnk")
IGNORED_NAMES = ("thumbs.db", "desktop.ini")
SETTLING_SECONDS = 60
DECISIONS_FILE = "decisions.jsonl"


@dataclass(frozen=True)
class Receipt:
    """One file as it came: its content's sha256 is the submission's id."""

    submission_id: str
    file_name: str
    size_bytes: int
    received_at: str
    """ISO 8601, UTC."""


@dataclass(frozen=True)
class Inbox:
    """What lies in the inbox: `files` to receive, `links` that are refused, `settling` files still being written."""

    files: tuple[Path, ...] = ()
    links: tuple[Path, ...] = ()
    settling: tuple[Path, ...] = ()


def look_into(inbox: Path, now: float | None = None) -> Inbox:
    """Sorts what lies in the inbox and its folders, oldest first. Links are not followed, ever."""
    files, links, settling = [], [], []
    moment = time.time() if now is None else now
    for path in sorted(_walk(inbox), key=lambda path: (path.lstat().st_mtime_ns, path.name)):
        if path.is_symlink():
            links.append(path)
        elif moment - path.stat().st_mtime < SETTLING_SECONDS and not is_complete(path.read_bytes()):
            settling.append(path)
        else:
            files.append(path)
    return Inbox(tuple(files), tuple(links), tuple(settling))


def _walk(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        return
    for entry in os.scandir(folder):
        name = entry.name.lower()
        if name.startswith(IGNORED_PREFIXES) or name.endswith(IGNORED_SUFFIXES) or name in IGNORED_NAMES:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path))
        elif entry.is_symlink() or entry.is_file(follow_symlinks=False):
            yield Path(entry.path)


def receive(inbox: Inbox, archive: Path) -> list[Receipt]:
    """Archives the inbox's files; one receipt a file. Files stay where they are.

    Content that is archived already is not written again; a name under which it came before is no new receipt.
    """
    receipts = []
    for path in inbox.files:
        data = path.read_bytes()
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        receipt = Receipt(store(data, archive), shown_name(path.name), len(data), now)
        receipts.append(_noted(receipt, archive))
    return receipts


def inbox_submission_ids(inbox: Path) -> Iterator[tuple[str, str]]:
    """(file name, submission id) of every file to receive, without touching anything."""
    for path in look_into(inbox).files:
        yield path.name, hashlib.sha256(path.read_bytes()).hexdigest()


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


def archived_receipts(archive: Path) -> list[Receipt]:
    """Every receipt on file, in the order of receipt."""
    lines = [line for path in archive.glob("??/*.receipts.jsonl") for line in _json_lines(path)]
    return sorted((Receipt(**line) for line in lines), key=lambda r: (r.received_at, r.submission_id, r.file_name))


def note_decision(archive: Path, decision: dict[str, Any]) -> None:
    """Appends a decision of the bureau, with the time."""
    _append(archive / DECISIONS_FILE, {**decision, "decided_at": datetime.now(UTC).isoformat()})


def archived_decisions(archive: Path) -> list[dict[str, Any]]:
    return _json_lines(archive / DECISIONS_FILE)


def shown_name(name: str) -> str:
    """A file's name without path, control characters and what cannot be written down."""
    plain = name.encode("utf-8", "replace").decode("utf-8").replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter if letter.isprintable() else "�" for letter in plain)[:200] or "（无名文件）"


def _noted(receipt: Receipt, archive: Path) -> Receipt:
    """The receipt on file for this content and name, noted now if there is none yet."""
    path = archived_path(receipt.submission_id, archive).with_suffix(".receipts.jsonl")
    for line in _json_lines(path):
        if line["file_name"] == receipt.file_name:
            return Receipt(**line)
    _append(path, asdict(receipt))
    return receipt


def _json_lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a file; a last line that was cut off by a crash is left out."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n")[:-1] if line.strip()]


def _append(path: Path, line: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        if file.tell() and not path.read_text(encoding="utf-8").endswith("\n"):
            file.write("\n")
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
