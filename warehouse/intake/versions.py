"""Which version of a respondent counts for a year."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import duckdb
import polars as pl

from sources.submission.submission import Submission, submissions_frame
from warehouse.intake.version import Status, Version
from warehouse.store.sql import query, registered

IDENTITY = ("respondent_code", "report_year", "template_version", "saved_at", "revision_reason")
"""What a file says of itself."""
INTAKE_STAGE = "intake"
STANDING_STAGE = "standing"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the audit says of a submission."""

    submission_id: str
    status: Status
    errors: int


VERDICT_SCHEMA: dict[str, pl.DataType] = {"submission_id": pl.String(), "status": pl.String(), "errors": pl.Int64()}


def record_identity(connection: duckdb.DuckDBPyConnection, submissions: Iterable[Submission]) -> None:
    """Sets what the files say of themselves."""
    with registered(connection, "identity", submissions_frame(submissions).select("submission_id", *IDENTITY)):
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


def record_decisions(connection: duckdb.DuckDBPyConnection, verdicts: Iterable[Verdict], audit_version: str) -> None:
    """Sets the outcome; then lets each respondent's last saved accepted version count.

    What counts does not depend on the order in which files arrive: the version saved last does (`precedence`).
    """
    decisions = pl.DataFrame([asdict(verdict) for verdict in verdicts], schema=VERDICT_SCHEMA, orient="row")
    with registered(connection, "decision", decisions):
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


COUNTED = """
    problems as (
        select
            submission_id,
            cast(count(*) filter (where severity = 'error') as bigint) as errors,
            cast(count(*) filter (where severity = 'warning') as bigint) as warnings
        from registry.finding
        group by submission_id
    )
"""
STANDING = "select distinct respondent_code, report_year from registry.submission where is_current"


def latest_versions(connection: duckdb.DuckDBPyConnection) -> list[Version]:
    """Each respondent's latest version of each year, and every file that nobody can be asked about."""
    found = query(
        connection,
        f"""
        with {LATEST}, {COUNTED}, standing as ({STANDING})

        select
            submission.submission_id,
            submission.file_name,
            submission.respondent_code,
            respondent.name as respondent_name,
            submission.report_year,
            submission.status,
            submission.decision_reason as reason,
            cast(submission.received_at at time zone 'UTC' as date) as received_on,
            submission.is_current as counts,
            standing.report_year is not null as stands,
            coalesce(problems.errors, 0) as errors,
            coalesce(problems.warnings, 0) as warnings
        from registry.submission as submission
        left join reference.respondent as respondent on submission.respondent_code = respondent.code
        left join latest on submission.submission_id = latest.submission_id
        left join standing
            on submission.respondent_code = standing.respondent_code
            and submission.report_year = standing.report_year
        left join problems on submission.submission_id = problems.submission_id
        where
            latest.submission_id is not null
            or (
                submission.status = 'rejected'
                and (submission.respondent_code is null or submission.report_year is null)
            )
        order by submission.sequence
        """,
    )
    return [Version(**row) for row in found.iter_rows(named=True)]


def current_versions(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, int], str]:
    """(respondent, year) → the submission that counts."""
    rows = connection.execute(
        "select respondent_code, report_year, submission_id from registry.submission where is_current"
    ).fetchall()
    return {(respondent, year): submission_id for respondent, year, submission_id in rows}
