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

    hidden as (
        select report_year, subject_kind, subject_code, scope_code, code as indicator_code
        from {{ source("registry", "hidden_value") }}
        where kind = 'indicator'
    ),

    shown_values as (
        select
            indicator_values.report_year,
            indicator_values.subject_kind,
            indicator_values.subject_code,
            indicator_values.scope_code,
            indicator_values.indicator_code,
            indicator_values.definition,
            case when hidden.indicator_code is null then indicator_values.numerator end as numerator,
            case when hidden.indicator_code is null then indicator_values.denominator end as denominator,
            case when hidden.indicator_code is null then indicator_values.value end as value,
            case
                when hidden.indicator_code is null then indicator_values.status else 'suppressed'
            end as status,
            indicator_values.n_expected,
            indicator_values.n_reported
        from indicator_values
        left join
            hidden
            on indicator_values.report_year = hidden.report_year
            and indicator_values.subject_kind = hidden.subject_kind
            and indicator_values.subject_code = hidden.subject_code
            and indicator_values.scope_code = hidden.scope_code
            and indicator_values.indicator_code = hidden.indicator_code
    ),

    origins as (
        select report_year, subject_kind, subject_code, scope_code, indicator_code, origin_rank
        from {{ ref("int_indicator_origin") }}
    ),

    rounded_values as (
        select
            shown_values.*,
            -- a region is its own
            coalesce(schools.region_code, shown_values.subject_code) as region_code,
            suppressed.indicator_code is not null as is_suppressed,
            {{ origin_at("origins.origin_rank") }} as origin,
            indicators.kind,
            indicators.decimals,
            indicators.display as display_form,
            {{ rounded("shown_values.value", "indicators.decimals") }} as rounded_value
        from shown_values
        inner join indicators on shown_values.indicator_code = indicators.indicator_code
        left join
            schools
            on shown_values.report_year = schools.report_year
            and shown_values.subject_kind = schools.subject_kind
            and shown_values.subject_code = schools.school_code
        left join
            suppressed
            on shown_values.report_year = suppressed.report_year
            and shown_values.subject_code = suppressed.school_code
            and shown_values.indicator_code = suppressed.indicator_code
        left join
            origins
            on shown_values.report_year = origins.report_year
            and shown_values.subject_kind = origins.subject_kind
            and shown_values.subject_code = origins.subject_code
            and shown_values.scope_code = origins.scope_code
            and shown_values.indicator_code = origins.indicator_code
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
    {{ printed_text("rounded_value", "kind", "decimals", "display_form") }} as display,
    case when is_suppressed then 'suppressed' else status end as status,
    n_expected,
    n_reported,
    origin
from rounded_values
