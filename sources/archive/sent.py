"""What has been sent to respondents, as the clerk who sent it noted: kept in the archive, never changed.

No address and no text is in it: what was sent is named by a key that stays the same as long as it need not be sent
again.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from sources.archive.archive import append_lines, json_lines

SENT_FILE = "sent.jsonl"
LetterKind = Literal["template", "marked", "notice", "reminder"]


@dataclass(frozen=True, slots=True)
class Sent:
    """A letter that somebody (`by`) has sent to a respondent, with others of its batch. `sent_at`: ISO 8601, UTC;
    `sent_on`: the day by the calendar of the installation, ISO 8601."""

    kind: LetterKind
    report_year: int
    respondent_code: str
    content: str
    batch: str
    by: str
    sent_on: str
    sent_at: str = ""
    was_sent: bool = True
    """False takes back what was noted of the letter in that batch: it was not sent after all."""


def note_sent(archive: Path, sent: Sequence[Sent]) -> None:
    """Appends what was sent, with the time."""
    if sent:
        moment = {"sent_at": datetime.now(UTC).isoformat()}
        append_lines(archive / SENT_FILE, *(asdict(each) | moment for each in sent))


def archived_sent(archive: Path) -> list[Sent]:
    """Everything that was noted as sent and not taken back, in that order."""
    last = {(each.batch, each.kind, each.report_year, each.respondent_code): each for each in _lines(archive)}
    return [each for each in last.values() if each.was_sent]


def ever_noted(archive: Path) -> frozenset[tuple[str, LetterKind, int, str]]:
    """(Batch, kind, year, respondent) of everything that was ever noted, taken back or not."""
    return frozenset((each.batch, each.kind, each.report_year, each.respondent_code) for each in _lines(archive))


def _lines(archive: Path) -> list[Sent]:
    return [Sent(**line) for line in json_lines(archive / SENT_FILE)]
