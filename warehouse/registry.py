"""Who has sent what, and what became of it: the tables of schema `registry`."""

from collections.abc import Iterable, Sequence

import duckdb
import polars as pl

from sources.archive import Receipt
from warehouse.connection import query

INTAKE_STAGE = "intake"
STANDING_STAGE = "standing"


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
            " 'received' as status, false as is_current",
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
    """Sets the outcome (submission_id, status); then lets each respondent's latest accepted one count."""
    connection.executemany(
        "update registry.submission set status = ?, audit_version = ?, decided_at = now() where submission_id = ?",
        [
            (status, audit_version, submission_id)
            for submission_id, status in decisions.select("submission_id", "status").iter_rows()
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


_LATEST = """
    latest as (
        select submission_id, respondent_code, report_year, status
        from (
            select
                submission_id,
                respondent_code,
                report_year,
                status,
                row_number() over (partition by respondent_code, report_year order by sequence desc) as position
            from registry.submission
            where respondent_code is not null and report_year is not null
        ) as ranked
        where position = 1
    )
"""


def submission_overview(connection: duckdb.DuckDBPyConnection, report_years: Sequence[int]) -> pl.DataFrame:
    """Who has sent what: one row for each respondent that is expected in each of the years.

    `status` is that of the latest version ('expected' when there is none), `stands` whether some version is
    accepted and current; errors and warnings are those of the latest version.
    """
    return query(
        connection,
        f"""
        with
            {_LATEST},

            versions as (
                select respondent_code, report_year, count(*) as versions, bool_or(is_current) as stands
                from registry.submission
                group by respondent_code, report_year
            ),

            problems as (
                select
                    submission_id,
                    sum(case when severity = 'error' then 1 else 0 end) as errors,
                    sum(case when severity = 'warning' then 1 else 0 end) as warnings
                from registry.finding
                group by submission_id
            )

        select
            calendar.report_year,
            respondent.code as respondent_code,
            respondent.name as respondent_name,
            coalesce(latest.status, 'expected') as status,
            coalesce(versions.stands, false) as stands,
            cast(coalesce(versions.versions, 0) as bigint) as versions,
            cast(coalesce(problems.errors, 0) as bigint) as errors,
            cast(coalesce(problems.warnings, 0) as bigint) as warnings
        from reference.report_year as calendar
        inner join reference.respondent as respondent
            on coalesce(respondent.since, calendar.report_year) <= calendar.report_year
            and coalesce(respondent.until, calendar.report_year) >= calendar.report_year
        left join latest
            on respondent.code = latest.respondent_code and calendar.report_year = latest.report_year
        left join versions
            on respondent.code = versions.respondent_code and calendar.report_year = versions.report_year
        left join problems on latest.submission_id = problems.submission_id
        where list_contains(?, calendar.report_year)
        order by calendar.report_year, respondent.code
        """,
        [list(report_years)],
    )


def latest_findings(connection: duckdb.DuckDBPyConnection, report_years: Sequence[int]) -> pl.DataFrame:
    """Findings of each respondent's latest version of the years, and of files that nobody can be asked about."""
    return query(
        connection,
        f"""
        with {_LATEST}

        select finding.*
        from registry.finding as finding
        inner join registry.submission as submission on finding.submission_id = submission.submission_id
        left join latest on finding.submission_id = latest.submission_id
        where
            (latest.submission_id is not null and list_contains(?, latest.report_year))
            or submission.respondent_code is null
            or submission.report_year is null
        order by finding.severity, finding.file_name, finding.sheet, finding.cell
        """,
        [list(report_years)],
    )


def get_state(connection: duckdb.DuckDBPyConnection, name: str) -> str | None:
    row = connection.execute("select value from registry.state where name = ?", [name]).fetchone()
    return row[0] if row else None


def set_state(connection: duckdb.DuckDBPyConnection, name: str, value: str) -> None:
    connection.execute("insert or replace into registry.state values (?, ?)", [name, value])
