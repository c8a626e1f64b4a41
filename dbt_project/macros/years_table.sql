{#
    A report table of every region with a row for each of the four years up to the report year and a column for each
    indicator, in the scope that the region's bureau chose for the part of the report.
#}
{% macro years_table(topic, indicators) %}
    with
        choices as (
            select report_year, region_code, scope_code
            from {{ ref("dim_scope_choice") }}
            where topic = '{{ topic }}'
        ),

        facts as (
            select
                report_year as year,
                region_code,
                scope_code,
                indicator_code,
                value,
                status,
                n_expected,
                n_reported
            from {{ ref("fct_indicator_value") }}
            where subject_kind = 'region' and indicator_code in ('{{ indicators | join("', '") }}')
        ),

        coverage as (select report_year, region_code, scope_code, coverage from {{ ref("fct_coverage") }})

    select
        choices.report_year,
        choices.region_code,
        facts.year,
        cast(facts.year - choices.report_year + 4 as bigint) as row_number,
        {% for indicator in indicators %}
            cast(
                max(case when facts.indicator_code = '{{ indicator }}' then facts.value end) as bigint
            ) as {{ indicator }},
        {% endfor %}
        max(facts.status) as status,
        max(facts.n_expected) as n_expected,
        min(facts.n_reported) as n_reported,
        max(coverage.coverage) as coverage
    from choices
    inner join
        facts
        on choices.region_code = facts.region_code
        and choices.scope_code = facts.scope_code
        and facts.year between choices.report_year - 3 and choices.report_year
    left join
        coverage
        on facts.year = coverage.report_year
        and facts.region_code = coverage.region_code
        and facts.scope_code = coverage.scope_code
    group by choices.report_year, choices.region_code, facts.year
{% endmacro %}
