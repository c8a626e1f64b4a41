"""Frozen years: a resubmission that comes late needs a reason."""

from collections.abc import Iterable, Mapping, Set
from datetime import date

from sources.declarations.deadlines import Calendar
from sources.submission.cell import CellAddress
from sources.submission.finding import Finding, intake_finding
from sources.submission.submission import Submission


def late_findings(
    submissions: Iterable[Submission],
    accepted: Set[str],
    received_on: Mapping[str, date],
    calendar: Calendar,
    standing: Set[tuple[str, int]],
) -> list[Finding]:
    """Errors of resubmissions that came for a frozen year without a reason.

    The verdict depends on the day of receipt, and on whether another version stood (`standing`: respondent, year) or
    came before; so the verdict is the same whenever it is reached. `submissions` are in the order of receipt.
    """
    stands = set(standing)
    findings = []
    for submission in submissions:
        if submission.respondent is None or submission.report_year is None:
            continue
        key = (submission.respondent.code, submission.report_year)
        year = calendar.years[submission.report_year]
        is_late = year.is_frozen(received_on[submission.submission_id])
        if key in stands and is_late and not submission.revision_reason:
            reasons = (cell.cell for cell in submission.cells if cell.column_name == "revision_reason")
            place = CellAddress(
                submission.submission_id, submission.file_name, "封面", next(reasons, None), "revision_reason"
            )
            stated = str(submission.report_year)
            findings.append(intake_finding("cover.year_frozen", place, stated, expected=year.freezes.isoformat()))
        elif submission.submission_id in accepted:
            stands.add(key)
    return findings
