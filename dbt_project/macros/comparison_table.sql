{#
    A report table that sets last year beside this year: one row for each line that the catalogue lists for
    the table, in print order, for every report year and region. Each year stands in the scope that the region's
    bureau chose for it; `comparability` says when the two are not the same.
#}
{% macro comparison_table(table_code) %}
    with
        lines as (
            select row_number, group_label, item_label, indicator_code, shows_change, since, until
            from {{ ref("dim_table_row") }}
            where table_code = '{{ table_code }}'
        ),

        changes as (select * from {{ ref("fct_indicator_change") }} where subject_kind = 'region'),

        -- each year's scope by its label of that year
        scopes as (select scope_code, from_year, to_year, label from {{ ref("dim_scope_period") }}),

        indicators as (select indicator_code, unit, level, kind from {{ ref("dim_indicator") }}),

        coverage as (
            select
                report_year,
                'region' as subject_kind,
                region_code,
                scope_code,
                schools_expected,
                schools_reported,
                students_percent,
                coverage
            from {{ ref("fct_coverage") }}
        ),

        bases as (select indicator_code, definition, base from {{ ref("dim_definition") }}),

        releases as (select report_year, version from {{ ref("dim_release") }} where is_latest)

    select
        changes.report_year,
        changes.region_code,
        -- the lines of a year are numbered without a gap, whatever lines other years have
        cast(
            row_number() over (
                partition by changes.report_year, changes.region_code order by lines.row_number nulls last
            ) as bigint
        ) as row_number,
        lines.group_label,
        lines.item_label,
        lines.indicator_code,
        indicators.unit,
        changes.previous_value,
        changes.value,
        case when lines.shows_change then changes.change_value end as change_value,
        changes.previous_display,
        changes.display as current_display,
        case when lines.shows_change then changes.change_display end as change_display,
        {{ trimmed_text("changes.denominator") }} as denominator_display,
        previous_scope.label as previous_scope_label,
        current_scope.label as scope_label,
        changes.comparability,
        changes.status,
        changes.n_expected,
        changes.n_reported,
        coverage.coverage,
        changes.scope_code,
        changes.rounded_value,
        {{ reason_of("changes.status") }} as reason,
        changes.previous_rounded_value,
        changes.previous_status,
        {{ reason_of("coalesce(changes.previous_status, 'missing')") }} as previous_reason,
        case when lines.shows_change then changes.reason else '本表不列变化' end as change_reason,
        bases.base,
        {{ students_percent_of("changes", "indicators", "coverage") }} as students_percent,
        changes.origin,
        changes.previous_origin,
        releases.version as release
    from lines
    inner join
        changes
        on lines.indicator_code = changes.indicator_code
        and changes.report_year >= coalesce(lines.since, changes.report_year)
        and changes.report_year <= coalesce(lines.until, changes.report_year)
    inner join indicators on lines.indicator_code = indicators.indicator_code
    left join bases on changes.indicator_code = bases.indicator_code and changes.definition = bases.definition
    left join releases on changes.report_year = releases.report_year
    inner join
        scopes as current_scope
        on changes.scope_code = current_scope.scope_code
        and changes.report_year between current_scope.from_year and current_scope.to_year
    left join
        coverage
        on changes.report_year = coverage.report_year
        and changes.region_code = coverage.region_code
        and changes.scope_code = coverage.scope_code
    left join
        scopes as previous_scope
        on changes.previous_scope_code = previous_scope.scope_code
        and changes.report_year - 1 between previous_scope.from_year and previous_scope.to_year
{% endmacro %}
