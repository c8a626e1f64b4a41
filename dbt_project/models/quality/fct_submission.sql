with
    expected as (
        select
            calendar.report_year,
            calendar.opens,
            calendar.due,
            calendar.freezes,
            respondent.code as respondent_code,
            period.name as respondent_name,
            respondent.kind as respondent_kind,
            period.region_code
        from {{ source("reference", "report_year") }} as calendar
        inner join
            {{ source("reference", "respondent") }} as respondent
            on coalesce(respondent.since, calendar.report_year) <= calendar.report_year
            and coalesce(respondent.until, calendar.report_year) >= calendar.report_year
        inner join
            {{ source("reference", "respondent_period") }} as period
            on respondent.code = period.code
            and calendar.report_year between period.from_year and period.to_year
    ),

    versions as (
        select
            submission_id,
            respondent_code,
            report_year,
            sequence,
            file_name,
            received_at,
            saved_at,
            precedence,
            revision_reason,
            status,
            decided_at,
            decision_reason,
            is_current
        from {{ source("registry", "submission") }}
    ),

    problems as (
        select
            submission_id,
            sum(case when severity = 'error' then 1 else 0 end) as errors,
            sum(case when severity = 'warning' then 1 else 0 end) as warnings
        from {{ source("registry", "finding") }}
        where cause_id is null
        group by submission_id
    )

select
    expected.report_year,
    expected.respondent_code,
    expected.respondent_name,
    expected.respondent_kind,
    expected.region_code,
    versions.submission_id,
    coalesce(versions.sequence, 0) as sequence,
    versions.file_name,
    versions.received_at,
    versions.saved_at,
    versions.precedence,
    versions.revision_reason,
    coalesce(versions.status, 'expected') as status,
    versions.decided_at,
    versions.decision_reason,
    cast(coalesce(problems.errors, 0) as bigint) as errors,
    cast(coalesce(problems.warnings, 0) as bigint) as warnings,
    coalesce(versions.is_current, false) as is_current,
    expected.opens,
    expected.due,
    expected.freezes
from expected
left join
    versions
    on expected.respondent_code = versions.respondent_code
    and expected.report_year = versions.report_year
left join problems on versions.submission_id = problems.submission_id
