"""Accepted or rejected: a submission is loaded whole or not at all, in one transaction."""

from collections.abc import Sequence

import duckdb
import polars as pl

from sources.audit.judge import Audit
from sources.submission.submission import Submission
from warehouse.intake.explanations import record_explanations
from warehouse.intake.versions import INTAKE_STAGE, record_decisions
from warehouse.store.sql import insert, transaction


def load_accepted(
    connection: duckdb.DuckDBPyConnection,
    submissions: pl.DataFrame,
    cells: pl.DataFrame,
    outcome: Audit,
    version: str,
    readings: Sequence[Submission],
) -> dict[str, int]:
    """Writes findings, explanations, decisions and accepted rows in one transaction; returns rows by sheet."""
    accepted = list(outcome.accepted)
    is_accepted = pl.col("submission_id").is_in(accepted)
    errors = outcome.findings.filter(pl.col("severity") == "error").group_by("submission_id").len("errors")
    decisions = submissions.join(errors, on="submission_id", how="left").with_columns(
        pl.col("errors").fill_null(0),
        status=pl.when(is_accepted).then(pl.lit("accepted")).otherwise(pl.lit("rejected")),
    )
    ids = submissions.get_column("submission_id").to_list()
    rows: dict[str, int] = {}
    with transaction(connection):
        for table in ("finding", "sheet_status"):
            connection.execute(f"delete from registry.{table} where submission_id in (select unnest(?))", [ids])
        insert(connection, "registry.finding", outcome.findings.with_columns(stage=pl.lit(INTAKE_STAGE)))
        insert(connection, "registry.sheet_status", outcome.sheet_status)
        insert(connection, "registry.cell", cells.filter(is_accepted))
        for name, typed in outcome.tables.items():
            loaded = typed.filter(is_accepted)
            insert(connection, f'raw."{name}"', loaded)
            rows[name] = loaded.height
        record_explanations(connection, readings)
        record_decisions(connection, decisions, version)
    return rows
