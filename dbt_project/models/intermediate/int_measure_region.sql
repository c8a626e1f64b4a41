with
    city as (select code as region_code from {{ source("reference", "city") }}),

    members as (select report_year, scope_code, school_code from {{ ref("int_scope_member") }}),

    years as (select distinct report_year, scope_code from members),

    of_schools as (
        select
            members.report_year,
            members.scope_code,
            schools.measure_code,
            sum(schools.value) as value,
            count(*) as n_expected,
            count(schools.value) as n_reported,
            min(case when schools.status = 'unavailable' then 1 else 0 end) as all_unavailable
        from members
        inner join
            {{ ref("int_measure_school") }} as schools
            on members.report_year = schools.report_year
            and members.school_code = schools.school_code
        group by members.report_year, members.scope_code, schools.measure_code
    ),

    of_bureau as (
        select
            years.report_year,
            years.scope_code,
            measures.code as measure_code,
            reported.value,
            1 as n_expected,
            case when reported.value is null then 0 else 1 end as n_reported,
            0 as all_unavailable
        from years
        cross join {{ source("reference", "measure") }} as measures
        left join
            {{ ref("int_measure_reported") }} as reported
            on years.report_year = reported.report_year
            and measures.code = reported.measure_code
        where measures.level = 'region'
    ),

    together as (
        select *
        from of_schools
        union all
        select *
        from of_bureau
    )

select
    together.report_year,
    city.region_code,
    together.scope_code,
    together.measure_code,
    cast(together.value as {{ type_amount() }}) as value,
    case
        when together.n_reported = together.n_expected
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
cross join city
