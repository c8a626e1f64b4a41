"""Accepted or rejected: a submission is loaded whole or not at all, in one transaction."""

from collections import Counter

import duckdb
import polars as pl

from sources.audit.audited import Audit
from sources.submission.finding import findings_frame
from warehouse.intake.explanations import record_explanations
from warehouse.intake.versions import INTAKE_STAGE, Verdict, record_decisions
from warehouse.store.sql import insert, transaction


def load_accepted(connection: duckdb.DuckDBPyConnection, outcome: Audit, version: str) -> dict[str, int]:
    """Writes findings, explanations, decisions and accepted rows in one transaction; returns rows by sheet."""
    is_accepted = pl.col("submission_id").is_in(list(outcome.accepted))
    ids = [submission.submission_id for submission in outcome.submissions]
    rows: dict[str, int] = {}
    with transaction(connection):
        for table in ("finding", "sheet_status"):
            connection.execute(f"delete from registry.{table} where submission_id in (select unnest(?))", [ids])
        findings = findings_frame(outcome.findings).with_columns(stage=pl.lit(INTAKE_STAGE))
        insert(connection, "registry.finding", findings)
        insert(connection, "registry.sheet_status", outcome.sheet_status)
        insert(connection, "registry.cell", outcome.cells.filter(is_accepted))
        for name, typed in outcome.tables.items():
            loaded = typed.filter(is_accepted)
            insert(connection, f'raw."{name}"', loaded)
            rows[name] = loaded.height
        record_explanations(connection, outcome.submissions)
        record_decisions(connection, verdicts(outcome), version)
    return rows


def verdicts(outcome: Audit) -> list[Verdict]:
    """What becomes of each submission, and for how many errors."""
    errors = Counter(finding.address.submission_id for finding in outcome.findings if finding.is_error)
    return [
        Verdict(
            submission.submission_id,
            "accepted" if submission.submission_id in outcome.accepted else "rejected",
            errors[submission.submission_id],
        )
        for submission in outcome.submissions
    ]
