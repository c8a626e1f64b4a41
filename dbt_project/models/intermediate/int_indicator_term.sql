with
    terms as (
        select indicator_code, definition, role, measure_code, since, until
        from {{ source("reference", "indicator_term") }}
    ),

    indicators as (
        select code as indicator_code, kind, level, scale from {{ source("reference", "indicator") }}
    )

select
    measures.report_year,
    measures.subject_kind,
    measures.subject_code,
    measures.scope_code,
    terms.indicator_code,
    terms.definition,
    indicators.kind,
    indicators.scale,
    case when terms.role = 'numerator' then 1 else 0 end as is_numerator,
    case when measures.value is null then 1 else 0 end as is_null,
    measures.value,
    case
        measures.status
        when 'does_not_add'
        then 6
        when 'differs'
        then 5
        when 'missing'
        then 4
        when 'unavailable'
        then 3
        when 'incomplete'
        then 2
        else 1
    end as severity,
    measures.n_expected,
    measures.n_reported
from {{ ref("int_measure") }} as measures
inner join
    terms
    on measures.measure_code = terms.measure_code
    and coalesce(terms.since, measures.report_year) <= measures.report_year
    and coalesce(terms.until, measures.report_year) >= measures.report_year
inner join indicators on terms.indicator_code = indicators.indicator_code
where
    (measures.subject_kind = 'school' and indicators.level = 'school')
    -- a region's ratio of what schools report is not made of its sums: int_indicator_of_schools
    or (measures.subject_kind = 'region' and (indicators.kind <> 'ratio' or indicators.level = 'region'))
