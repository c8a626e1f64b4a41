"""Submissions + contracts → typed tables and findings: text to type first, then pandera on the typed frame.

Every step works on one sheet type of one report year, stacked over all submissions. Text that is not of the
declared type is a finding and becomes null; only then are values judged. A rule with a missing input is
'not verifiable': it neither holds nor fails.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from sources.audit.audited import Audit
from sources.audit.commented import COMMENTED, comment_findings
from sources.audit.cross_rules import cross_failures, cross_findings
from sources.audit.filled_on import outside_findings
from sources.audit.personal_data import redact_personal_data
from sources.audit.places import CellOf, Places, cell_lookup
from sources.audit.plausibility import (
    DOUBTS,
    CellKey,
    doubts_of_file,
    plausibility_findings,
    with_exchanges,
    with_slips,
)
from sources.audit.roots import told_by_cause
from sources.audit.sheet_audit import BLANK_RULES, SheetAudit, audit_sheet
from sources.audit.sheet_stack import LastYear, LostHeading, SheetStack
from sources.audit.suppression import suppress
from sources.audit.told_already import judges_number
from sources.declarations.city import City, codelists_of
from sources.declarations.codelist import CodeList
from sources.declarations.contract import Contract, contracts_for, load_contracts
from sources.declarations.pack import Pack
from sources.declarations.rule import load_intake_rules
from sources.submission.cell import FORM_RECORD
from sources.submission.finding import Finding, few_alike, intake_finding
from sources.submission.frames import STATUS_SCHEMA, cells_frame, submissions_frame
from sources.submission.submission import Submission, printed_last_year

LOST_HEADINGS = ("sheet.missing", "sheet.repeated", "sheet.heading_missing")
"""Findings after which a blank cell below is none of its own."""


def judge(submissions: Sequence[Submission], city_of: Callable[[str], City], received_on: Mapping[str, date]) -> Audit:
    """Audits the files by themselves, takes out the answers of too few people and personal data.

    `submissions` (at least one) are in the order of receipt, `received_on` has the day of each; `city_of` is the city
    by which a submission (its id) is judged.
    """
    return together([judge_alone(group, city, received_on) for city, group in _by_city(submissions, city_of)])


def judge_alone(submissions: Sequence[Submission], city: City, received_on: Mapping[str, date]) -> Audit:
    """Audits files by what they alone say, and takes out the answers of too few people and personal data.

    What has one root is told as one.
    """
    outcome = redact_personal_data(city.pack, suppress(city.pack, audit(submissions, city, received_on)))
    return replace(outcome, findings=told_by_cause(city.pack, outcome.findings, outcome.cells))


def _by_city(
    submissions: Sequence[Submission], city_of: Callable[[str], City]
) -> Iterator[tuple[City, list[Submission]]]:
    """The submissions by the city that judges them, each in the order of receipt."""
    cities: dict[int, City] = {}
    groups: dict[int, list[Submission]] = {}
    for submission in submissions:
        city = city_of(submission.submission_id)
        cities[id(city)] = city
        groups.setdefault(id(city), []).append(submission)
    return ((cities[key], group) for key, group in groups.items())


def together(audits: Sequence[Audit]) -> Audit:
    """Audits of different submissions (at least one) as one."""
    if len(audits) == 1:
        return audits[0]
    names = dict.fromkeys(name for each in audits for name in each.tables)
    return Audit(
        submissions=tuple(submission for each in audits for submission in each.submissions),
        tables={
            name: pl.concat([each.tables[name] for each in audits if name in each.tables], how="diagonal")
            for name in names
        },
        cells=pl.concat([each.cells for each in audits]),
        sheet_status=pl.concat([each.sheet_status for each in audits]),
        findings=tuple(finding for each in audits for finding in each.findings),
        accepted=frozenset(key for each in audits for key in each.accepted),
    )


def audit(submissions: Sequence[Submission], city: City, received_on: Mapping[str, date] | None = None) -> Audit:
    """Judges submissions by what the files alone say.

    Last year's values as the templates print them help to say what probably went wrong; they change no verdict.
    A submission whose respondent or year is unknown is judged by its structural findings alone. `received_on` has the
    days of those that were received.
    """
    structural = tuple(finding for submission in submissions for finding in submission.findings)
    cells = cells_frame(submissions)
    cell_of = cell_lookup(cells)
    printed: Mapping[str, LastYear] = printed_last_year(city.pack, submissions)
    sheets = [audit_sheet(stack) for stack in _stacks(submissions, cells, cell_of, city, printed)]
    tables: dict[str, list[pl.DataFrame]] = {}
    for sheet in sheets:
        tables.setdefault(sheet.contract.name, []).append(sheet.table)
    frames = {name: pl.concat(parts, how="diagonal") for name, parts in tables.items()}
    file_names = {submission.submission_id: submission.file_name for submission in submissions}
    doubts = doubts_of_file(city.pack, frames, printed, _meant(sheets))
    findings = _told_once(
        [
            *structural,
            *(finding for sheet in sheets for finding in sheet.findings),
            *few_alike(comment_findings(city.pack, submissions, file_names, cell_of)),
            *outside_findings(city, frames, file_names, cell_of, received_on or {}),
            *_schools_elsewhere(frames, file_names, city, cell_of),
            *few_alike(cross_findings(city.pack, cross_failures(city.pack, "submission", frames), file_names, cell_of)),
            *plausibility_findings(city.pack, doubts, file_names, cell_of),
        ]
    )
    named = with_exchanges(with_slips(findings, city.pack, frames, cells, printed), city.pack, cells)
    findings = _as_asked(tuple(named), submissions, city.pack)
    with_errors = {finding.address.submission_id for finding in findings if finding.is_error}
    return Audit(
        submissions=tuple(submissions),
        tables=frames,
        cells=cells.with_columns(is_suppressed=pl.lit(False)),
        sheet_status=_statuses(sheets),
        findings=findings,
        accepted=frozenset(file_names.keys() - with_errors),
    )


def _meant(sheets: Iterable[SheetAudit]) -> dict[CellKey, float]:
    """What rules that a form cannot break suggest for its cells."""
    return {
        (found.address.submission_id, sheet.contract.name, FORM_RECORD, each.column_name): float(each.value)
        for sheet in sheets
        if sheet.contract.shape == "form"
        for found in sheet.findings
        if found.is_error
        for each in found.suggested
        if not isinstance(each.value, str)
    }


def _as_asked(findings: tuple[Finding, ...], submissions: Sequence[Submission], pack: Pack) -> tuple[Finding, ...]:
    """Findings by the rules of a file as they were kept: their severity of then, and none of a rule that is newer.

    A file that is not read today stays unread, whichever rule says so.
    """
    if not pack.kept:
        return findings
    today, then = load_intake_rules(), load_intake_rules(pack)
    read = {each.submission_id for each in submissions if each.respondent and each.report_year}
    return tuple(
        replace(finding, severity=then[finding.rule_id].severity) if finding.rule_id in then else finding
        for finding in findings
        if finding.rule_id in then or finding.rule_id not in today or finding.address.submission_id not in read
    )


def _statuses(sheets: Sequence[SheetAudit]) -> pl.DataFrame:
    return pl.concat([pl.DataFrame(schema=STATUS_SCHEMA), *(sheet.status for sheet in sheets)])


def _stacks(
    submissions: Sequence[Submission],
    cells: pl.DataFrame,
    cell_of: CellOf,
    city: City,
    printed: Mapping[str, LastYear],
) -> Iterator[SheetStack]:
    """Stacks to judge one by one: the sheets of a kind of respondent, of years in which they ask for the same."""
    frame = submissions_frame(submissions)
    file_names = {submission.submission_id: submission.file_name for submission in submissions}
    lost = _lost_headings(submissions)
    known = frame.filter(pl.col("respondent_kind").is_not_null() & pl.col("report_year").is_not_null())
    for (kind,), of_kind in known.group_by(["respondent_kind"], maintain_order=True):
        codelists = {year: codelists_of(city, year) for year in sorted(set(of_kind.get_column("report_year")))}
        for alike in _years_alike(city.pack, str(kind), codelists):
            contract = alike.contract
            group = of_kind.filter(pl.col("report_year").is_in(alike.years))
            yield SheetStack(
                pack=city.pack,
                contract=contract,
                report_year=alike.years[0],
                submissions=group,
                cells=cells.filter(pl.col("sheet") == contract.name).join(
                    group.select("submission_id"), on="submission_id", how="semi"
                ),
                lost=lost.get(contract.title, frozenset()),
                codelists=codelists[alike.years[0]],
                places=Places(contract, file_names, cell_of),
                last_year=printed.get(contract.name, {}),
            )


def _lost_headings(submissions: Sequence[Submission]) -> dict[str, frozenset[LostHeading]]:
    """Title of a sheet → the headings that submissions have lost, as the findings say."""
    lost: dict[str, set[LostHeading]] = {}
    for finding in (finding for submission in submissions for finding in submission.findings):
        if finding.rule_id in LOST_HEADINGS:
            at = finding.address
            lost.setdefault(at.sheet, set()).add(LostHeading(at.submission_id, at.column_name))
    return {title: frozenset(headings) for title, headings in lost.items()}


@dataclass(frozen=True, slots=True)
class _Alike:
    """A sheet, and years in which it has the same columns, rules and code lists."""

    contract: Contract
    years: list[int]


def _years_alike(pack: Pack, kind: str, codelists: Mapping[int, dict[str, CodeList]]) -> list[_Alike]:
    """The sheets of a kind of respondent, each with years in which it asks for the same."""
    alike: dict[tuple[object, ...], _Alike] = {}
    for year, lists_of_year in codelists.items():
        for contract in contracts_for(pack, kind, year):
            columns = contract.columns_in(year)
            lists = {column.codelist for column in columns if column.codelist}
            codes = tuple(tuple(lists_of_year[name].code_of) for name in sorted(lists & {"schools", "scopes"}))
            rules = tuple(rule.id for rule in contract.rules_in(year))
            key = contract.name, tuple(column.name for column in columns), rules, codes
            alike.setdefault(key, _Alike(contract, [])).years.append(year)
    return list(alike.values())


def _schools_elsewhere(
    frames: Mapping[str, pl.DataFrame], file_names: Mapping[str, str], city: City, cell_of: CellOf
) -> Iterator[Finding]:
    """Schools that a bureau names although they lie outside its region."""
    if len(city.regions) == 1:
        return
    years = {year for frame in frames.values() for year in frame.get_column("report_year").unique()}
    region_of = {
        (code, year): city.region_of(respondent)
        for year in years
        for code, respondent in city.in_year(year).respondent_by_code.items()
    }
    for contract in (contract for contract in load_contracts(city.pack) if contract.name in frames):
        for column in (column for column in contract.columns if column.codelist == "schools"):
            places = Places(contract, file_names, cell_of)
            named = frames[contract.name].drop_nulls(column.name)
            for row in named.select(
                "submission_id", "record", "report_year", "respondent_code", column.name
            ).iter_rows():
                submission_id, record, year, bureau, school = row
                if region_of[bureau, year] not in city.region_paths[region_of[school, year]]:
                    at = places.at(submission_id, record, column.name)
                    yield intake_finding("value.school_elsewhere", at.address, at.text, label=column.label)


def _told_once(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Keeps each finding once; drops "not filled in" for a cell that another finding names, and doubts about a number
    that another rule judges already."""
    once = list(dict.fromkeys(findings))
    spoken_of = {_cell_of(each) for each in once if not _may_be_echo(each) and each.rule_id != COMMENTED}
    judged = {_cell_of(finding) for finding in once if _judges_number(finding)}
    return tuple(
        finding
        for finding in once
        if not (_may_be_echo(finding) and _cell_of(finding) in spoken_of)
        and not (finding.rule_id in DOUBTS and not finding.is_error and _cell_of(finding) in judged)
    )


def _may_be_echo(finding: Finding) -> bool:
    return finding.rule_id in BLANK_RULES and finding.address.cell is not None


def _judges_number(finding: Finding) -> bool:
    """Whether a finding says of a number that it cannot be, or not beside others; how it is written is no judgement."""
    if finding.address.cell is None or (finding.rule_id in DOUBTS and not finding.is_error):
        return False
    return judges_number(finding.rule_id, finding.severity)


def _cell_of(finding: Finding) -> tuple[object, ...]:
    at = finding.address
    return at.submission_id, at.sheet, at.cell
