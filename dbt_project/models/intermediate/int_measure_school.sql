with
    roster as (select report_year, school_code, bureau_code from {{ ref("int_roster") }}),

    measures as (
        select code as measure_code, sheet, filled_in_by, is_count, since, until
        from {{ source("reference", "measure") }}
        where level = 'school'
    ),

    reported as (
        select report_year, respondent_code, subject_code, measure_code, value
        from {{ ref("int_measure_reported") }}
    ),

    sheet_status as (select report_year, respondent_code, sheet, status from {{ ref("stg_sheet_status") }}),

    -- of a school speaks the school itself, or the bureau that lists it; of a school that none lists nobody
    expected as (
        select
            roster.report_year,
            roster.school_code,
            case
                when roster.bureau_code is null
                then null
                when measures.filled_in_by = 'bureau'
                then roster.bureau_code
                else roster.school_code
            end as respondent_code,
            measures.measure_code,
            measures.sheet,
            measures.is_count,
            coalesce(measures.since, roster.report_year) <= roster.report_year
            and coalesce(measures.until, roster.report_year) >= roster.report_year as is_collected
        from roster
        cross join measures
    ),

    valued as (
        select
            expected.report_year,
            expected.school_code,
            expected.measure_code,
            expected.is_collected,
            sheet_status.status as sheet_status,
            case
                when
                    sheet_status.status = 'none'
                    or (expected.is_count and sheet_status.status in ('filled', 'partial'))
                then coalesce(reported.value, 0)
                else reported.value
            end as value
        from expected
        left join
            sheet_status
            on expected.report_year = sheet_status.report_year
            and expected.respondent_code = sheet_status.respondent_code
            and expected.sheet = sheet_status.sheet
        left join
            reported
            on expected.report_year = reported.report_year
            and expected.respondent_code = reported.respondent_code
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
