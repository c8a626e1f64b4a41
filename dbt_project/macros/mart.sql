{#
    A chapter's indicators below each other, each value with all that it holds under: how complete it is, what a rate
    counts, where it comes from, in which release its year last stood.
#}
{% macro mart(chapter) %}
    with
        indicators as (
            select indicator_code, label, unit, level, kind
            from {{ ref("dim_indicator") }}
            where chapter = '{{ chapter }}'
        ),

        facts as (
            select
                report_year,
                region_code,
                subject_kind,
                subject_code,
                scope_code,
                indicator_code,
                definition,
                denominator,
                value,
                rounded_value,
                display,
                status,
                n_expected,
                n_reported,
                origin
            from {{ ref("fct_indicator_value") }}
        ),

        bases as (select indicator_code, definition, base from {{ ref("dim_definition") }}),

        coverage as (
            select
                report_year,
                'region' as subject_kind,
                region_code,
                scope_code,
                schools_expected,
                schools_reported,
                students_percent
            from {{ ref("fct_coverage") }}
        ),

        releases as (select report_year, version from {{ ref("dim_release") }} where is_latest),

        schools as (
            select report_year, 'school' as subject_kind, school_code, position from {{ ref("dim_school") }}
        ),

        regions as (select 'region' as subject_kind, region_code, sequence from {{ ref("dim_region") }})

    select
        facts.report_year,
        facts.region_code,
        facts.subject_kind,
        facts.subject_code,
        facts.scope_code,
        facts.indicator_code,
        cast(coalesce(schools.position, regions.sequence) as bigint) as position,
        indicators.label,
        indicators.unit,
        facts.value,
        facts.rounded_value,
        facts.display,
        facts.status,
        {{ reason_of("facts.status") }} as reason,
        bases.base,
        facts.denominator,
        facts.n_expected,
        facts.n_reported,
        {{ students_percent_of("facts", "indicators", "coverage") }} as students_percent,
        {{ coverage_of("facts", "indicators", "coverage") }} as coverage,
        facts.origin,
        releases.version as release
    from facts
    inner join indicators on facts.indicator_code = indicators.indicator_code
    left join bases on facts.indicator_code = bases.indicator_code and facts.definition = bases.definition
    left join
        coverage
        on facts.report_year = coverage.report_year
        and facts.subject_kind = coverage.subject_kind
        and facts.region_code = coverage.region_code
        and facts.scope_code = coverage.scope_code
    left join releases on facts.report_year = releases.report_year
    left join
        schools
        on facts.report_year = schools.report_year
        and facts.subject_kind = schools.subject_kind
        and facts.subject_code = schools.school_code
    left join
        regions on facts.subject_kind = regions.subject_kind and facts.subject_code = regions.region_code
{% endmacro %}
