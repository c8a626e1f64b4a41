"""What currently stands, compared: with last year, with the bureau, school with school.

Such rules need several submissions, so they are judged on the accepted data as a whole, whatever the order in
which it came in; they can warn, never reject.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import duckdb
import polars as pl

from sources.audit.absent_schools import told_with_their_cause
from sources.audit.contents import CONTENT_CAUSES, content_findings, numbers_of, taking_warnings
from sources.audit.cross_rules import LAST_YEAR, Failure, cross_failures, cross_findings
from sources.audit.expected_schools import KINDS, REGISTER, kinds_frame, register_frame
from sources.audit.numbers import judged_columns, judged_numbers
from sources.audit.places import cell_lookup
from sources.audit.plausibility import Doubt, doubts_of_year, plausibility_findings
from sources.audit.told_already import CellTold, judges_number, not_told
from sources.declarations.agreement import RESPONDENTS, cross_rules
from sources.declarations.city import City, codelists_of
from sources.declarations.contract import Contract, load_contracts
from sources.declarations.pack import Pack
from sources.declarations.rule import CrossRule
from sources.submission.finding import Finding
from sources.submission.finding_frames import findings_frame, suggested_frame
from sources.submission.frames import IDENTITY_SCHEMA
from sources.system.fingerprint import sha256_of
from warehouse.intake.versions import INTAKE_STAGE, STANDING_STAGE
from warehouse.store.notes import get_state, set_state
from warehouse.store.sql import insert, query, transaction

OF_STANDING = "stage = ? and submission_id in (select submission_id from registry.submission where report_year = ?)"
"""The findings of a stage about the versions of a year."""


def audit_standing(
    connection: duckdb.DuckDBPyConnection, city: City, report_years: Sequence[int], version: str
) -> None:
    """Judges the rules of level `city` for the years and replaces their findings; only what has changed."""
    judged = _JudgedNumbers(connection, city.pack)
    for year in report_years:
        submissions = _current(connection, (year, year - 1))
        fingerprint = sha256_of(" ".join([version, *submissions]))
        state = f"standing_audit_{year}"
        if get_state(connection, state) == fingerprint:
            continue
        findings = _findings(connection, city, year, judged)
        with transaction(connection):
            connection.execute(
                f"update registry.finding set cause_id = null where stage = '{INTAKE_STAGE}' and cause_id in"
                f" (select finding_id from registry.finding where {OF_STANDING})",
                [STANDING_STAGE, year],
            )
            connection.execute(
                "delete from registry.suggested_cell where finding_id in"
                f" (select finding_id from registry.finding where {OF_STANDING})",
                [STANDING_STAGE, year],
            )
            connection.execute(f"delete from registry.finding where {OF_STANDING}", [STANDING_STAGE, year])
            found = findings_frame(findings).with_columns(stage=pl.lit(STANDING_STAGE))
            insert(connection, "registry.finding", found)
            insert(connection, "registry.suggested_cell", suggested_frame(findings))
            _take_earlier(connection, (each for each in findings if each.rule_id in CONTENT_CAUSES))
            set_state(connection, state, fingerprint)


def _take_earlier(connection: duckdb.DuckDBPyConnection, causes: Iterable[Finding]) -> None:
    """Warnings that the files alone have given are told by the causes that only others' data show, as `is_taken`."""
    for cause in causes:
        connection.execute(
            f"update registry.finding set cause_id = ? where submission_id = ? and stage = '{INTAKE_STAGE}'"
            " and severity = 'warning' and cell is not null and cause_id is null",
            [cause.finding_id, cause.address.submission_id],
        )


def _current_rows(
    connection: duckdb.DuckDBPyConnection, contract: Contract, year: int, rules: Sequence[CrossRule]
) -> pl.DataFrame:
    """The current versions' rows of one sheet, with the columns that the rules speak of."""
    spoken_of = set(re.findall(r"\w+", " ".join(rule.sql for rule in rules)))
    columns = [*IDENTITY_SCHEMA, *(column.name for column in contract.columns if column.name in spoken_of)]
    return _current_columns(connection, contract, year, columns)


def _current_columns(
    connection: duckdb.DuckDBPyConnection, contract: Contract, year: int, columns: Iterable[str]
) -> pl.DataFrame:
    return query(
        connection,
        f"select {', '.join(f'raw.{column}' for column in columns)}"
        f' from raw."{contract.name}" as raw inner join registry.submission as submission'
        " on raw.submission_id = submission.submission_id"
        " where submission.is_current and raw.report_year = ?",
        [year],
    )


def _current(connection: duckdb.DuckDBPyConnection, years: Sequence[int]) -> dict[str, str]:
    """File names of the current submissions of the years, by submission id."""
    rows = connection.execute(
        "select submission_id, file_name from registry.submission"
        " where is_current and list_contains(?, report_year) order by submission_id",
        [list(years)],
    )
    return dict(rows.fetchall())


def _findings(connection: duckdb.DuckDBPyConnection, city: City, year: int, judged: "_JudgedNumbers") -> list[Finding]:
    pack = city.pack
    rules = [rule for rule in cross_rules(pack) if rule.level == "city"]
    frames = {
        name: _current_rows(connection, contract, of_year, rules)
        for contract in load_contracts(pack)
        for name, of_year in ((contract.name, year), (contract.name + LAST_YEAR, year - 1))
        if any(name in rule.sql for rule in rules)
    }
    failures = standing_failures(city, year, frames, _reported(connection, year))
    doubts = _doubts(connection, pack, year, judged)
    concerned = {each.submission_id for each in failures} | {each.submission_id for each in doubts}
    cell_of = cell_lookup(_cells(connection, concerned))
    files = _current(connection, (year,))
    findings = cross_findings(pack, failures, files, cell_of)
    known = {each.code: each for of_year in (year, year - 1) for each in city.in_year(of_year).respondents}
    names = {code: each.name for code, each in known.items()}
    findings += not_told(plausibility_findings(pack, doubts, files, cell_of, names), _judged_cells(connection, year))
    this, before = (_numbers(connection, city, of_year) for of_year in (year, year - 1))
    city_of = {code: _city(city, city.region_of(each)) for code, each in known.items()}
    return taking_warnings(content_findings(this, before, files, names, city_of), findings)


def _judged_cells(connection: duckdb.DuckDBPyConnection, year: int) -> frozenset[CellTold]:
    """The cells of the current versions of which the files' own audit says that the number is hard to believe."""
    rows = connection.execute(
        "select finding.submission_id, sheet, cell, rule_id, severity from registry.finding as finding"
        " inner join registry.submission as submission on finding.submission_id = submission.submission_id"
        " where submission.is_current and submission.report_year = ? and stage = ? and cell is not null",
        [year, INTAKE_STAGE],
    )
    found = [((row[0], row[1], row[2]), row[3], row[4]) for row in rows.fetchall()]
    return frozenset(cell for cell, rule_id, severity in found if judges_number(rule_id, severity))


def _numbers(connection: duckdb.DuckDBPyConnection, city: City, year: int) -> pl.DataFrame:
    """The numbers of the current versions of a year that can be compared."""
    cells = query(
        connection,
        "select cells.submission_id, submission.respondent_code, sheet, record, column_name, cell, raw_text"
        " from registry.cell as cells inner join registry.submission as submission"
        " on cells.submission_id = submission.submission_id"
        " where submission.is_current and submission.report_year = ? and raw_text <> ''",
        [year],
    )
    respondents = dict(cells.select("submission_id", "respondent_code").unique().iter_rows())
    return numbers_of(city.pack, cells.drop("respondent_code"), respondents)


def _doubts(connection: duckdb.DuckDBPyConnection, pack: Pack, year: int, judged: "_JudgedNumbers") -> list[Doubt]:
    """The numbers of the year that are hard to believe beside the year before and the other schools."""
    this_year, last_year = (judged.of(each) for each in (year, year - 1))
    kinds = query(
        connection,
        "select raw.school_code as respondent_code, any_value(raw.category) as kind"
        " from raw.roster as raw inner join registry.submission as submission"
        " on raw.submission_id = submission.submission_id"
        " where submission.is_current and raw.report_year = ? group by raw.school_code",
        [year],
    )
    return doubts_of_year(pack, this_year, last_year, kinds)


@dataclass(frozen=True)
class _JudgedNumbers:
    """The numbers of the current versions, year by year: each sheet of a year is read once, though two years ask."""

    connection: duckdb.DuckDBPyConnection
    pack: Pack
    read: dict[int, pl.DataFrame] = field(default_factory=dict)

    def of(self, year: int) -> pl.DataFrame:
        """NUMBERS_SCHEMA of a year."""
        if year not in self.read:
            self.read[year] = judged_numbers(self.pack, dict(self._frames(year)))
        return self.read[year]

    def _frames(self, year: int) -> Iterator[tuple[str, pl.DataFrame]]:
        if not _current(self.connection, (year,)):
            return
        for contract in load_contracts(self.pack):
            if names := [column.name for column in judged_columns(self.pack, contract)]:
                columns = dict.fromkeys([*IDENTITY_SCHEMA, *contract.key, *names])
                yield contract.name, _current_columns(self.connection, contract, year, columns)


def standing_failures(
    city: City, year: int, sheets: Mapping[str, pl.DataFrame], reported: Collection[str]
) -> list[Failure]:
    """Where the rules of level `city` do not hold of the sheets of a year (last year's with LAST_YEAR).

    `reported` are the respondents of which a submission stands.
    """
    frames = {
        **sheets,
        RESPONDENTS[0]: _respondents(city.in_year(year)),
        REGISTER: register_frame(city, year, reported),
        KINDS: kinds_frame(codelists_of(city)["school_category"]),
    }
    return told_with_their_cause(city.pack, cross_failures(city.pack, "city", frames), frames)


def _reported(connection: duckdb.DuckDBPyConnection, year: int) -> frozenset[str]:
    """The respondents of which a submission stands in the year."""
    rows = connection.execute(
        "select respondent_code from registry.submission where is_current and report_year = ?", [year]
    )
    return frozenset(code for (code,) in rows.fetchall())


def _respondents(city: City) -> pl.DataFrame:
    """Who they are: RESPONDENTS."""
    rows = [(each.code, each.name, _province(city, city.region_of(each))) for each in city.respondents]
    return pl.DataFrame(rows, schema=dict.fromkeys(RESPONDENTS[1], pl.String), orient="row")


def _city(city: City, region: str) -> str:
    """The city that a region lies in; itself where it lies in none."""
    return next((code for code in city.region_paths[region] if city.region_by_code[code].level == "city"), region)


def _province(city: City, region: str) -> str:
    """The province that a region lies in; without one, the widest region below the nation, or itself."""
    path = [code for code in city.region_paths[region] if city.region_by_code[code].level != "nation"]
    return path[-1] if path else region


def _cells(connection: duckdb.DuckDBPyConnection, submission_ids: Collection[str]) -> pl.DataFrame:
    return query(
        connection,
        "select submission_id, sheet, record, column_name, cell, raw_text from registry.cell"
        " where submission_id in (select unnest(?))",
        [list(submission_ids)],
    )
