"""What passes between the school's door and the process in which its workbook is judged."""

from dataclasses import dataclass

from sources.declarations.rule import Needs
from sources.submission.finding import Finding
from sources.submission.submission import Submission
from sources.system.faults import ToldError

UNSENT = "未报送"
"""What stands for the file's submission id."""


@dataclass(frozen=True, slots=True)
class WorkbookFile:
    """A file as it lies on the disk."""

    data: bytes
    name: str


@dataclass(frozen=True, slots=True)
class NotChecked:
    """A rule that the bureau's run judges and a check cannot: `words` say what it finds, `needs` what it looks at."""

    rule_id: str
    needs: Needs
    words: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome for one file; a warning that the file itself explains has its explanation.

    `not_checked`: rules about the file's sheets that need what the bureau has; all rules that the run has for such a
    file are either judged or listed here.
    """

    submission: Submission
    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...] = ()

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


class LastYearError(ToldError):
    """The file given as last year's is not that: the message says why, in Chinese."""
