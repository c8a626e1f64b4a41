"""What people confirmed before a release, one thing at a time: kept in the archive as decisions are, never changed.

They stand in a file of their own: a decision waits for the next run, a confirmation for the next release. Each is of
what was seen: when that is another, nothing has been confirmed.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sources.archive.archive import append_lines, json_lines

CONFIRMATIONS_FILE = "confirmations.jsonl"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Somebody (`by`) has seen an item of a report year's release as it was (`seen`), and says why it may go out."""

    report_year: int
    item: str
    seen: str
    by: str
    reason: str
    confirmed_at: str
    """ISO 8601, UTC."""


def note_confirmations(archive: Path, confirmations: Sequence[Confirmation]) -> None:
    """Appends them, all or none."""
    if confirmations:
        append_lines(archive / CONFIRMATIONS_FILE, *map(asdict, confirmations))


def archived_confirmations(archive: Path) -> list[Confirmation]:
    """Every confirmation, in the order in which they were made; of an item the last one counts."""
    return [Confirmation(**line) for line in json_lines(archive / CONFIRMATIONS_FILE)]


def now() -> str:
    return datetime.now(UTC).isoformat()
