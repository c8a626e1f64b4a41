"""What was found in a file of the quarantine: typed, and as the text that the desk keeps of it."""

from dataclasses import dataclass
from itertools import groupby

from pydantic import TypeAdapter

from sources.checked import Checked, NotChecked
from sources.submission.finding import SEVERITY_LABELS, Finding

MENDED_BESIDE = 6


@dataclass(frozen=True, slots=True)
class CellToMend:
    """A cell that a finding is about, and what it probably should hold ('' where nobody can tell)."""

    key: str
    sheet: str
    cell: str
    value: str
    proposed: str


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding with the cells that can be mended beside it: of many the first few, the others are on their sheets."""

    finding: Finding
    cells: tuple[CellToMend, ...]


@dataclass(frozen=True, slots=True)
class JudgedUpload:
    """The findings of a file, whose it says it is, and the rules that only the bureau can judge."""

    findings: tuple[Finding, ...]
    respondent_code: str | None
    respondent_name: str | None
    report_year: int | None
    not_checked: tuple[NotChecked, ...] = ()

    @property
    def is_readable(self) -> bool:
        return not any(each.says_unreadable for each in self.findings)

    @property
    def by_severity(self) -> list[tuple[str, list[ShownFinding]]]:
        """The label of each severity with its findings, the worst first, what moves figures first among them."""
        found = sorted(self.findings, key=lambda each: (each.rank, each.order))
        groups = groupby(found, key=lambda each: each.severity)
        return [(SEVERITY_LABELS[key], [ShownFinding(each, _cells(each)) for each in some]) for key, some in groups]

    def find(self, finding_id: str) -> Finding | None:
        return next((each for each in self.findings if each.finding_id == finding_id), None)


def _cells(finding: Finding) -> tuple[CellToMend, ...]:
    found = []
    for each in finding.each[:MENDED_BESIDE]:
        at = each.address
        proposed = next((str(one.value) for one in each.suggested if one.column_name == at.column_name), "")
        if at.cell:
            found.append(CellToMend(each.finding_id, at.sheet, at.cell, each.value or "", proposed))
    return tuple(found)


_ADAPTER = TypeAdapter(JudgedUpload)


def of_checked(checked: Checked) -> JudgedUpload:
    submission = checked.submission
    whose = submission.respondent
    return JudgedUpload(
        checked.findings,
        whose.code if whose else None,
        whose.name if whose else None,
        submission.report_year,
        checked.not_checked,
    )


def as_text(judged: JudgedUpload) -> str:
    return _ADAPTER.dump_json(judged).decode()


def from_text(text: str) -> JudgedUpload:
    """Raises pydantic's ValidationError for a text that another version has written."""
    return _ADAPTER.validate_json(text)
