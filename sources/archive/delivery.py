"""One file, put into the inbox where its sender's files lie, and received in the same moment.

Who sends at a desk, or by mail, is told at once that the file has come: it counts as of that day, not of the day of the
next look into the inbox. That look finds what lies there, and finds it received.
"""

from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

from sources.archive.alone import alone_with
from sources.archive.archive import Receipt, next_moment, note_receipt, receipts_of, store
from sources.archive.arrival import FOLDER
from sources.system.fingerprint import sha256_of, sha256_of_file
from sources.system.plain_text import shown_name
from sources.system.whereabouts import refuse_gone
from sources.system.whole_file import whole_file

LOCK = "delivering.lock"


def archive_lock(archive: Path) -> AbstractContextManager[None]:
    """The right to add to the archive, for people who do so at the same time; whoever else asks waits."""
    return alone_with(archive / LOCK)


def deliver(data: bytes, respondent_code: str, file_name: str, inbox: Path, archive: Path, today: date) -> Receipt:
    """Puts a file into the sender's own folder of the inbox and receives it; the receipt, which is there to stay.

    The same file again gives the receipt that it has, unless another lay in its place meanwhile: then it was sent
    again. `file_name` is ours, a name without a path.

    Raises InboxGoneError when the inbox has gone, FullDiskError when there is no room: then nothing was received.
    """
    refuse_gone(inbox)
    with archive_lock(archive):
        target = inbox / respondent_code / file_name
        lay_there = sha256_of_file(target) if target.is_file() else None
        submission_id = sha256_of(data)
        if lay_there != submission_id:
            with whole_file(target) as partial:
                partial.write_bytes(data)
        name, day = shown_name(file_name), today.isoformat()
        known = [
            each
            for each in receipts_of(archive, submission_id)
            if (each.file_name, each.sender) == (name, respondent_code)
        ]
        if known and lay_there == submission_id:
            return known[-1]
        moment = next_moment(archive).isoformat(timespec="microseconds")
        receipt = Receipt(submission_id, name, len(data), moment, day, FOLDER.code, respondent_code, look=moment)
        store(data, archive)
        return note_receipt(receipt, archive, lay_there)
