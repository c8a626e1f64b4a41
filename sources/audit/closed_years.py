"""Closed years: a file of a year that was frozen on the day of its receipt is held, and asked about."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from sources.declarations.deadlines import Calendar
from sources.declarations.headings import COVER_SHEET
from sources.submission.cell import CellAddress
from sources.submission.finding import Finding, intake_finding
from sources.submission.submission import Submission

FROZEN = "held.year_frozen"


def is_closed_for(calendar: Calendar, report_year: int, days: Sequence[date]) -> bool:
    """Whether a year was frozen on the last of the days on which a file came, and open on none of them.

    What comes before its year opens is taken: a city tries its next year when it likes (decision 0041).
    """
    dates = calendar.years[report_year]
    return dates.is_frozen(max(days)) and not any(dates.is_open(day) for day in days)


def closed_findings(
    submissions: Iterable[Submission], received_on: Mapping[str, Sequence[date]], calendars: Mapping[str, Calendar]
) -> list[Finding]:
    """Why files are held: their year was frozen when they came.

    It follows from the file and the days of its receipts alone, so it is the same whenever it is asked. `calendars` has
    the one by which each submission is judged.
    """
    findings = []
    for submission in submissions:
        if submission.respondent is None or submission.report_year is None:
            continue
        calendar = calendars[submission.submission_id]
        if not is_closed_for(calendar, submission.report_year, received_on[submission.submission_id]):
            continue
        column = "revision_reason"
        cell = next((each.cell for each in submission.cells if each.column_name == column), None)
        place = CellAddress(submission.submission_id, submission.file_name, COVER_SHEET, cell, column)
        frozen_on = calendar.years[submission.report_year].freezes.isoformat()
        findings.append(intake_finding(FROZEN, place, str(submission.report_year), expected=frozen_on))
    return findings
