"""Who has sent what, and what was found in it."""

from collections.abc import Sequence

import duckdb
import polars as pl

from warehouse.intake.versions import LATEST
from warehouse.store.sql import query


def submission_overview(connection: duckdb.DuckDBPyConnection, report_years: Sequence[int]) -> pl.DataFrame:
    """Who has sent what: one row for each respondent that is expected in each of the years.

    `status` is that of the latest version ('expected' when there is none), `stands` whether some version is
    accepted and current; errors and warnings are those of the latest version.
    """
    return query(
        connection,
        f"""
        with
            {LATEST},

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
        with {LATEST}

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
