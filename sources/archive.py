"""Content-addressed, append-only store of every file ever received, and of what the bureau decided about them.

`<archive>/ab/abcd….xlsx` is a file's content, `abcd….receipts.jsonl` beside it when and under which name it came.
`decisions.jsonl` holds what people decided (approved or refused explanations). From the archive alone the whole
warehouse can be built again.
"""

import hashlib
import json
import os
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

from sources.inspection import ZIP_SIGNATURE, stand_in
from sources.parallel import while_waiting
from sources.seen import Mark, id_of, mark_of, read_seen, write_seen
from sources.settings import Limits
from sources.whole_file import sync_folder, whole_file

IGNORED_PREFIXES = (".", "~$", "~")
IGNORED_SUFFIXES = (".tmp", ".part", ".partial", ".crdownload")
IGNORED_NAMES = ("thumbs.db", "desktop.ini")
SETTLING_SECONDS = 60
DECISIONS_FILE = "decisions.jsonl"
NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # Windows has none
BINARY = getattr(os, "O_BINARY", 0)  # only Windows has it
RECEIPTS_SUFFIX = ".receipts.jsonl"
_LOCKS = {digit: Lock() for digit in "0123456789abcdef"}
"""By the first digit of a content's sha256: the same content may lie in the inbox twice."""


@dataclass(frozen=True)
class Receipt:
    """One file as it came: its content's sha256 is the submission's id."""

    submission_id: str
    file_name: str
    size_bytes: int
    received_at: str
    """ISO 8601, UTC."""
    received_on: str
    """The day by the calendar of the installation, ISO 8601: freezing is judged by it, now and when rebuilding."""


@dataclass(frozen=True)
class Inbox:
    """What lies in the inbox: `files` to receive, and `settling` files still being written."""

    files: tuple[Path, ...] = ()
    settling: tuple[Path, ...] = ()


def look_into(inbox: Path, now: float | None = None) -> Inbox:
    """Sorts what lies in the inbox and its folders, oldest first. Links are not followed, ever."""
    files, settling = [], []
    moment = time.time() if now is None else now
    for _, _, path in sorted(_lying_in(inbox)):
        if _is_settling(path, moment):
            settling.append(path)
        else:
            files.append(path)
    return Inbox(tuple(files), tuple(settling))


def _lying_in(inbox: Path) -> Iterator[tuple[int, str, Path]]:
    """Time of change, name and path of everything to look at; what goes away meanwhile is left out."""
    folders = [inbox] if inbox.is_dir() else []
    while folders:
        folder = folders.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:
            yield 0, folder.name, folder
            continue
        for entry in entries:
            if _is_ignored(entry.name.lower()):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(Path(entry.path))
            elif entry.is_symlink() or entry.is_file(follow_symlinks=False):
                with suppress(FileNotFoundError):
                    yield entry.stat(follow_symlinks=False).st_mtime_ns, entry.name, Path(entry.path)


def _is_ignored(name: str) -> bool:
    """Whether a file is a program's own: hidden, temporary, half loaded."""
    is_hidden = name.startswith(IGNORED_PREFIXES) and not name.startswith("..")
    return is_hidden or name.endswith(IGNORED_SUFFIXES) or name in IGNORED_NAMES


def _is_settling(path: Path, moment: float) -> bool:
    """Whether a file changed a moment ago and is not whole yet."""
    try:
        with _opened(path) as file:
            return moment - os.fstat(file.fileno()).st_mtime < SETTLING_SECONDS and not _is_whole(file)
    except OSError:
        return False


def _is_whole(file: BinaryIO) -> bool:
    """Whether a file is a whole zip archive, or none at all; an empty one may become either."""
    head = file.read(len(ZIP_SIGNATURE))
    return zipfile.is_zipfile(file) if ZIP_SIGNATURE.startswith(head) else True


def _opened(path: Path) -> BinaryIO:
    """Opens a file for reading; OSError when it is a link, whatever it was a moment ago."""
    return os.fdopen(os.open(path, os.O_RDONLY | NO_LINK | BINARY), "rb")


def receive(
    inbox: Inbox,
    archive: Path,
    limits: Limits | None = None,
    today: date | None = None,
    seen_file: Path | None = None,
) -> list[Receipt]:
    """Archives the inbox's files; one receipt a file. Files stay where they are.

    Content that is archived already is not written again; a name under which it came before is no new receipt.
    Files that have been received before and lie untouched since, by what `seen_file` notes, are passed over.
    """
    day = (today or date.today()).isoformat()
    stored = _stored_ids(archive) & archived_ids(archive)
    noted = {path: each for path, each in (read_seen(seen_file) if seen_file else {}).items() if each[1] in stored}
    seen: dict[str, tuple[Mark, str]] = {}

    def receive_one(item: tuple[Path, str]) -> Receipt | None:
        path, now = item
        mark = mark_of(path)
        data = content_of(path, limits or Limits())
        if data is None:
            return None
        with _LOCKS[_sha256(data)[0]]:
            receipt = Receipt(store(data, archive), shown_name(path.name), len(data), now, day)
            on_file = _noted(receipt, archive)
        if mark and mark[0] == len(data):  # not what stands in for a file that could not be read
            seen[str(path)] = mark, receipt.submission_id
        return on_file

    touched = [path for path in inbox.files if id_of(path, noted) is None]
    items = [(path, datetime.now(UTC).isoformat(timespec="microseconds")) for path in touched]
    receipts = [receipt for receipt in while_waiting(receive_one, items) if receipt]
    if seen_file and touched:
        untouched = {str(path) for path in inbox.files} & noted.keys() - {str(path) for path in touched}
        write_seen(seen_file, {path: noted[path] for path in untouched} | seen)
    return receipts


def content_of(path: Path, limits: Limits) -> bytes | None:
    """A file's bytes; for a link and for what is too large or cannot be read, a stand-in that says so.

    None when the file is no longer there.
    """
    name = shown_name(path.name)
    try:
        if path.is_symlink():
            return stand_in("file.link", name, printable(str(path.readlink())))
        with _opened(path) as file:
            data = file.read(limits.file_bytes + 1)
            size = os.fstat(file.fileno()).st_size
        return data if len(data) <= limits.file_bytes else stand_in("file.too_large", name, f"{size / 1e6:.1f} MB")
    except FileNotFoundError:
        return None
    except OSError as error:
        return stand_in("file.unreadable", name, "没有读取权限" if isinstance(error, PermissionError) else "读取出错")


def inbox_submission_ids(
    inbox: Path, limits: Limits | None = None, seen_file: Path | None = None
) -> Iterator[tuple[str, str]]:
    """(file name, submission id) of everything to receive, without touching anything."""
    seen = read_seen(seen_file) if seen_file else {}
    for path in look_into(inbox).files:
        if submission_id := id_of(path, seen):
            yield shown_name(path.name), submission_id
        elif (data := content_of(path, limits or Limits())) is not None:
            yield shown_name(path.name), _sha256(data)


def store(data: bytes, archive: Path) -> str:
    """Writes the bytes under their sha256 and returns it; the file appears whole or not at all."""
    submission_id = _sha256(data)
    target = archived_path(submission_id, archive)
    if not target.exists():
        with whole_file(target, mode=0o444) as partial:
            partial.write_bytes(data)
    return submission_id


def archived_path(submission_id: str, archive: Path) -> Path:
    return archive / submission_id[:2] / f"{submission_id}.xlsx"


def archived_receipts(archive: Path) -> list[Receipt]:
    """Every receipt on file, in the order of receipt."""
    receipts = (_receipt(line) for path in archive.glob(f"??/*{RECEIPTS_SUFFIX}") for line in _json_lines(path))
    return sorted(receipts, key=lambda receipt: (receipt.received_at, receipt.submission_id, receipt.file_name))


def archived_ids(archive: Path) -> set[str]:
    """The ids of everything that was ever received, by name alone."""
    return {path.name.removesuffix(RECEIPTS_SUFFIX) for path in archive.glob(f"??/*{RECEIPTS_SUFFIX}")}


def _stored_ids(archive: Path) -> set[str]:
    """The ids of every content that lies in the archive, by name alone."""
    return {path.stem for path in archive.glob("??/*.xlsx")}


def damaged(archive: Path) -> list[Path]:
    """Archived files that are not there, or not what was received: to be restored from a backup."""
    paths = (archived_path(submission_id, archive) for submission_id in sorted(archived_ids(archive)))
    return [path for path in paths if not path.exists() or _sha256(path.read_bytes()) != path.stem]


def note_decision(archive: Path, decision: dict[str, Any]) -> None:
    """Appends a decision of the bureau, with the time."""
    _append(archive / DECISIONS_FILE, {**decision, "decided_at": datetime.now(UTC).isoformat()})


def archived_decisions(archive: Path) -> list[dict[str, Any]]:
    return _json_lines(archive / DECISIONS_FILE)


def restore(
    archive: Path, target: Path, receipts: Sequence[dict[str, Any]], decisions: Sequence[dict[str, Any]]
) -> None:
    """Copies a part of an archive: the content of these receipts, the receipts themselves, these decisions."""
    for receipt in receipts:
        store(archived_path(receipt["submission_id"], archive).read_bytes(), target)
        _noted(Receipt(**receipt), target)
    for decision in decisions:
        _append(target / DECISIONS_FILE, decision)


def shown_name(name: str) -> str:
    """A file's name without path, control characters and what cannot be written down."""
    return printable(name.replace("\\", "/").rsplit("/", 1)[-1]) or "（无名文件）"


def printable(text: str) -> str:
    """A text without control characters and what cannot be written down, not too long to be shown."""
    plain = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(letter if letter.isprintable() else "�" for letter in plain)[:200]


def _noted(receipt: Receipt, archive: Path) -> Receipt:
    """The receipt on file for this content and name, noted now if there is none yet."""
    path = archived_path(receipt.submission_id, archive).with_suffix(RECEIPTS_SUFFIX)
    for line in _json_lines(path):
        if line["file_name"] == receipt.file_name:
            return _receipt(line)
    _append(path, asdict(receipt))
    return receipt


def _receipt(line: dict[str, Any]) -> Receipt:
    """A line of a receipts file; the first ones had no day."""
    return Receipt(**{"received_on": line["received_at"][:10], **line})


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _json_lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a file; a last line that was cut off by a crash is left out."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1] if line]


def _append(path: Path, line: dict[str, Any]) -> None:
    """Adds a line, in place of what a crash has left of a half-written one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
        file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)
