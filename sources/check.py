"""What the pipeline would say of a workbook, told without a database: for the school, before it sends."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

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
from sources.declarations.agreement import cross_rules
from sources.declarations.city import City
from sources.declarations.contract import contracts_for
from sources.declarations.rule import Needs, in_words, load_intake_rules
from sources.handle import ToMark, mark_apart, set_aside
from sources.read.read_workbook import read_workbook
from sources.submission.finding import Finding
from sources.submission.submission import Submission
from sources.system.apart import Exceeded, each_apart
from sources.system.faults import ToldError
from sources.system.settings import Limits

UNSENT, BEFORE = "未报送", "上年"
"""What stands for the submission ids of the file and of last year's file."""
UNSENT_OUTCOMES = ("还不能报送，请先改正错误", "可以报送")
OF_RECEIPT = ("held.year_frozen", "held.sender_stranger", "held.not_of_year")
"""Rules that look at more than the file: at the day of receipt, at who sent it, at who reports in the year."""
OF_TOKEN = ("held.token_missing", "held.token_wrong")
"""Rules of years whose templates carry tokens, which the bureau alone has."""


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


def check_apart(
    data: bytes, file_name: str, city: City, limits: Limits, last_year: WorkbookFile | None = None
) -> Checked:
    """`check_workbook`, each file read in a process of its own: what it exceeds, or dies of, is a finding."""
    work = partial(_judged, city=city, limits=limits)
    this = _File(UNSENT, WorkbookFile(data, file_name))
    (outcome,) = each_apart(work, [this], limits)
    if isinstance(outcome, Exceeded):
        submission = set_aside(UNSENT, file_name, outcome.told(limits))
        return Checked(submission, submission.findings)
    if last_year is None:
        return _checked(city, outcome)
    (before,) = each_apart(work, [_File(BEFORE, last_year)], limits)
    if isinstance(before, Exceeded):
        raise LastYearError(f"上年的文件 {last_year.name} 读不出来：{before.told(limits)}。")
    return _checked(city, outcome, before)


def check_workbook(
    data: bytes, file_name: str, city: City, limits: Limits, last_year: WorkbookFile | None = None
) -> Checked:
    """Judges a workbook by everything that can be judged from the workbook, and from last year's if that is given.

    The findings are those of a run: the same functions find them. As in a run, last year is compared only with a file
    that has no error. Raises LastYearError when `last_year` is not the same respondent's file of the year before.
    """
    this = _judged(_File(UNSENT, WorkbookFile(data, file_name)), city, limits)
    before = None if last_year is None else _judged(_File(BEFORE, last_year), city, limits)
    return _checked(city, this, before)


def mark_checked(data: bytes, checked: Checked, limits: Limits) -> bytes | Exceeded:
    """The workbook with what was found marked in it, in a process of its own; or why there is none."""
    respondent = checked.submission.respondent
    unreadable = any(finding.says_unreadable for finding in checked.findings)
    title = respondent.name if respondent else checked.submission.file_name
    (marked,) = mark_apart([ToMark(None if unreadable else data, checked.findings, title, UNSENT_OUTCOMES)], limits)
    return marked


@dataclass(frozen=True, slots=True)
class _File:
    """A file to be judged, and what stands for its submission id."""

    submission_id: str
    file: WorkbookFile


def _judged(each: _File, city: City, limits: Limits) -> Audit:
    submission = read_workbook(each.file.data, each.submission_id, each.file.name, city, limits)
    return judge_alone([submission], city, {UNSENT: date.today()})  # as if it were received now


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
