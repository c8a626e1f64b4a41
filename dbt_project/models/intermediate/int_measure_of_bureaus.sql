with
    paths as (
        select region_code, ancestor_code, ancestor_level from {{ source("reference", "region_path") }}
    ),

    region_measures as (
        select code as measure_code, adds from {{ source("reference", "measure") }} where level = 'region'
    ),

    bureaus as (
        select code as bureau_code, region_code, since, until
        from {{ source("reference", "respondent") }}
        where kind = 'bureau'
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
        from (select distinct report_year from {{ ref("int_scope_member") }}) as years
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
    of_each as (
        select
            expected.report_year,
            paths.ancestor_code as region_code,
            expected.measure_code,
            -- what is the same for all of a province has no value beyond it
            case
                when region_measures.adds = 'same_for_all' and paths.ancestor_level = 'nation'
                then 'none'
                else region_measures.adds
            end as adds,
            case when expected.region_code = paths.ancestor_code then 1 else 0 end as is_own,
            reported.value
        from expected_of_bureau as expected
        inner join region_measures on expected.measure_code = region_measures.measure_code
        inner join paths on expected.region_code = paths.region_code
        left join
            reported
            on expected.report_year = reported.report_year
            and expected.bureau_code = reported.bureau_code
            and expected.measure_code = reported.measure_code
    ),

    of_all as (
        select
            report_year,
            region_code,
            measure_code,
            adds,
            sum(value) as total,
            max(value) as highest,
            min(value) as lowest,
            max(case when is_own = 1 then value end) as own,
            count(*) as n_bureaus,
            count(value) as n_told,
            sum(is_own) as n_own_bureaus,
            count(case when is_own = 1 then value end) as n_own_told
        from of_each
        group by report_year, region_code, measure_code, adds
    )

select
    report_year,
    region_code,
    measure_code,
    {{ added_up("adds", "total", "total", "own") }} as value,
    {{ why_it_does_not_add("adds", "n_own_bureaus", "n_told") }} as why_not,
    case when adds = 'none' and n_own_bureaus > 0 then n_own_bureaus else n_bureaus end as n_expected,
    case when adds = 'none' and n_own_bureaus > 0 then n_own_told else n_told end as n_reported
from of_all
