"""Cells + contracts → typed tables and findings: text to type first, then pandera on the typed frame.

Every step works on one sheet type of one report year, stacked over all submissions. Text that is not of the
declared type is a finding and becomes null; only then are values judged. A rule with a missing input is
'not verifiable': it neither holds nor fails.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from sources.audit.cross_rules import cross_failures, cross_findings
from sources.audit.places import CellOf, Places, cell_lookup
from sources.audit.sheet_audit import BLANK_RULES, audit_sheet
from sources.audit.sheet_schema import LastYear
from sources.declarations.city import City, codelists_of
from sources.declarations.codelist import CodeList
from sources.declarations.contract import Contract, contracts_for, load_contracts
from sources.submission.finding import Finding, findings_frame, intake_finding
from sources.submission.frames import STATUS_SCHEMA


@dataclass(frozen=True)
class Audit:
    """The outcome for a set of submissions.

    `tables`: contract name → typed frame (IDENTITY_SCHEMA, then the contract's columns), good and bad rows
    alike. `sheet_status`: submission_id, sheet, status. `findings`: FINDING_SCHEMA. `accepted`: ids of
    submissions without a finding of severity error.
    """

    tables: dict[str, pl.DataFrame]
    sheet_status: pl.DataFrame
    findings: pl.DataFrame
    accepted: frozenset[str]


def audit(
    submissions: pl.DataFrame,
    cells: pl.DataFrame,
    structural: Iterable[Finding],
    city: City,
    last_year: Mapping[str, LastYear] | None = None,
) -> Audit:
    """Judges submissions (SUBMISSION_SCHEMA) by their cells (CELL_SCHEMA) and structural findings.

    `last_year` (sheet → submission → column → value) helps to say what probably went wrong; it changes no verdict.
    A submission whose respondent or year is unknown is judged by its structural findings alone.
    """
    findings = [findings_frame(structural)]
    tables: dict[str, list[pl.DataFrame]] = {}
    statuses = [pl.DataFrame(schema=STATUS_SCHEMA)]
    cell_of = cell_lookup(cells)
    known = submissions.filter(pl.col("respondent_kind").is_not_null() & pl.col("report_year").is_not_null())
    for (kind,), of_kind in known.group_by(["respondent_kind"], maintain_order=True):
        codelists = {year: codelists_of(city, year) for year in sorted(set(of_kind.get_column("report_year")))}
        for contract, alike in _years_alike(str(kind), codelists):
            year, group = alike[0], of_kind.filter(pl.col("report_year").is_in(alike))
            sheet = audit_sheet(contract, year, group, cells, findings[0], codelists[year], cell_of, last_year or {})
            tables.setdefault(contract.name, []).append(sheet.table)
            findings.append(sheet.findings)
            statuses.append(sheet.status)
    frames = {name: pl.concat(parts, how="diagonal") for name, parts in tables.items()}
    findings.append(findings_frame(_schools_elsewhere(frames, submissions, city, cell_of)))
    file_names = dict(submissions.select("submission_id", "file_name").iter_rows())
    findings.append(findings_frame(cross_findings(cross_failures("submission", frames), file_names, cell_of)))
    all_findings = _without_echoes(pl.concat(findings).unique(maintain_order=True))
    errors = all_findings.filter(pl.col("severity") == "error").get_column("submission_id")
    accepted = submissions.filter(~pl.col("submission_id").is_in(errors.to_list()))
    return Audit(
        tables=frames,
        sheet_status=pl.concat(statuses),
        findings=all_findings,
        accepted=frozenset(accepted.get_column("submission_id")),
    )


def _years_alike(kind: str, codelists: Mapping[int, dict[str, CodeList]]) -> list[tuple[Contract, list[int]]]:
    """The sheets of a kind of respondent, each with years in which it has the same columns, rules and code lists."""
    alike: dict[tuple[object, ...], tuple[Contract, list[int]]] = {}
    for year, lists_of_year in codelists.items():
        for contract in contracts_for(kind, year):
            columns = contract.columns_in(year)
            lists = {column.codelist for column in columns if column.codelist}
            codes = tuple(tuple(lists_of_year[name].code_of) for name in sorted(lists & {"schools", "scopes"}))
            rules = tuple(rule.id for rule in contract.rules_in(year))
            key = contract.name, tuple(column.name for column in columns), rules, codes
            alike.setdefault(key, (contract, []))[1].append(year)
    return list(alike.values())


def _schools_elsewhere(
    frames: Mapping[str, pl.DataFrame], submissions: pl.DataFrame, city: City, cell_of: CellOf
) -> Iterator[Finding]:
    """Schools that a bureau names although they lie outside its region."""
    if len(city.regions) == 1:
        return
    region_of = {code: city.region_of(respondent) for code, respondent in city.respondent_by_code.items()}
    for contract in (contract for contract in load_contracts() if contract.name in frames):
        for column in (column for column in contract.columns if column.codelist == "schools"):
            places = Places(contract, submissions, cell_of)
            named = frames[contract.name].drop_nulls(column.name)
            for row in named.select("submission_id", "record", "respondent_code", column.name).iter_rows():
                submission_id, record, bureau, school = row
                if region_of[bureau] not in city.region_paths[region_of[school]]:
                    yield intake_finding(
                        "value.school_elsewhere", places.at(submission_id, record, column.name), label=column.label
                    )


def _without_echoes(findings: pl.DataFrame) -> pl.DataFrame:
    """Leaves out "not filled in" for a cell about which something else is said already."""
    place = ["submission_id", "sheet", "cell"]
    is_echo = pl.col("rule_id").is_in(BLANK_RULES) & pl.col("cell").is_not_null()
    others = findings.filter(~is_echo).select(place).unique()
    echoes = findings.with_row_index().filter(is_echo).join(others, on=place, how="semi").get_column("index")
    return findings.with_row_index().filter(~pl.col("index").is_in(echoes.to_list())).drop("index")
