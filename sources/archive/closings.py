"""Which report years the bureau has closed for schools: kept in the archive, never changed; the last word counts.

A closed year takes no file at the desk. What lies in the inbox or comes by mail is received as ever: whether it counts,
the calendar decides (`freezes`), and the bureau.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sources.archive.alone import alone_with
from sources.archive.archive import append_lines, json_lines
from sources.system.faults import ToldError
from sources.system.plain_text import legible

CLOSINGS_FILE = "closings.jsonl"


class ClosingError(ToldError):
    """A year cannot be closed or opened again; the message says why, in Chinese."""


@dataclass(frozen=True, slots=True)
class YearClosing:
    """Somebody (`by`) has closed a year for schools, or opened it again (not `is_closed`), and says why.

    `noted_at`: ISO 8601, UTC.
    """

    report_year: int
    is_closed: bool
    by: str
    reason: str
    noted_at: str

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.noted_at)


def closing_of(archive: Path, report_year: int) -> YearClosing | None:
    """Who has closed the year for schools; None while it is open to them."""
    of_year = [each for each in archived_closings(archive) if each.report_year == report_year]
    return of_year[-1] if of_year and of_year[-1].is_closed else None


def archived_closings(archive: Path) -> list[YearClosing]:
    """Every closing and opening again, in their order."""
    return [YearClosing(**line) for line in json_lines(archive / CLOSINGS_FILE)]


def note_closing(archive: Path, report_year: int, is_closed: bool, by: str, reason: str) -> YearClosing:
    """Closes a year for schools, or opens it again. Raises ClosingError where it is so already, or nobody says why."""
    if not by.strip() or not reason.strip():
        raise ClosingError("请写明谁决定的、为什么")
    if legible(by + reason) != by + reason:
        raise ClosingError("姓名或原因里有看不见的字符")
    with alone_with(archive / CLOSINGS_FILE):
        if (closing_of(archive, report_year) is not None) is is_closed:
            raise ClosingError(f"{report_year} 年度现在就是{'关闭' if is_closed else '开放'}的，不用再改")
        noted = YearClosing(report_year, is_closed, by.strip(), reason.strip(), datetime.now(UTC).isoformat())
        append_lines(archive / CLOSINGS_FILE, asdict(noted))
    return noted
