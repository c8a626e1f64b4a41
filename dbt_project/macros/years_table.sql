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

        labels as (select indicator_code, label from {{ ref("dim_indicator") }}),

        facts as (
            select
                report_year as year,
                region_code,
                scope_code,
                values_of_regions.indicator_code,
                value,
                status,
                labels.label || '：' || {{ reason_of("status") }} as why,
                n_expected,
                n_reported,
                origin
            from {{ ref("fct_indicator_value") }} as values_of_regions
            inner join labels on values_of_regions.indicator_code = labels.indicator_code
            where
                subject_kind = 'region'
                and values_of_regions.indicator_code in ('{{ indicators | join("', '") }}')
        ),

        coverage as (select report_year, region_code, scope_code, coverage from {{ ref("fct_coverage") }}),

        releases as (select report_year, version from {{ ref("dim_release") }} where is_latest)

    select
        choices.report_year,
        choices.region_code,
        facts.year,
        cast(facts.year - choices.report_year + 4 as bigint) as row_number,
        nullif({{ joined_texts("facts.why", "；") }}, '') as reason,
        {{ weakest_origin("facts.origin") }} as origin,
        {% for indicator in indicators %}
            cast(
                max(case when facts.indicator_code = '{{ indicator }}' then facts.value end) as bigint
            ) as {{ indicator }},
        {% endfor %}
        max(facts.status) as status,
        max(facts.n_expected) as n_expected,
        min(facts.n_reported) as n_reported,
        max(coverage.coverage) as coverage,
        choices.scope_code,
        {% for indicator in indicators %}
            max(
                case when facts.indicator_code = '{{ indicator }}' then facts.status end
            ) as {{ indicator ~ "_status" }},
        {% endfor %}
        max(releases.version) as release
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
    left join releases on choices.report_year = releases.report_year
    group by choices.report_year, choices.region_code, choices.scope_code, facts.year
{% endmacro %}
