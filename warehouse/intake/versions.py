"""Which version of a respondent counts for a year."""

import duckdb
import polars as pl

from sources.submission.submission import IDENTITY
from warehouse.store.sql import query, registered

INTAKE_STAGE = "intake"
STANDING_STAGE = "standing"


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


LATEST = """
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


def latest_versions(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Each respondent's latest version of each year, and every file that nobody can be asked about.

    One row a submission: submission_id, file_name, respondent_code, respondent_name, report_year, status,
    received_on (a date, UTC),
    `stands`: whether some version of this respondent and year is accepted and current.
    """
    return query(
        connection,
        f"""
        with {LATEST}

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
