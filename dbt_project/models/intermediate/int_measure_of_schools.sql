with
    measures as (select code as measure_code, adds from {{ source("reference", "measure") }}),

    paths as (select region_code, ancestor_code from {{ source("reference", "region_path") }}),

    -- first the schools that lie in a region directly, so that few rows have to be added up the levels
    of_own_schools as (
        select
            members.report_year,
            members.region_code,
            members.scope_code,
            schools.measure_code,
            sum(schools.value) as total,
            max(schools.value) as highest,
            min(schools.value) as lowest,
            count(*) as n_expected,
            count(schools.value) as n_reported,
            min(case when schools.status = 'unavailable' then 1 else 0 end) as all_unavailable
        from {{ ref("int_scope_member") }} as members
        inner join
            {{ ref("int_measure_school") }} as schools
            on members.report_year = schools.report_year
            and members.school_code = schools.school_code
        group by members.report_year, members.region_code, members.scope_code, schools.measure_code
    ),

    of_schools as (
        select
            own.report_year,
            paths.ancestor_code as region_code,
            own.scope_code,
            own.measure_code,
            sum(own.total) as total,
            max(own.highest) as highest,
            min(own.lowest) as lowest,
            sum(own.n_expected) as n_expected,
            sum(own.n_reported) as n_reported,
            min(own.all_unavailable) as all_unavailable
        from of_own_schools as own
        inner join paths on own.region_code = paths.region_code
        group by own.report_year, paths.ancestor_code, own.scope_code, own.measure_code
    )

select
    of_schools.report_year,
    of_schools.region_code,
    of_schools.scope_code,
    of_schools.measure_code,
    {{
        added_up(
            "measures.adds", "of_schools.total", "coalesce(counted_once.value, of_schools.total)", "null"
        )
    }} as value,
    {{ why_it_does_not_add("measures.adds", "0", "of_schools.n_reported") }} as why_not,
    of_schools.n_expected,
    of_schools.n_reported,
    of_schools.all_unavailable
from of_schools
inner join measures on of_schools.measure_code = measures.measure_code
left join
    {{ ref("int_measure_distinct") }} as counted_once
    on of_schools.report_year = counted_once.report_year
    and of_schools.region_code = counted_once.region_code
    and of_schools.scope_code = counted_once.scope_code
    and of_schools.measure_code = counted_once.measure_code
