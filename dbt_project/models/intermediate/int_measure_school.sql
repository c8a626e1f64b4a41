with
    roster as (select report_year, school_code from {{ ref("stg_roster") }}),

    measures as (
        select code as measure_code, sheet, since, until
        from {{ source("reference", "measure") }}
        where level = 'school'
    ),

    reported as (
        select report_year, subject_code, measure_code, value from {{ ref("int_measure_reported") }}
    ),

    sheet_status as (
        select submission.report_year, submission.respondent_code, status.sheet, status.status
        from {{ source("registry", "sheet_status") }} as status
        inner join
            {{ ref("stg_submission") }} as submission on status.submission_id = submission.submission_id
    ),

    expected as (
        select
            roster.report_year,
            roster.school_code,
            measures.measure_code,
            measures.sheet,
            coalesce(measures.since, roster.report_year) <= roster.report_year
            and coalesce(measures.until, roster.report_year) >= roster.report_year as is_collected
        from roster
        cross join measures
    )

select
    expected.report_year,
    expected.school_code,
    expected.measure_code,
    cast(
        case
            when sheet_status.status = 'none' then coalesce(reported.value, 0) else reported.value
        end as {{ type_amount() }}
    ) as value,
    case
        when sheet_status.status = 'none' or reported.value is not null
        then 'ok'
        when not expected.is_collected or sheet_status.status = 'unavailable'
        then 'unavailable'
        else 'missing'
    end as status
from expected
left join
    reported
    on expected.report_year = reported.report_year
    and expected.school_code = reported.subject_code
    and expected.measure_code = reported.measure_code
left join
    sheet_status
    on expected.report_year = sheet_status.report_year
    and expected.school_code = sheet_status.respondent_code
    and expected.sheet = sheet_status.sheet
