"""Inbox to archive: every new content is stored once, with a receipt."""

from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock

from sources.archive.archive import Receipt, archived_ids, note_receipt, store, stored_ids
from sources.archive.inbox import Inbox, content_of
from sources.archive.seen import Mark, id_of, mark_of, read_seen, write_seen
from sources.system.fingerprint import sha256_of
from sources.system.parallel import while_waiting
from sources.system.plain_text import shown_name
from sources.system.settings import Limits

_LOCKS = {digit: Lock() for digit in "0123456789abcdef"}
"""One lock for each first digit of a sha256, because the same content may lie in the inbox twice."""


def receive(
    inbox: Inbox,
    archive: Path,
    limits: Limits | None = None,
    today: date | None = None,
    seen_file: Path | None = None,
) -> list[Receipt]:
    """Archives the inbox's files; one receipt a file. Files stay where they are.

    A content that the archive has is not written again. It gets a new receipt only under a new name. Files that
    `seen_file` notes as received and that are untouched since are passed over.
    """
    day = (today or date.today()).isoformat()
    stored = stored_ids(archive) & archived_ids(archive)
    noted = {path: each for path, each in (read_seen(seen_file) if seen_file else {}).items() if each[1] in stored}
    seen: dict[str, tuple[Mark, str]] = {}

    def receive_one(item: tuple[Path, str]) -> Receipt | None:
        path, now = item
        mark = mark_of(path)
        data = content_of(path, limits or Limits())
        if data is None:
            return None
        with _LOCKS[sha256_of(data)[0]]:
            receipt = Receipt(store(data, archive), shown_name(path.name), len(data), now, day)
            on_file = note_receipt(receipt, archive)
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
