"""What the pipeline would say of a workbook, judged by the functions of a run from the workbook alone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import polars as pl

from sources.audit.audited import Audit
from sources.audit.contents import (
    CONTENT_CAUSES,
    OF_ANOTHER,
    RESENT,
    content_findings,
    numbers_of,
    taking_warnings,
)
from sources.audit.cross_rules import LAST_YEAR, cross_failures, cross_findings
from sources.audit.judge import judge_alone
from sources.audit.numbers import judged_numbers
from sources.audit.places import cell_lookup
from sources.audit.plausibility import OF_LAST_YEAR, OF_PEERS, doubts_by_last_year, plausibility_findings
from sources.audit.told_already import cells_judged, not_told
from sources.checked import UNSENT, Checked, LastYearError, NotChecked, WorkbookFile
from sources.declarations.agreement import cross_rules
from sources.declarations.city import City
from sources.declarations.contract import contracts_for
from sources.declarations.rule import Needs, in_words, load_intake_rules
from sources.read.read_workbook import read_workbook
from sources.submission.finding import Finding
from sources.submission.submission import Submission
from sources.system.settings import Limits

BEFORE = "上年"
"""What stands for the submission id of last year's file."""
OF_RECEIPT = ("held.year_frozen", "held.sender_stranger", "held.sender_unknown", "held.not_of_year")
"""Rules that look at more than the file: at the day of receipt, at who sent it, at who reports in the year."""
OF_TOKEN = ("held.token_missing", "held.token_wrong")
"""Rules of years whose templates carry tokens, which the bureau alone has."""


def check_workbook(
    data: bytes, file_name: str, city: City, limits: Limits, last_year: WorkbookFile | None = None
) -> Checked:
    """Judges a workbook by everything that can be judged from the workbook, and from last year's if that is given.

    The findings are those of a run: the same functions find them. As in a run, last year is compared only with a file
    that has no error. Raises LastYearError when `last_year` is not the same respondent's file of the year before.
    """
    files = {UNSENT: WorkbookFile(data, file_name)} | ({BEFORE: last_year} if last_year else {})
    read = [read_workbook(file.data, key, file.name, city, limits) for key, file in files.items()]
    # As if it were received now. Together, because two cost little more than one.
    judged = judge_alone(read, city, {UNSENT: date.today()})
    return _checked(city, judged.of(UNSENT), judged.of(BEFORE) if last_year else None)


def _checked(city: City, this: Audit, before: Audit | None = None) -> Checked:
    """What is told of a judged file; `before` is last year's, judged."""
    (submission,) = this.submissions
    given = {explanation.question: explanation for explanation in submission.explanations}
    compared = () if before is None else _compared(city, this, before)
    is_compared = before is not None and submission.submission_id in this.accepted
    resent = [each for each in compared if each.rule_id in CONTENT_CAUSES]
    told = taking_warnings(resent, [each for each in (*this.findings, *compared) if each not in resent])
    findings = (
        replace(finding, explanation=given.get(finding.question)) if finding.severity == "warning" else finding
        for finding in told
    )
    return Checked(submission, tuple(findings), tuple(_not_checked(city, submission, is_compared)))


def _compared(city: City, this: Audit, before: Audit) -> tuple[Finding, ...]:
    """Findings of the rules that hold a file against the same respondent's of the year before."""
    (submission,), (earlier,) = this.submissions, before.submissions
    if submission.respondent is None or submission.report_year is None:
        return ()
    if earlier.respondent is None or earlier.report_year is None:
        first = next(iter(before.findings), None)
        raise LastYearError(f"上年的文件 {earlier.file_name} 认不出单位或年度：{first.message if first else ''}")
    if (earlier.respondent.code, earlier.report_year) != (submission.respondent.code, submission.report_year - 1):
        raise LastYearError(
            f"{earlier.file_name} 是{earlier.respondent.name} {earlier.report_year} 年度的文件，"
            f"应为{submission.respondent.name} {submission.report_year - 1} 年度的。"
        )
    if submission.submission_id not in this.accepted:
        return ()
    frames = dict(this.tables) | {name + LAST_YEAR: table for name, table in before.tables.items()}
    failures = cross_failures(city.pack, "city", frames, "last_year")
    names, cell_of = {submission.submission_id: submission.file_name}, cell_lookup(this.cells)
    doubts = doubts_by_last_year(city.pack, *(judged_numbers(city.pack, each.tables) for each in (this, before)))
    found = cross_findings(city.pack, failures, names, cell_of)
    found += not_told(plausibility_findings(city.pack, doubts, names, cell_of), cells_judged(this.findings))
    now, then = (_numbers(city, of_year) for of_year in (this, before))
    return (*found, *content_findings(now, then, names, {}, {}))


def _numbers(city: City, judged: Audit) -> pl.DataFrame:
    (submission,) = judged.submissions
    code = submission.respondent.code if submission.respondent else ""
    return numbers_of(city.pack, judged.cells, {submission.submission_id: code})


def _not_checked(city: City, submission: Submission, is_compared: bool) -> Iterator[NotChecked]:
    """The rules about the submission's sheets that a check has not judged, and those about its receipt."""
    if submission.respondent is None or submission.report_year is None:
        return
    year = submission.report_year
    sheets = {each.name for each in contracts_for(city.pack, submission.respondent.kind, year)}
    for rule in (rule for rule in cross_rules(city.pack) if rule.is_valid_in(year)):
        is_judged = rule.needs == "file" or (is_compared and rule.needs == "last_year")
        if rule.sheet in sheets and not is_judged:
            yield NotChecked(rule.id, rule.needs, in_words(rule.message))
    of_last_year: tuple[str, ...] = () if is_compared else (RESENT, *OF_LAST_YEAR)
    of_token = OF_TOKEN if city.calendar.years[year].templates_carry_tokens else ()
    for rule_id in (*of_last_year, *OF_PEERS, OF_ANOTHER, *OF_RECEIPT, *of_token):
        needs: Needs = "last_year" if rule_id in of_last_year else "others"
        yield NotChecked(rule_id, needs, in_words(load_intake_rules()[rule_id].message))
