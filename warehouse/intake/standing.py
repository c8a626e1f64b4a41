"""What currently stands, compared: with last year, with the bureau, school with school.

Such rules need several submissions, so they are judged on the accepted data as a whole, whatever the order in
which it came in; they can warn, never reject.
"""

import re
from collections.abc import Collection, Sequence

import duckdb
import polars as pl

from sources.audit.cross_rules import LAST_YEAR, cross_failures, cross_findings
from sources.audit.places import cell_lookup
from sources.declarations.contract import Contract, load_contracts
from sources.declarations.rule import CrossRule, load_cross_rules
from sources.submission.finding import Finding, findings_frame
from sources.submission.frames import IDENTITY_SCHEMA
from sources.system.fingerprint import sha256_of
from warehouse.intake.versions import STANDING_STAGE
from warehouse.store.notes import get_state, set_state
from warehouse.store.sql import insert, query, transaction


def audit_standing(connection: duckdb.DuckDBPyConnection, report_years: Sequence[int], version: str) -> None:
    """Judges the rules of level `city` for the years and replaces their findings; only what has changed."""
    for year in report_years:
        submissions = _current(connection, (year, year - 1))
        fingerprint = sha256_of(" ".join([version, *submissions]))
        state = f"standing_audit_{year}"
        if get_state(connection, state) == fingerprint:
            continue
        findings = _findings(connection, year)
        with transaction(connection):
            connection.execute(
                "delete from registry.finding where stage = ? and submission_id in"
                " (select submission_id from registry.submission where report_year = ?)",
                [STANDING_STAGE, year],
            )
            insert(connection, "registry.finding", findings_frame(findings).with_columns(stage=pl.lit(STANDING_STAGE)))
            set_state(connection, state, fingerprint)


def _current_rows(
    connection: duckdb.DuckDBPyConnection, contract: Contract, year: int, rules: Sequence[CrossRule]
) -> pl.DataFrame:
    """The current versions' rows of one sheet, with the columns that the rules speak of."""
    spoken_of = set(re.findall(r"\w+", " ".join(rule.sql for rule in rules)))
    columns = [*IDENTITY_SCHEMA, *(column.name for column in contract.columns if column.name in spoken_of)]
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


def _findings(connection: duckdb.DuckDBPyConnection, year: int) -> list[Finding]:
    rules = [rule for rule in load_cross_rules() if rule.level == "city"]
    frames = {
        name: _current_rows(connection, contract, of_year, rules)
        for contract in load_contracts()
        for name, of_year in ((contract.name, year), (contract.name + LAST_YEAR, year - 1))
        if any(name in rule.sql for rule in rules)
    }
    failures = cross_failures("city", frames)
    cell_of = cell_lookup(_cells(connection, {failure.submission_id for failure in failures}))
    return cross_findings(failures, _current(connection, (year,)), cell_of)


def _cells(connection: duckdb.DuckDBPyConnection, submission_ids: Collection[str]) -> pl.DataFrame:
    return query(
        connection,
        "select submission_id, sheet, record, column_name, cell, raw_text from registry.cell"
        " where submission_id in (select unnest(?))",
        [list(submission_ids)],
    )
