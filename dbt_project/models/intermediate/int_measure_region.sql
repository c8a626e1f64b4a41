with
    measures as (select code as measure_code, adds from {{ source("reference", "measure") }}),

    of_schools as (
        select
            report_year,
            region_code,
            scope_code,
            measure_code,
            value,
            why_not,
            n_expected,
            n_reported,
            all_unavailable
        from {{ ref("int_measure_of_schools") }}
    ),

    of_bureaus as (
        select report_year, region_code, measure_code, value, why_not, n_expected, n_reported
        from {{ ref("int_measure_of_bureaus") }}
    ),

    region_measures as (
        select code as measure_code from {{ source("reference", "measure") }} where level = 'region'
    ),

    -- a region that has schools, but no bureau that would report on it alone
    of_no_bureau as (
        select schools.report_year, schools.region_code, region_measures.measure_code
        from (select distinct report_year, region_code from of_schools) as schools
        cross join region_measures
        left join
            of_bureaus
            on schools.report_year = of_bureaus.report_year
            and schools.region_code = of_bureaus.region_code
            and region_measures.measure_code = of_bureaus.measure_code
        where of_bureaus.region_code is null
    ),

    of_bureaus_or_none as (
        select
            report_year,
            region_code,
            measure_code,
            value,
            why_not,
            n_expected,
            n_reported,
            0 as all_unavailable
        from of_bureaus
        union all
        select
            report_year,
            region_code,
            measure_code,
            cast(null as {{ type_amount() }}) as value,
            cast(null as {{ dbt.type_string() }}) as why_not,
            0 as n_expected,
            0 as n_reported,
            1 as all_unavailable
        from of_no_bureau
    ),

    together as (
        select
            report_year,
            region_code,
            scope_code,
            measure_code,
            value,
            why_not,
            n_expected,
            n_reported,
            all_unavailable
        from of_schools
        union all
        select
            of_bureaus_or_none.report_year,
            of_bureaus_or_none.region_code,
            scopes.code as scope_code,
            of_bureaus_or_none.measure_code,
            of_bureaus_or_none.value,
            of_bureaus_or_none.why_not,
            of_bureaus_or_none.n_expected,
            of_bureaus_or_none.n_reported,
            of_bureaus_or_none.all_unavailable
        from of_bureaus_or_none
        cross join {{ source("reference", "scope") }} as scopes
    )

select
    together.report_year,
    together.region_code,
    together.scope_code,
    together.measure_code,
    cast(together.value as {{ type_amount() }}) as value,
    case
        when together.why_not is not null
        then together.why_not
        -- one is enough where all say the same
        when
            together.n_reported > 0
            and (together.n_reported = together.n_expected or measures.adds = 'same_for_all')
        then 'ok'
        when together.n_reported > 0
        then 'incomplete'
        when together.all_unavailable = 1
        then 'unavailable'
        else 'missing'
    end as status,
    cast(together.n_expected as bigint) as n_expected,
    cast(together.n_reported as bigint) as n_reported
from together
inner join measures on together.measure_code = measures.measure_code
