"""Who has sent what, and what became of it: the tables of schema `registry`."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date

import duckdb
import polars as pl

from sources.archive.archive import Receipt
from warehouse.connection import insert, query, registered

INTAKE_STAGE = "intake"
STANDING_STAGE = "standing"
CLOCK_STATE = "today"


def record_receipts(connection: duckdb.DuckDBPyConnection, receipts: Sequence[Receipt]) -> int:
    """Registers received files; a content that is known already is no new submission. Returns how many are new."""
    if not receipts:
        return 0
    frame = pl.DataFrame([asdict(receipt) for receipt in receipts])
    insert(connection, "registry.receipt", frame, on_conflict="or ignore")
    row = connection.execute("""
        insert or ignore into registry.submission by name
        select
            receipt.submission_id,
            (select coalesce(max(sequence), 0) from registry.submission)
            + row_number() over (order by receipt.received_at, receipt.submission_id) as sequence,
            receipt.file_name,
            receipt.received_at,
            'received' as status,
            false as is_current
        from registry.receipt as receipt
        where
            not exists (
                select 1 from registry.submission as known where known.submission_id = receipt.submission_id
            )
            and not exists (
                select 1
                from registry.receipt as earlier
                where
                    earlier.submission_id = receipt.submission_id
                    and (earlier.received_at, earlier.file_name) < (receipt.received_at, receipt.file_name)
            )
    """).fetchone()
    return row[0] if row else 0


def pending_submissions(
    connection: duckdb.DuckDBPyConnection, report_years: Iterable[int], audit_version: str
) -> pl.DataFrame:
    """Submissions to judge now, in the order of receipt: submission_id, file_name, received_on.

    New ones, and those rejected under other rules than today's; of the given years, or of an unknown year.
    """
    return query(
        connection,
        "select submission_id, file_name, (select min(received_on) from registry.receipt"
        " where receipt.submission_id = submission.submission_id) as received_on from registry.submission"
        " where (status = 'received' or (status = 'rejected' and audit_version <> ?))"
        " and (report_year is null or list_contains(?, report_year)) order by sequence",
        [audit_version, list(report_years)],
    )


IDENTITY = ("respondent_code", "report_year", "template_version", "saved_at", "revision_reason")


def record_identity(connection: duckdb.DuckDBPyConnection, identities: pl.DataFrame) -> None:
    """Sets what the files say of themselves: submission_id and IDENTITY."""
    with registered(connection, "identity", identities.select("submission_id", *IDENTITY)):
        assignments = ", ".join(f"{name} = identity.{name}" for name in IDENTITY)
        connection.execute(f"""
            update registry.submission as submission
            set
                {assignments},
                precedence = least(
                    coalesce(identity.saved_at, timestamp '1900-01-01'), submission.received_at at time zone 'UTC'
                )
            from identity
            where submission.submission_id = identity.submission_id
        """)


def record_decisions(connection: duckdb.DuckDBPyConnection, decisions: pl.DataFrame, audit_version: str) -> None:
    """Sets the outcome (submission_id, status, errors); then lets each respondent's last saved accepted version count.

    What counts does not depend on the order in which files arrive: the version saved last does (`precedence`).
    """
    with registered(connection, "decision", decisions.select("submission_id", "status", "errors")):
        connection.execute(
            """
            update registry.submission as submission
            set
                status = decision.status,
                audit_version = ?,
                decided_at = now(),
                decision_reason = case when decision.status = 'rejected' then '有 ' || decision.errors || ' 个错误' end
            from decision
            where submission.submission_id = decision.submission_id
            """,
            [audit_version],
        )
    connection.execute("""
        update registry.submission as submission
        set
            is_current = ranked.submission_id = ranked.counts,
            status = case when ranked.submission_id = ranked.counts then 'accepted' else 'superseded' end,
            decision_reason = case
                when ranked.submission_id = ranked.counts then '没有错误，是最后保存的版本'
                else '没有错误，但另有保存更晚的版本：' || ranked.name_of_counting
            end
        from (
            select
                submission_id,
                first_value(submission_id) over versions as counts,
                first_value(file_name) over versions as name_of_counting
            from registry.submission
            where status in ('accepted', 'superseded')
            window versions as (partition by respondent_code, report_year order by precedence desc, submission_id)
        ) as ranked
        where submission.submission_id = ranked.submission_id
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
                row_number() over versions as position
            from registry.submission
            where respondent_code is not null and report_year is not null
            window versions as (partition by respondent_code, report_year order by precedence desc, submission_id)
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


def latest_versions(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Each respondent's latest version of each year, and every file that nobody can be asked about.

    One row a submission: submission_id, file_name, respondent_code, respondent_name, report_year, status,
    received_on (a date, UTC),
    `stands`: whether some version of this respondent and year is accepted and current.
    """
    return query(
        connection,
        f"""
        with {_LATEST}

        select
            submission.submission_id,
            submission.file_name,
            submission.respondent_code,
            respondent.name as respondent_name,
            submission.report_year,
            submission.status,
            cast(submission.received_at at time zone 'UTC' as date) as received_on,
            exists (
                select 1
                from registry.submission as current_version
                where
                    current_version.is_current
                    and current_version.respondent_code = submission.respondent_code
                    and current_version.report_year = submission.report_year
            ) as stands
        from registry.submission as submission
        left join reference.respondent as respondent on submission.respondent_code = respondent.code
        left join latest on submission.submission_id = latest.submission_id
        where
            latest.submission_id is not null
            or (
                submission.status = 'rejected'
                and (submission.respondent_code is null or submission.report_year is null)
            )
        order by submission.sequence
        """,
    )


def current_versions(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, int], str]:
    """(respondent, year) → the submission that counts."""
    rows = connection.execute(
        "select respondent_code, report_year, submission_id from registry.submission where is_current"
    ).fetchall()
    return {(respondent, year): submission_id for respondent, year, submission_id in rows}


def record_clock(connection: duckdb.DuckDBPyConnection, today: date) -> None:
    """Notes the day of the run: what is overdue is told from it."""
    set_state(connection, CLOCK_STATE, today.isoformat())


def get_state(connection: duckdb.DuckDBPyConnection, name: str) -> str | None:
    row = connection.execute("select value from registry.state where name = ?", [name]).fetchone()
    return row[0] if row else None


def set_state(connection: duckdb.DuckDBPyConnection, name: str, value: str) -> None:
    connection.execute("insert or replace into registry.state values (?, ?)", [name, value])
