with
    together as (
        select
            report_year,
            subject_kind,
            subject_code,
            scope_code,
            indicator_code,
            definition,
            kind,
            scale,
            numerator,
            denominator,
            severity,
            n_expected,
            n_reported
        from {{ ref("int_indicator_of_subject") }}
        union all
        select
            report_year,
            'region' as subject_kind,
            region_code as subject_code,
            scope_code,
            indicator_code,
            definition,
            'ratio' as kind,
            scale,
            numerator,
            denominator,
            severity,
            n_expected,
            n_reported
        from {{ ref("int_indicator_of_schools") }}
    ),

    exact as (
        select
            report_year,
            subject_kind,
            subject_code,
            scope_code,
            indicator_code,
            definition,
            kind,
            scale,
            cast(numerator as {{ type_amount() }}) as numerator,
            cast(denominator as {{ type_amount() }}) as denominator,
            severity,
            n_expected,
            n_reported
        from together
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
    cast(
        case
            when kind = 'sum' then numerator else {{ exact_ratio("numerator", "denominator", "scale") }}
        end as {{ type_value() }}
    ) as value,
    case
        when severity = 6
        then 'does_not_add'
        when severity = 5
        then 'differs'
        when severity = 4
        then 'missing'
        when severity = 3
        then 'unavailable'
        when kind = 'ratio' and denominator = 0
        then 'not_applicable'
        when severity = 2
        then 'incomplete'
        else 'ok'
    end as status,
    cast(n_expected as bigint) as n_expected,
    cast(n_reported as bigint) as n_reported
from exact
