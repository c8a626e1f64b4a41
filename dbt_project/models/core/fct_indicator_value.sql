with
    indicator_values as (
        select
            report_year,
            subject_kind,
            subject_code,
            scope_code,
            indicator_code,
            definition,
            numerator,
            denominator,
            value,
            status,
            n_expected,
            n_reported
        from {{ ref("int_indicator") }}
        union all
        select
            report_year,
            subject_kind,
            subject_code,
            scope_code,
            indicator_code,
            definition,
            numerator,
            denominator,
            value,
            status,
            n_expected,
            n_reported
        from {{ ref("int_indicator_school_count") }}
    ),

    indicators as (select indicator_code, kind, decimals, display from {{ ref("dim_indicator") }}),

    schools as (
        select report_year, 'school' as subject_kind, school_code, region_code from {{ ref("int_roster") }}
    ),

    suppressed as (select distinct report_year, school_code, indicator_code from {{ ref("int_suppressed") }}),

    rounded_values as (
        select
            indicator_values.*,
            -- a region is its own
            coalesce(schools.region_code, indicator_values.subject_code) as region_code,
            suppressed.indicator_code is not null as is_suppressed,
            indicators.kind,
            indicators.decimals,
            indicators.display as display_form,
            {{ rounded("indicator_values.value", "indicators.decimals") }} as rounded_value
        from indicator_values
        inner join indicators on indicator_values.indicator_code = indicators.indicator_code
        left join
            schools
            on indicator_values.report_year = schools.report_year
            and indicator_values.subject_kind = schools.subject_kind
            and indicator_values.subject_code = schools.school_code
        left join
            suppressed
            on indicator_values.report_year = suppressed.report_year
            and indicator_values.subject_code = suppressed.school_code
            and indicator_values.indicator_code = suppressed.indicator_code
    )

select
    report_year,
    region_code,
    subject_kind,
    subject_code,
    scope_code,
    indicator_code,
    definition,
    numerator,
    denominator,
    value,
    rounded_value,
    case
        when rounded_value is null
        then null
        when display_form = 'to_one'
        then {{ fixed_text("rounded_value", "decimals") }} || ':1'
        when kind = 'ratio'
        then {{ fixed_text("rounded_value", "decimals") }}
        else {{ trimmed_text("rounded_value") }}
    end as display,
    case when is_suppressed then 'suppressed' else status end as status,
    n_expected,
    n_reported
from rounded_values
