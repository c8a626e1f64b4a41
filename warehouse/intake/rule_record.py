"""How each rule has done in a report year: how often it fired, and what became of it. From the archive alone.

Everything that a rule finds in one cell, from the version in which it appears to the last before it is gone, is one
time that it fired, and has one outcome.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise, zip_longest
from typing import Literal

from sources.archive.archive import archived_decisions
from sources.declarations.city import City
from sources.declarations.contract import Column, load_contracts
from sources.declarations.listed_rule import ListedRule, listed_rules
from sources.declarations.pack import Pack
from sources.declarations.rule import CrossRule, State, is_judged_in, is_tried_in
from sources.submission.explanation import Explanation, Question, find_explanation, within_tolerance
from sources.submission.finding import Finding
from sources.submission.submission import Submission
from sources.system.settings import Settings
from warehouse.intake.archived_year import ArchivedVersion, ArchivedYear, archived_year
from warehouse.intake.explanations import given_in, values_asked_about

Outcome = Literal["corrected", "withdrawn", "approved", "explained", "standing", "open"]
OUTCOME_LABELS: dict[Outcome, str] = {
    "corrected": "改正",
    "withdrawn": "撤回",
    "approved": "说明并认可",
    "explained": "说明",
    "standing": "值仍被接收",
    "open": "未了",
}
"""corrected: gone, and a value that the rule looks at has changed. withdrawn: gone, though none has (the rule, last
year's file or another respondent's has). standing: a rule that nobody was told of, and the value counts to the end."""
BOUNDED = {"value.too_small": "ge", "value.too_large": "le", "value.pattern": "pattern"}
"""Rules of a file that judge values: what a column has that they judge."""
CellName = tuple[str, str, str]
"""Title of the sheet, key of the record, column."""
Values = Mapping[CellName, str]


@dataclass(frozen=True, slots=True)
class Fired:
    """One time that a rule fired: on whom, what it said last, and what became of it."""

    rule_id: str
    respondent_code: str
    finding: Finding
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """A rule's year. `explained` has the approved ones in it; `passed_then_corrected`: values that it let pass and that
    a later version changed, None where a rule judges no value. `is_on_trial`: nobody was told."""

    rule_id: str
    state: State | None
    """None: it judged files that were accepted under declarations of then, and is declared no more."""
    is_on_trial: bool
    fired: int
    corrected: int
    explained: int
    approved: int
    withdrawn: int
    open: int
    passed_then_corrected: int | None
    false_alarms: int
    false_alarms_at_most: Decimal

    @property
    def false_alarm_rate(self) -> Decimal | None:
        """Explained and approved, of all that fired; of a rule on trial, the values that counted all the same."""
        return Decimal(self.false_alarms) / self.fired if self.fired else None

    @property
    def is_too_often_wrong(self) -> bool:
        """Whether it lies above its declared limit: such a rule cannot be put in force."""
        return self.false_alarms > self.false_alarms_at_most * self.fired


@dataclass(frozen=True, slots=True)
class YearOfRules:
    """The record of every rule that judged a year, in the order in which they are listed, and each time one fired."""

    report_year: int
    rules: tuple[RuleRecord, ...]
    fired: tuple[Fired, ...]


def year_of_rules(settings: Settings, city: City, report_year: int) -> YearOfRules:
    """Counts from the archive and today's declarations; no database is asked."""
    year = archived_year(settings, city, report_year)
    rules = {each.id: each for each in listed_rules(city.pack)}
    on_file = _explanations(settings, city.pack, year.submissions)
    values = {
        code: [values_asked_about(city.pack, each.submission) for each in versions] if len(versions) > 1 else [{}]
        for code, versions in year.versions.items()
    }
    fired = tuple(
        each
        for code, versions in year.versions.items()
        for each in _Respondent(city.pack, code, versions, values[code], rules, on_file).fired()
    )
    passed = _passed_then_corrected(city.pack, year, values, rules)
    outcomes = Counter((each.rule_id, each.outcome) for each in fired)
    judged = [each for each in rules.values() if is_judged_in(each.rule, report_year)]
    records = [_record(each.id, each, report_year, outcomes, passed) for each in judged]
    gone = sorted({each.rule_id for each in fired} - {each.id for each in judged})
    records += [_record(rule_id, None, report_year, outcomes, passed) for rule_id in gone]
    return YearOfRules(report_year, tuple(records), fired)


def _record(
    rule_id: str,
    listed: ListedRule | None,
    report_year: int,
    outcomes: Mapping[tuple[str, Outcome], int],
    passed: Mapping[str, int],
) -> RuleRecord:
    of: dict[Outcome, int] = {outcome: outcomes.get((rule_id, outcome), 0) for outcome in OUTCOME_LABELS}
    life = listed.rule.life if listed else None
    is_on_trial = listed is not None and is_tried_in(listed.rule, report_year)
    return RuleRecord(
        rule_id=rule_id,
        state=life.state if life else None,
        is_on_trial=is_on_trial,
        fired=sum(of.values()),
        corrected=of["corrected"],
        explained=of["explained"] + of["approved"],
        approved=of["approved"],
        withdrawn=of["withdrawn"],
        open=of["open"] + of["standing"],
        passed_then_corrected=passed.get(rule_id, 0) if listed and _judges_values(listed) else None,
        false_alarms=of["standing"] if is_on_trial else of["approved"],
        false_alarms_at_most=life.false_alarms_at_most if life else Decimal(1),
    )


def _explanations(
    settings: Settings, pack: Pack, submissions: Sequence[Submission]
) -> dict[tuple[str, Question], list[Explanation]]:
    """(respondent, question) → what was explained, with what the bureau has decided last."""
    decided = {
        each["explanation_id"]: each["state"]
        for each in archived_decisions(settings.archive)
        if each.get("kind") == "explanation"
    }
    on_file: dict[tuple[str, Question], list[Explanation]] = {}
    for filed in (filed for submission in submissions for filed in given_in(pack, submission)):
        explanation = replace(filed.explanation, state=decided.get(filed.explanation_id, "given"))
        on_file.setdefault((filed.respondent_code, explanation.question), []).append(explanation)
    return on_file


@dataclass(frozen=True, slots=True)
class _Respondent:
    """A respondent's versions of the year, and what is needed to say what became of each finding."""

    pack: Pack
    code: str
    versions: Sequence[ArchivedVersion]
    values: Sequence[Values]
    """Of each version."""
    rules: Mapping[str, ListedRule]
    on_file: Mapping[tuple[str, Question], Sequence[Explanation]]

    def fired(self) -> Iterator[Fired]:
        """Each time that a rule fired, rule by rule in the order of their names."""
        found: dict[tuple[str, CellName], dict[int, Finding]] = {}
        for position, version in enumerate(self.versions):
            for finding in (*version.findings, *version.tried):
                found.setdefault((finding.rule_id, _cell_name(finding)), {})[position] = finding
        for (rule_id, _), by_position in sorted(found.items()):
            judged = self._judging(rule_id)
            for position, after in zip_longest(judged, judged[1:]):
                if position in by_position and after not in by_position:
                    finding = by_position[position]
                    yield Fired(rule_id, self.code, finding, self._outcome(finding, position, after))

    def _judging(self, rule_id: str) -> list[int]:
        """The positions of the versions that the rule judges: across respondents, only those that were accepted."""
        listed = self.rules.get(rule_id)
        across = listed is not None and listed.scope == "city"
        return [at for at, version in enumerate(self.versions) if version.is_accepted or not across]

    def _outcome(self, finding: Finding, position: int, after: int | None) -> Outcome:
        """What became of a finding that is in one version and not in the next one, if there is any."""
        version = self.versions[position]
        if after is not None:
            changed = _changed(self.values[position], self.values[after])
            return "corrected" if _has_moved(self.pack, finding, self.rules, changed) else "withdrawn"
        if finding in version.tried:
            return "standing" if version.is_accepted else "open"
        known = self.on_file.get((self.code, finding.question), ())
        year = version.submission.report_year or 0
        given = find_explanation(known, finding.question, finding.value, year)
        if given is None:
            return "open"
        return "approved" if given.state == "approved" else "explained"


def _cell_name(finding: Finding) -> CellName:
    at = finding.address
    return at.sheet, at.record_key, at.column_name or ""


def _changed(was: Values, is_now: Values) -> frozenset[CellName]:
    """The cells whose value differs between two versions; a number by its value, whatever it is written like."""
    return frozenset(
        cell
        for cell in was.keys() | is_now.keys()
        if not within_tolerance(was.get(cell, ""), is_now.get(cell, ""), Decimal(0))
    )


def _has_moved(pack: Pack, finding: Finding, rules: Mapping[str, ListedRule], changed: frozenset[CellName]) -> bool:
    """Whether a value has changed that the rule of a finding looks at; of a file as such, it is the file."""
    sheet, key, column = _cell_name(finding)
    listed = rules.get(finding.rule_id)
    if listed is not None and listed.scope == "row":
        return any((sheet, key, name) in changed for name in listed.columns)
    if listed is not None and isinstance(listed.rule, CrossRule):
        words = set(re.findall(r"\w+", listed.rule.sql))
        titles = {contract.title for contract in load_contracts(pack) if contract.name in words}
        return any(title in titles and name in words for title, _, name in changed)
    return not column or (sheet, key, column) in changed


def _judges_values(listed: ListedRule) -> bool:
    return listed.scope != "file" or listed.id in BOUNDED


def _passed_then_corrected(
    pack: Pack, year: ArchivedYear, values: Mapping[str, Sequence[Values]], rules: Mapping[str, ListedRule]
) -> Counter[str]:
    """Rule → how many records (of a row), or cells, it let pass that the next version has otherwise."""
    titles = {contract.name: contract.title for contract in load_contracts(pack)}
    looked_at = [(each, _looked_at(pack, titles, each)) for each in rules.values() if _judges_values(each)]
    passed: Counter[str] = Counter()
    for code, versions in year.versions.items():
        for before, (was, is_now) in zip(versions, pairwise(values[code]), strict=False):
            changed = _changed(was, is_now)
            fired = {(each.rule_id, *_cell_name(each)[:2]) for each in (*before.findings, *before.tried)}
            for listed, groups in looked_at:
                if listed.scope == "city" and not before.is_accepted:
                    continue
                for title, columns in groups:
                    keys = {key for sheet, key, name in changed if sheet == title and name in columns}
                    passed[listed.id] += sum(
                        all(was.get((title, key, name)) for name in columns) and (listed.id, title, key) not in fired
                        for key in keys
                    )
    return passed


def _looked_at(pack: Pack, titles: Mapping[str, str], listed: ListedRule) -> list[tuple[str, tuple[str, ...]]]:
    """The cells that a rule judges together: title of a sheet and columns of a record."""
    if listed.scope != "file":
        return [(titles[listed.sheet], listed.columns)]
    return [
        (contract.title, (column.name,))
        for contract in load_contracts(pack)
        for column in contract.columns
        if _is_bounded(column, BOUNDED[listed.id])
    ]


def _is_bounded(column: Column, bound: str) -> bool:
    return getattr(column, bound) is not None
