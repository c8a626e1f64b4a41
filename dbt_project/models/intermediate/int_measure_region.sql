with
    members as (select report_year, scope_code, school_code, region_code from {{ ref("int_scope_member") }}),

    paths as (select region_code, ancestor_code from {{ source("reference", "region_path") }}),

    scopes as (select code as scope_code from {{ source("reference", "scope") }}),

    region_measures as (
        select code as measure_code from {{ source("reference", "measure") }} where level = 'region'
    ),

    bureaus as (
        select code as bureau_code, region_code, since, until
        from {{ source("reference", "respondent") }}
        where kind = 'bureau'
    ),

    -- first the schools that lie in a region directly, so that few rows have to be added up the levels
    of_own_schools as (
        select
            members.report_year,
            members.region_code,
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
        group by members.report_year, members.region_code, members.scope_code, schools.measure_code
    ),

    of_schools as (
        select
            own.report_year,
            paths.ancestor_code as region_code,
            own.scope_code,
            own.measure_code,
            sum(own.total) as total,
            sum(own.n_expected) as n_expected,
            sum(own.n_reported) as n_reported,
            min(own.all_unavailable) as all_unavailable
        from of_own_schools as own
        inner join paths on own.region_code = paths.region_code
        group by own.report_year, paths.ancestor_code, own.scope_code, own.measure_code
    ),

    of_schools_or_distinct as (
        select
            of_schools.report_year,
            of_schools.region_code,
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
            and of_schools.region_code = counted_once.region_code
            and of_schools.scope_code = counted_once.scope_code
            and of_schools.measure_code = counted_once.measure_code
    ),

    reported as (
        select
            reported.report_year,
            bureaus.bureau_code,
            bureaus.region_code,
            reported.measure_code,
            reported.value
        from {{ ref("int_measure_reported") }} as reported
        inner join bureaus on reported.respondent_code = bureaus.bureau_code
        inner join region_measures on reported.measure_code = region_measures.measure_code
    ),

    -- every year of a roster, and earlier years that a later workbook reports on
    asked as (
        select years.report_year, region_measures.measure_code
        from (select distinct report_year from members) as years
        cross join region_measures
        union
        select report_year, measure_code
        from reported
    ),

    expected_of_bureau as (
        select asked.report_year, bureaus.bureau_code, bureaus.region_code, asked.measure_code
        from asked
        inner join
            bureaus
            on coalesce(bureaus.since, asked.report_year) <= asked.report_year
            and coalesce(bureaus.until, asked.report_year) >= asked.report_year
        union
        select report_year, bureau_code, region_code, measure_code
        from reported
    ),

    -- each bureau reports on what has no bureau of its own below it, so that all bureaus of a region add up
    of_bureaus as (
        select
            expected.report_year,
            paths.ancestor_code as region_code,
            expected.measure_code,
            sum(reported.value) as value,
            count(*) as n_expected,
            count(reported.value) as n_reported
        from expected_of_bureau as expected
        inner join paths on expected.region_code = paths.region_code
        left join
            reported
            on expected.report_year = reported.report_year
            and expected.bureau_code = reported.bureau_code
            and expected.measure_code = reported.measure_code
        group by expected.report_year, paths.ancestor_code, expected.measure_code
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
        select report_year, region_code, measure_code, value, n_expected, n_reported, 0 as all_unavailable
        from of_bureaus
        union all
        select
            report_year,
            region_code,
            measure_code,
            cast(null as {{ type_amount() }}) as value,
            0 as n_expected,
            0 as n_reported,
            1 as all_unavailable
        from of_no_bureau
    ),

    together as (
        select
            report_year, region_code, scope_code, measure_code, value, n_expected, n_reported, all_unavailable
        from of_schools_or_distinct
        union all
        select
            of_bureaus_or_none.report_year,
            of_bureaus_or_none.region_code,
            scopes.scope_code,
            of_bureaus_or_none.measure_code,
            of_bureaus_or_none.value,
            of_bureaus_or_none.n_expected,
            of_bureaus_or_none.n_reported,
            of_bureaus_or_none.all_unavailable
        from of_bureaus_or_none
        cross join scopes
    )

select
    report_year,
    region_code,
    scope_code,
    measure_code,
    cast(value as {{ type_amount() }}) as value,
    case
        when n_reported > 0 and n_reported = n_expected
        then 'ok'
        when n_reported > 0
        then 'incomplete'
        when all_unavailable = 1
        then 'unavailable'
        else 'missing'
    end as status,
    cast(n_expected as bigint) as n_expected,
    cast(n_reported as bigint) as n_reported
from together
