"""Who has sent what, and what became of it: the tables of schema `registry`."""

from collections.abc import Iterable

import duckdb
import polars as pl

from sources.archive import Receipt
from warehouse.connection import query

SUBMISSION_STATUSES = ("received", "accepted", "rejected", "superseded")


def record_receipts(connection: duckdb.DuckDBPyConnection, receipts: Iterable[Receipt]) -> int:
    """Registers received files; a content that is known already is no new submission. Returns how many are new."""
    new = 0
    for receipt in receipts:
        connection.execute(
            "insert or ignore into registry.receipt values (?, ?, ?, now())",
            [receipt.submission_id, receipt.file_name, receipt.size_bytes],
        )
        row = connection.execute(
            "insert or ignore into registry.submission by name select ? as submission_id,"
            " (select count(*) from registry.submission) + 1 as sequence, ? as file_name, now() as received_at,"
            " 'received' as status, 0 as errors, 0 as warnings, false as is_current",
            [receipt.submission_id, receipt.file_name],
        ).fetchone()
        new += row[0] if row else 0
    return new


def pending_submissions(
    connection: duckdb.DuckDBPyConnection, report_years: Iterable[int], audit_version: str
) -> pl.DataFrame:
    """Submissions to judge now, in the order of receipt: submission_id, file_name.

    New ones, and those rejected under other rules than today's; of the given years, or of an unknown year.
    """
    return query(
        connection,
        "select submission_id, file_name from registry.submission"
        " where (status = 'received' or (status = 'rejected' and audit_version <> ?))"
        " and (report_year is null or list_contains(?, report_year)) order by sequence",
        [audit_version, list(report_years)],
    )


def record_identity(connection: duckdb.DuckDBPyConnection, identities: pl.DataFrame) -> None:
    """Sets what the covers say: submission_id, respondent_code, report_year, template_version."""
    connection.executemany(
        "update registry.submission set respondent_code = ?, report_year = ?, template_version = ?"
        " where submission_id = ?",
        identities.select("respondent_code", "report_year", "template_version", "submission_id").rows(),
    )


def record_decisions(connection: duckdb.DuckDBPyConnection, decisions: pl.DataFrame, audit_version: str) -> None:
    """Sets the outcome: submission_id, status, errors, warnings; then lets the latest accepted one count."""
    connection.executemany(
        "update registry.submission set status = ?, errors = ?, warnings = ?, audit_version = ?,"
        " decided_at = now() where submission_id = ?",
        [
            (status, errors, warnings, audit_version, submission_id)
            for submission_id, status, errors, warnings in decisions.select(
                "submission_id", "status", "errors", "warnings"
            ).iter_rows()
        ],
    )
    connection.execute("""
        update registry.submission as submission
        set
            is_current = ranked.position = 1,
            status = case when ranked.position = 1 then 'accepted' else 'superseded' end
        from (
            select
                submission_id,
                row_number() over (partition by respondent_code, report_year order by sequence desc) as position
            from registry.submission
            where status in ('accepted', 'superseded')
        ) as ranked
        where
            submission.submission_id = ranked.submission_id
            and submission.is_current is distinct from (ranked.position = 1)
    """)


def get_state(connection: duckdb.DuckDBPyConnection, name: str) -> str | None:
    row = connection.execute("select value from registry.state where name = ?", [name]).fetchone()
    return row[0] if row else None


def set_state(connection: duckdb.DuckDBPyConnection, name: str, value: str) -> None:
    connection.execute("insert or replace into registry.state values (?, ?)", [name, value])
