with
    expected as (
        select
            calendar.report_year,
            calendar.due,
            respondent.code as respondent_code,
            respondent.name as respondent_name,
            respondent.kind as respondent_kind
        from {{ source("reference", "report_year") }} as calendar
        inner join
            {{ source("reference", "respondent") }} as respondent
            on coalesce(respondent.since, calendar.report_year) <= calendar.report_year
            and coalesce(respondent.until, calendar.report_year) >= calendar.report_year
    ),

    versions as (
        select
            submission_id,
            respondent_code,
            report_year,
            sequence,
            file_name,
            received_at,
            status,
            decided_at,
            errors,
            warnings,
            is_current
        from {{ source("registry", "submission") }}
    )

select
    expected.report_year,
    expected.respondent_code,
    expected.respondent_name,
    expected.respondent_kind,
    versions.submission_id,
    versions.sequence,
    versions.file_name,
    versions.received_at,
    coalesce(versions.status, 'expected') as status,
    versions.decided_at,
    coalesce(versions.errors, 0) as errors,
    coalesce(versions.warnings, 0) as warnings,
    coalesce(versions.is_current, false) as is_current,
    expected.due
from expected
left join
    versions
    on expected.respondent_code = versions.respondent_code
    and expected.report_year = versions.report_year
