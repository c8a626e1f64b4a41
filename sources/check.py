"""What the pipeline would say of a workbook, told without a database: for the school, before it sends."""

from dataclasses import dataclass

import polars as pl

from sources.audit.judge import audit
from sources.declarations.city import City
from sources.read.read_workbook import read_workbook
from sources.submission.explanation import question_of
from sources.submission.finding import Finding
from sources.submission.frames import SUBMISSION_SCHEMA
from sources.submission.submission import Submission, cells_frame, printed_last_year
from sources.system.settings import Limits
from sources.write.marked_workbook import UNSENT as UNSENT_OUTCOMES
from sources.write.marked_workbook import mark_workbook

UNSENT = "未报送"


@dataclass(frozen=True)
class Checked:
    """The outcome for one file. `open_findings` are still to be mended or explained; `explained` are answered."""

    reading: Submission
    open_findings: list[Finding]
    explained: list[Finding]

    @property
    def is_acceptable(self) -> bool:
        return not any(finding["severity"] == "error" for finding in self.open_findings)


def check_workbook(data: bytes, file_name: str, city: City, limits: Limits) -> Checked:
    """Judges a workbook by everything that can be judged from the workbook alone.

    Not judged, for want of the others' data: comparisons with last year, with the bureau and with other schools.
    """
    reading = read_workbook(data, UNSENT, file_name, city, limits)
    respondent = reading.respondent
    row = (UNSENT, file_name, respondent and respondent.code, respondent and respondent.kind, reading.report_year)
    submissions = pl.DataFrame([row], schema=SUBMISSION_SCHEMA, orient="row")
    outcome = audit(submissions, cells_frame([reading]), reading.findings, city, printed_last_year([reading]))
    given = {explanation.question: explanation for explanation in reading.explanations}
    open_findings, explained = [], []
    for finding in outcome.findings.iter_rows(named=True):
        answer = given.get(question_of(finding))
        if finding["severity"] == "warning" and answer:
            explained.append(finding | {"reason": answer.reason, "author": answer.author})
        else:
            open_findings.append(finding)
    return Checked(reading, open_findings, explained)


def mark_checked(data: bytes, checked: Checked) -> bytes:
    """The workbook with what was found marked in it."""
    unreadable = any(f["rule_id"].startswith("file.") and f["severity"] == "error" for f in checked.open_findings)
    return mark_workbook(
        None if unreadable else data,
        checked.open_findings,
        checked.explained,
        checked.reading.respondent.name if checked.reading.respondent else checked.reading.file_name,
        UNSENT_OUTCOMES,
    )
