"""What the pipeline would say of a workbook, told without a database: for the school, before it sends."""

from dataclasses import dataclass, replace

from sources.audit.judge import audit
from sources.declarations.city import City
from sources.read.read_workbook import read_workbook
from sources.submission.finding import Finding
from sources.submission.submission import Submission
from sources.system.settings import Limits
from sources.write.marked_workbook import UNSENT as UNSENT_OUTCOMES
from sources.write.marked_workbook import mark_workbook

UNSENT = "未报送"


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome for one file; a warning that the file itself explains has its explanation."""

    submission: Submission
    findings: tuple[Finding, ...]

    @property
    def open_findings(self) -> list[Finding]:
        """What is still to be mended or explained."""
        return [finding for finding in self.findings if finding.explanation is None]

    @property
    def explained(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.explanation is not None]

    @property
    def is_acceptable(self) -> bool:
        return not any(finding.is_error for finding in self.findings)


def check_workbook(data: bytes, file_name: str, city: City, limits: Limits) -> Checked:
    """Judges a workbook by everything that can be judged from the workbook alone.

    Not judged, for want of the others' data: comparisons with last year, with the bureau and with other schools.
    """
    submission = read_workbook(data, UNSENT, file_name, city, limits)
    given = {explanation.question: explanation for explanation in submission.explanations}
    findings = (
        replace(finding, explanation=given.get(finding.question)) if finding.severity == "warning" else finding
        for finding in audit([submission], city).findings
    )
    return Checked(submission, tuple(findings))


def mark_checked(data: bytes, checked: Checked) -> bytes:
    """The workbook with what was found marked in it."""
    respondent = checked.submission.respondent
    return mark_workbook(
        None if any(finding.says_unreadable for finding in checked.findings) else data,
        checked.findings,
        respondent.name if respondent else checked.submission.file_name,
        UNSENT_OUTCOMES,
    )
