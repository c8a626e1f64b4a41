"""Accepted or rejected: a submission is loaded whole or not at all, in one transaction."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import duckdb
import polars as pl

from sources.audit.audited import Audit
from sources.declarations.origin import SUBMITTED
from sources.declarations.pack import Pack
from sources.submission.finding_frames import findings_frame, suggested_frame
from sources.submission.submission import Submission
from warehouse.intake.explanations import record_explanations
from warehouse.intake.record_versions import Verdict, record_verdicts
from warehouse.intake.versions import INTAKE_STAGE
from warehouse.store.sql import insert, transaction


def load_accepted(
    connection: duckdb.DuckDBPyConnection, pack: Pack, outcome: Audit, version_of: Callable[[str], str]
) -> dict[str, int]:
    """Writes findings, explanations, verdicts and accepted rows in one transaction; returns rows by sheet.

    `version_of` gives the fingerprint of the declarations that judge a submission. Columns that no sheet has any more
    stay in the archive.
    """
    is_accepted = pl.col("submission_id").is_in(list(outcome.accepted))
    ids = [submission.submission_id for submission in outcome.submissions]
    rows: dict[str, int] = {}
    known = _raw_columns(connection)
    with transaction(connection):
        for table in ("finding", "suggested_cell", "sheet_status"):
            connection.execute(f"delete from registry.{table} where submission_id in (select unnest(?))", [ids])
        findings = findings_frame(outcome.findings).with_columns(stage=pl.lit(INTAKE_STAGE))
        insert(connection, "registry.finding", findings)
        insert(connection, "registry.suggested_cell", suggested_frame(outcome.findings))
        insert(connection, "registry.sheet_status", outcome.sheet_status)
        insert(connection, "registry.cell", with_origins(outcome.cells.filter(is_accepted), outcome.submissions))
        for name, typed in outcome.tables.items():
            if name not in known:
                continue
            loaded = typed.filter(is_accepted).select(column for column in typed.columns if column in known[name])
            insert(connection, f'raw."{name}"', loaded)
            rows[name] = loaded.height
        record_explanations(connection, pack, outcome.submissions)
        record_verdicts(connection, verdicts(outcome, version_of))
    return rows


def with_origins(cells: pl.DataFrame, submissions: Sequence[Submission]) -> pl.DataFrame:
    """The cells with where their values come from: `submitted`, unless the workbook says otherwise."""
    marked = [
        (submission.submission_id, *place, origin)
        for submission in submissions
        for place, origin in submission.origins.items()
    ]
    keys = ["submission_id", "sheet", "cell"]
    of_cells = pl.DataFrame(marked, schema=dict.fromkeys([*keys, "origin"], pl.String), orient="row")
    return cells.join(of_cells, on=keys, how="left").with_columns(pl.col("origin").fill_null(SUBMITTED))


def _raw_columns(connection: duckdb.DuckDBPyConnection) -> Mapping[str, frozenset[str]]:
    """Sheet → the columns that its table has."""
    rows = connection.execute(
        "select table_name, list(column_name) from duckdb_columns() where schema_name = 'raw' group by all"
    ).fetchall()
    return {name: frozenset(columns) for name, columns in rows}


def verdicts(outcome: Audit, version_of: Callable[[str], str]) -> list[Verdict]:
    """What becomes of each submission, for how many errors, and by which declarations."""
    errors = Counter(finding.address.submission_id for finding in outcome.findings if finding.is_error)
    return [
        Verdict(
            submission.submission_id,
            "accepted" if submission.submission_id in outcome.accepted else "rejected",
            errors[submission.submission_id],
            version_of(submission.submission_id),
        )
        for submission in outcome.submissions
    ]
