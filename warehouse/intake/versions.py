"""Which version of a respondent counts for a year: reading the registry."""

import duckdb

from warehouse.intake.version import Version
from warehouse.store.sql import period, records

INTAKE_STAGE = "intake"
STANDING_STAGE = "standing"


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
            window versions as (
                partition by respondent_code, report_year
                order by precedence desc, saved_at desc nulls last, submission_id
            )
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
        where cause_id is null
        group by submission_id
    )
"""
STATED = """
    select report_year, respondent_code, arg_max(state, step) as state
    from registry.state_change
    group by report_year, respondent_code
"""
"""The state of each respondent's year of which a file came; of any other it is `unsent`."""
AGAIN = """
    select later.submission_id, max(later.received_on) as came_again_on
    from registry.receipt as first
    inner join registry.receipt as later
        on first.submission_id = later.submission_id
        and first.sender is not distinct from later.sender
        and later.look > first.look
    where first.receipt = 1
    group by later.submission_id
"""
"""When a file came once more from where it came first; one that was put into another folder was not sent again."""
STANDING = "select distinct respondent_code, report_year from registry.submission where is_current"


def latest_versions(connection: duckdb.DuckDBPyConnection) -> list[Version]:
    """Each respondent's latest version of each year, and every file that nobody can be asked about."""
    return _versions(
        connection,
        "latest.submission_id is not null or (submission.status = 'rejected'"
        " and (submission.respondent_code is null or submission.report_year is null))",
    )


def other_versions(connection: duckdb.DuckDBPyConnection) -> list[Version]:
    """Every version of a respondent and year that is not the latest, in the order of receipt."""
    return _versions(
        connection,
        "latest.submission_id is null"
        " and submission.respondent_code is not null and submission.report_year is not null",
    )


def _versions(connection: duckdb.DuckDBPyConnection, which: str) -> list[Version]:
    """The versions that a condition selects, in the order of receipt."""
    # Long: one query, a thought a part.
    found = records(
        connection,
        f"""
        with {LATEST}, {COUNTED}, standing as ({STANDING}), stated as ({STATED}), again as ({AGAIN})

        select
            submission.submission_id,
            submission.file_name,
            submission.respondent_code,
            respondent.name as respondent_name,
            submission.report_year,
            submission.status,
            submission.decision_reason as reason,
            came.received_on,
            submission.is_current as counts,
            standing.report_year is not null as stands,
            coalesce(problems.errors, 0) as errors,
            coalesce(problems.warnings, 0) as warnings,
            sender.code as sender_code,
            sender.name as sender_name,
            again.came_again_on,
            stated.state
        from registry.submission as submission
        {period("respondent", "respondent", "submission.respondent_code", "submission.report_year")}
        left join latest on submission.submission_id = latest.submission_id
        left join standing
            on submission.respondent_code = standing.respondent_code
            and submission.report_year = standing.report_year
        left join problems on submission.submission_id = problems.submission_id
        inner join registry.receipt as came on submission.submission_id = came.submission_id and came.receipt = 1
        left join reference.respondent as sender on came.sender = sender.code and came.channel = 'folder'
        left join again on submission.submission_id = again.submission_id
        left join stated
            on submission.respondent_code = stated.respondent_code
            and submission.report_year = stated.report_year
        where {which}
        order by submission.sequence
        """,
    )
    return [Version(**row) for row in found]


def current_versions(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, int], str]:
    """(respondent, year) → the submission that counts."""
    rows = connection.execute(
        "select respondent_code, report_year, submission_id from registry.submission where is_current"
    ).fetchall()
    return {(respondent, year): submission_id for respondent, year, submission_id in rows}
