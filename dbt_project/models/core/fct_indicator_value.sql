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

    rounded_values as (
        select
            indicator_values.*,
            indicators.kind,
            indicators.decimals,
            indicators.display as display_form,
            {{ rounded("indicator_values.value", "indicators.decimals") }} as rounded_value
        from indicator_values
        inner join indicators on indicator_values.indicator_code = indicators.indicator_code
    )

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
    status,
    n_expected,
    n_reported
from rounded_values
