with
    schools as (
        select respondent.code, period.region_code, period.from_year, period.to_year
        from {{ source("reference", "respondent") }} as respondent
        inner join {{ source("reference", "respondent_period") }} as period on respondent.code = period.code
        where respondent.kind = 'school'
    )

select
    figure.report_year,
    coalesce(schools.region_code, figure.subject_code) as region_code,
    figure.figure_id,
    figure.section,
    figure.figure_year,
    figure.label,
    figure.subject_code,
    figure.indicator_code,
    figure.kind,
    figure.scope_code,
    figure.printed,
    cast(figure.printed_value as {{ type_value() }}) as printed_value,
    figure.unit,
    cast(coalesce(factor.divisor, 1) as bigint) as unit_divisor,
    case
        when figure.printed like '%多%' or figure.printed like '%余%' or figure.printed like '%以上%'
        then 'at_least'
        when figure.printed like '约%'
        then 'about'
        else 'exact'
    end as precision,
    target.increase_at_least as target_value,
    figure.reason
from {{ source("reference", "published_figure") }} as figure
inner join {{ source("reference", "indicator") }} as indicator on figure.indicator_code = indicator.code
left join
    {{ source("reference", "unit_factor") }} as factor
    on indicator.unit = factor.from_unit
    and figure.unit = factor.to_unit
left join
    schools
    on figure.subject_code = schools.code
    and figure.report_year between schools.from_year and schools.to_year
left join
    {{ source("reference", "target") }} as target
    on figure.figure_year = target.report_year
    and case when figure.kind = 'target' then figure.indicator_code end = target.indicator_code
