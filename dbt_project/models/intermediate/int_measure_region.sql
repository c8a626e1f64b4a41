with
    city as (select code as region_code from {{ source("reference", "city") }}),

    members as (select report_year, scope_code, school_code from {{ ref("int_scope_member") }}),

    scopes as (select code as scope_code from {{ source("reference", "scope") }}),

    region_measures as (
        select code as measure_code from {{ source("reference", "measure") }} where level = 'region'
    ),

    reported as (select report_year, measure_code, value from {{ ref("int_measure_reported") }}),

    of_schools as (
        select
            members.report_year,
            members.scope_code,
            schools.measure_code,
            sum(schools.value) as total,
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

    of_schools_or_distinct as (
        select
            of_schools.report_year,
            of_schools.scope_code,
            of_schools.measure_code,
            coalesce(counted_once.value, of_schools.total) as value,
            of_schools.n_expected,
            of_schools.n_reported,
            of_schools.all_unavailable
        from of_schools
        left join
            {{ ref("int_measure_distinct") }} as counted_once
            on of_schools.report_year = counted_once.report_year
            and of_schools.scope_code = counted_once.scope_code
            and of_schools.measure_code = counted_once.measure_code
    ),

    -- every year of the roster, and earlier years that a later workbook reports on
    expected_of_bureau as (
        select years.report_year, region_measures.measure_code
        from (select distinct report_year from members) as years
        cross join region_measures
        union
        select reported.report_year, reported.measure_code
        from reported
        inner join region_measures on reported.measure_code = region_measures.measure_code
    ),

    of_bureau as (
        select
            expected_of_bureau.report_year,
            scopes.scope_code,
            expected_of_bureau.measure_code,
            reported.value,
            1 as n_expected,
            case when reported.value is null then 0 else 1 end as n_reported,
            0 as all_unavailable
        from expected_of_bureau
        cross join scopes
        left join
            reported
            on expected_of_bureau.report_year = reported.report_year
            and expected_of_bureau.measure_code = reported.measure_code
    ),

    together as (
        select report_year, scope_code, measure_code, value, n_expected, n_reported, all_unavailable
        from of_schools_or_distinct
        union all
        select report_year, scope_code, measure_code, value, n_expected, n_reported, all_unavailable
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
