with
    paths as (select region_code, ancestor_code from {{ source("reference", "region_path") }}),

    region_measures as (
        select code as measure_code from {{ source("reference", "measure") }} where level = 'region'
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
    )

-- each bureau reports on what has no bureau of its own below it, so that all bureaus of a region add up
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
