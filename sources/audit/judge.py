"""Submissions + contracts → typed tables and findings: text to type first, then pandera on the typed frame.

Every step works on one sheet type of one report year, stacked over all submissions. Text that is not of the
declared type is a finding and becomes null; only then are values judged. A rule with a missing input is
'not verifiable': it neither holds nor fails.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from sources.audit.audited import Audit
from sources.audit.cross_rules import cross_failures, cross_findings
from sources.audit.frozen_years import late_findings
from sources.audit.places import CellOf, Places, cell_lookup
from sources.audit.sheet_audit import BLANK_RULES, SheetAudit, audit_sheet
from sources.audit.sheet_stack import LastYear, LostHeading, SheetStack
from sources.audit.suppression import suppress
from sources.declarations.city import City, codelists_of
from sources.declarations.codelist import CodeList
from sources.declarations.contract import Contract, contracts_for, load_contracts
from sources.submission.finding import Finding, intake_finding
from sources.submission.frames import STATUS_SCHEMA
from sources.submission.submission import Submission, cells_frame, printed_last_year, submissions_frame

LOST_HEADINGS = ("sheet.missing", "sheet.repeated", "sheet.heading_missing")
"""Findings after which a blank cell below is none of its own."""


def judge(
    submissions: Sequence[Submission],
    city: City,
    received_on: Mapping[str, date],
    standing: Set[tuple[str, int]],
) -> Audit:
    """Audits the files by themselves, then finds late files, then takes out the answers of too few people.

    `submissions` are in the order of receipt, `received_on` has the day of each; `standing` are the (respondent, year)
    that have an accepted version already.
    """
    alone = audit(submissions, city)
    late = late_findings(submissions, alone.accepted, received_on, city.calendar, standing)
    refused = {finding.address.submission_id for finding in late}
    return suppress(replace(alone, findings=(*alone.findings, *late), accepted=alone.accepted - refused))


def audit(submissions: Sequence[Submission], city: City) -> Audit:
    """Judges submissions by what the files alone say.

    Last year's values as the templates print them help to say what probably went wrong; they change no verdict.
    A submission whose respondent or year is unknown is judged by its structural findings alone.
    """
    structural = tuple(finding for submission in submissions for finding in submission.findings)
    cells = cells_frame(submissions)
    cell_of = cell_lookup(cells)
    sheets = [audit_sheet(stack) for stack in _stacks(submissions, cells, cell_of, city)]
    tables: dict[str, list[pl.DataFrame]] = {}
    for sheet in sheets:
        tables.setdefault(sheet.contract.name, []).append(sheet.table)
    frames = {name: pl.concat(parts, how="diagonal") for name, parts in tables.items()}
    file_names = {submission.submission_id: submission.file_name for submission in submissions}
    findings = _told_once(
        [
            *structural,
            *(finding for sheet in sheets for finding in sheet.findings),
            *_schools_elsewhere(frames, file_names, city, cell_of),
            *cross_findings(cross_failures("submission", frames), file_names, cell_of),
        ]
    )
    with_errors = {finding.address.submission_id for finding in findings if finding.is_error}
    return Audit(
        submissions=tuple(submissions),
        tables=frames,
        cells=cells.with_columns(is_suppressed=pl.lit(False)),
        sheet_status=_statuses(sheets),
        findings=findings,
        accepted=frozenset(file_names.keys() - with_errors),
    )


def _statuses(sheets: Sequence[SheetAudit]) -> pl.DataFrame:
    return pl.concat([pl.DataFrame(schema=STATUS_SCHEMA), *(sheet.status for sheet in sheets)])


def _stacks(
    submissions: Sequence[Submission], cells: pl.DataFrame, cell_of: CellOf, city: City
) -> Iterator[SheetStack]:
    """Stacks to judge one by one: the sheets of a kind of respondent, of years in which they ask for the same."""
    frame = submissions_frame(submissions)
    file_names = {submission.submission_id: submission.file_name for submission in submissions}
    lost = _lost_headings(submissions)
    last_year: Mapping[str, LastYear] = printed_last_year(submissions)
    known = frame.filter(pl.col("respondent_kind").is_not_null() & pl.col("report_year").is_not_null())
    for (kind,), of_kind in known.group_by(["respondent_kind"], maintain_order=True):
        codelists = {year: codelists_of(city, year) for year in sorted(set(of_kind.get_column("report_year")))}
        for alike in _years_alike(str(kind), codelists):
            contract = alike.contract
            group = of_kind.filter(pl.col("report_year").is_in(alike.years))
            yield SheetStack(
                contract=contract,
                report_year=alike.years[0],
                submissions=group,
                cells=cells.filter(pl.col("sheet") == contract.name).join(
                    group.select("submission_id"), on="submission_id", how="semi"
                ),
                lost=lost.get(contract.title, frozenset()),
                codelists=codelists[alike.years[0]],
                places=Places(contract, file_names, cell_of),
                last_year=last_year.get(contract.name, {}),
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


def _years_alike(kind: str, codelists: Mapping[int, dict[str, CodeList]]) -> list[_Alike]:
    """The sheets of a kind of respondent, each with years in which it asks for the same."""
    alike: dict[tuple[object, ...], _Alike] = {}
    for year, lists_of_year in codelists.items():
        for contract in contracts_for(kind, year):
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
    region_of = {code: city.region_of(respondent) for code, respondent in city.respondent_by_code.items()}
    for contract in (contract for contract in load_contracts() if contract.name in frames):
        for column in (column for column in contract.columns if column.codelist == "schools"):
            places = Places(contract, file_names, cell_of)
            named = frames[contract.name].drop_nulls(column.name)
            for row in named.select("submission_id", "record", "respondent_code", column.name).iter_rows():
                submission_id, record, bureau, school = row
                if region_of[bureau] not in city.region_paths[region_of[school]]:
                    at = places.at(submission_id, record, column.name)
                    yield intake_finding("value.school_elsewhere", at.address, at.text, label=column.label)


def _told_once(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Keeps each finding once, and drops "not filled in" for a cell that another finding names."""
    once = list(dict.fromkeys(findings))
    spoken_of = {_cell_of(finding) for finding in once if not _may_be_echo(finding)}
    return tuple(finding for finding in once if not (_may_be_echo(finding) and _cell_of(finding) in spoken_of))


def _may_be_echo(finding: Finding) -> bool:
    return finding.rule_id in BLANK_RULES and finding.address.cell is not None


def _cell_of(finding: Finding) -> tuple[object, ...]:
    at = finding.address
    return at.submission_id, at.sheet, at.cell
