with
    roster as (select report_year, school_code from {{ ref("stg_roster") }}),

    measures as (
        select code as measure_code, sheet, filled_in_by, is_count, since, until
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
            measures.is_count,
            coalesce(measures.since, roster.report_year) <= roster.report_year
            and coalesce(measures.until, roster.report_year) >= roster.report_year as is_collected,
            sheet_status.status as sheet_status
        from roster
        cross join measures
        left join
            sheet_status
            on roster.report_year = sheet_status.report_year
            and measures.sheet = sheet_status.sheet
            and (measures.filled_in_by = 'bureau' or roster.school_code = sheet_status.respondent_code)
    ),

    valued as (
        select
            expected.report_year,
            expected.school_code,
            expected.measure_code,
            expected.is_collected,
            expected.sheet_status,
            case
                when
                    expected.sheet_status = 'none'
                    or (expected.is_count and expected.sheet_status in ('filled', 'partial'))
                then coalesce(reported.value, 0)
                else reported.value
            end as value
        from expected
        left join
            reported
            on expected.report_year = reported.report_year
            and expected.school_code = reported.subject_code
            and expected.measure_code = reported.measure_code
    )

select
    report_year,
    school_code,
    measure_code,
    cast(value as {{ type_amount() }}) as value,
    case
        when value is not null
        then 'ok'
        when not is_collected or sheet_status in ('unavailable', 'partial')
        then 'unavailable'
        else 'missing'
    end as status
from valued
