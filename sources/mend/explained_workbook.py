"""A school's own workbook with its explanations of warnings in it, as if they were typed into the list of the marked
workbook (校验结果) and that sent back: the same writer makes it, and the same reader reads it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sources.declarations.city import City
from sources.mend.corrected_workbook import cannot_mend, said_in
from sources.read.inspection import clean_copy
from sources.read.read_workbook import read_workbook
from sources.submission.cell import CellAddress
from sources.submission.explanation import GivenExplanation, Question
from sources.submission.finding import Finding
from sources.submission.submission import Submission
from sources.system.faults import ToldError
from sources.system.plain_text import legible
from sources.system.settings import Limits
from sources.write.marked_workbook import mark_workbook

GIVEN_BEFORE = "以前在本文件里说明过的问题。"
"""What the list says of an explanation in the file that answers none of the findings."""


class ExplanationError(ToldError):
    """An explanation cannot be written into a workbook: the message says why and what to do, in Chinese."""


def explained(
    data: bytes,
    findings: Iterable[Finding],
    answers: Sequence[GivenExplanation],
    city: City,
    outcomes: tuple[str, str] | None = None,
    limits: Limits | None = None,
) -> bytes:
    """The workbook marked with its findings, with the answers in its list.

    `findings` are those of the file, as it stands: of a check, or of the register. What the file explained before stays
    in it, unless an answer has the same question. `outcomes`: as of `mark_workbook`. Raises ExplanationError for an
    answer that nobody asked for, or without a reason or an author; CorrectionError for a file that cannot be opened.
    """
    limits = limits or Limits()
    before = read_workbook(data, "", "", city, limits)
    if not before.cells or before.respondent is None:
        raise cannot_mend(before)
    told = list(findings)
    given = {each.question: each for each in before.explanations} | {each.question: each for each in answers}
    _check(answers, {each.question for each in told if each.severity == "warning"})
    told = [_with_explanation(finding, given) for finding in told]
    others = given.keys() - {finding.question for finding in told}
    told += [_told_before(each) for question, each in given.items() if question in others]
    title = f"{before.report_year}年度 {before.respondent.name}" if before.report_year else before.respondent.name
    marked = mark_workbook(clean_copy(data, limits), told, title, outcomes)
    after = read_workbook(marked, "", "", city, limits)
    if said_in(after) != said_in(before) or _answers_in(after) != {_as_read(each) for each in given.values()}:
        raise ExplanationError("说明写不进这份文件。请下载标好问题的工作簿，在“校验结果”表里写明原因，再报送。")
    return marked


def _check(answers: Sequence[GivenExplanation], asked: set[Question]) -> None:
    for each in answers:
        place = f"“{each.question.sheet}”表的问题 {each.question.rule_id}"
        if each.question not in asked:
            raise ExplanationError(f"{place} 不是这份文件的警告，不能说明：文件改过的，请刷新页面再看。")
        if not each.reason.strip() or not each.author.strip():
            raise ExplanationError(f"{place} 的说明要写明原因和说明人。")


def _with_explanation(finding: Finding, given: dict[Question, GivenExplanation]) -> Finding:
    """The finding with what is said of it; only a warning can be explained."""
    if finding.severity != "warning" or finding.question not in given:
        return finding
    return replace(finding, explanation=given[finding.question])


def _told_before(given: GivenExplanation) -> Finding:
    """A line of the list for an explanation that answers none of the findings."""
    of = given.question
    place = CellAddress("", "", of.sheet, None, of.column_name or None, of.record_key)
    return Finding(place, given.value, of.rule_id, of.rule_version, "warning", GIVEN_BEFORE, "", explanation=given)


def _answers_in(submission: Submission) -> set[tuple[Question, str, str]]:
    return {_as_read(each) for each in submission.explanations}


def _as_read(given: GivenExplanation) -> tuple[Question, str, str]:
    return given.question, legible(given.reason).strip(), legible(given.author).strip()
