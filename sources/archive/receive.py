"""Inbox to archive: every new content is stored once, with a receipt."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Lock

from sources.archive.archive import Receipt, archived_ids, next_moment, note_receipt, store, stored_ids
from sources.archive.arrival import Senders
from sources.archive.inbox import TOLD_EVERY, Inbox, content_of
from sources.archive.seen import Gone, Mark, Seen, id_of, key_of, mark_of, read_gone, read_seen, write_seen
from sources.system.aloud import told_when_slow
from sources.system.fingerprint import sha256_of
from sources.system.parallel import while_waiting
from sources.system.plain_text import shown_name
from sources.system.settings import Limits
from sources.system.whereabouts import refuse_gone
from sources.system.whole_file import whole_file

LOOK_UNDER_WAY = "look_under_way.txt"
READING = "收件夹里的文件还在读：{waited}里读了 {done} 个，共 {all} 个。"
_LOCKS = {digit: Lock() for digit in "0123456789abcdef"}
"""One lock for each first digit of a sha256, because the same content may lie in the inbox twice."""


def receive(
    inbox: Inbox,
    archive: Path,
    limits: Limits | None = None,
    today: date | None = None,
    seen_file: Path | None = None,
    senders: Senders | None = None,
) -> list[Receipt]:
    """Archives the inbox's files; one receipt a file. Files stay where they are.

    A content that the archive has is not written again. It gets a new receipt only under a new name, from another
    sender, which `senders` tell, where it comes back in the place of one that came later, or where somebody has put it
    there again. Files that `seen_file` notes as received and that are untouched since are passed over.

    Raises InboxGoneError when the inbox has gone meanwhile: then what was received is received, and nobody knows what
    else lay there.
    """
    # Long: what lies there is looked at, stored, noted, and remembered, file by file and under one lock.
    day, who = (today or date.today()).isoformat(), senders or Senders()
    stored = stored_ids(archive) & archived_ids(archive)
    noted = {path: each for path, each in (read_seen(seen_file) if seen_file else {}).items() if each[1] in stored}
    gone = read_gone(seen_file) if seen_file else {}
    lay_there = {path: submission_id for path, (_, submission_id) in noted.items()}
    seen: dict[str, tuple[Mark, str]] = {}
    begun: list[Path] = []

    def receive_one(item: tuple[Path, str], look: str) -> Receipt | None:
        path, now = item
        begun.append(path)
        mark = mark_of(path)
        data = content_of(path, limits or Limits(), inbox.folder)
        if data is None:
            return None
        with _LOCKS[sha256_of(data)[0]]:
            submission_id = store(data, archive)
            came = who.arrival_of(path, inbox.folder, submission_id)
            came_by = came.channel, came.sender
            receipt = Receipt(submission_id, shown_name(path.name), len(data), now, day, *came_by, look)
            is_again = _is_put_again(path, submission_id, gone, noted)
            on_file = note_receipt(receipt, archive, lay_there.get(key_of(path)), is_again)
        if mark and mark[0] == len(data):  # not what stands in for a file that could not be read
            seen[key_of(path)] = mark, receipt.submission_id
        return on_file

    touched = [path for path in inbox.files if id_of(path, noted) is None]
    untouched = {key_of(path) for path in inbox.files} & noted.keys() - {key_of(path) for path in touched}
    if not touched:
        (archive / LOOK_UNDER_WAY).unlink(missing_ok=True)
        if seen_file and len(untouched) < len(noted):
            _remember(seen_file, {path: noted[path] for path in untouched}, gone, noted)
        return []
    moment = next_moment(archive)
    items = [(path, _iso(moment + timedelta(microseconds=position))) for position, path in enumerate(touched)]
    how_far = partial(_how_far, begun, len(items))
    with _one_look(archive, moment) as look, told_when_slow(how_far, TOLD_EVERY):
        receipts = [receipt for receipt in while_waiting(lambda item: receive_one(item, look), items) if receipt]
        if inbox.folder:
            refuse_gone(inbox.folder)
    if seen_file:
        came = {receipt.submission_id for receipt in receipts}
        _remember(seen_file, {path: noted[path] for path in untouched} | seen, gone, noted, came)
    return receipts


def _is_put_again(path: Path, submission_id: str, gone: Gone, noted: Seen) -> bool:
    """Whether a content lay nowhere when the inbox was looked into last, had been there before, and was written anew:
    somebody sent it again. What was only moved away and back is as old as it was."""
    if submission_id not in gone or any(submission_id == lying for _, lying in noted.values()):
        return False
    try:
        return path.lstat().st_mtime_ns != gone[submission_id]
    except OSError:  # taken away since it was read
        return False


def _remember(seen_file: Path, lying: Seen, gone: Gone, before: Seen, came: Collection[str] = ()) -> None:
    """Notes what lies there, and what once did; `gone` and `before` are the notes until now, `came` the contents that
    this look has received: one that has just changed lies there and cannot be noted yet."""
    ids = {*came} | {submission_id for _, submission_id in lying.values()}
    once = {**gone, **{submission_id: mark[1] for mark, submission_id in before.values()}}
    write_seen(seen_file, lying, {each: modified for each, modified in once.items() if each not in ids})


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def _how_far(begun: Sequence[Path], all_of_them: int, waited: str) -> str:
    return READING.format(waited=waited, done=max(len(begun) - 1, 0), all=all_of_them)


@contextmanager
def _one_look(archive: Path, moment: datetime) -> Iterator[str]:
    """The time of this look. One that was killed half-way goes on: what it had not received yet came no later."""
    note = archive / LOOK_UNDER_WAY
    look = note.read_text(encoding="ascii") if note.exists() else _iso(moment)
    with whole_file(note) as partial:
        partial.write_text(look, encoding="ascii")
    yield look
    note.unlink()
