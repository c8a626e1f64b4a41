{#
    A report table that sets last year beside this year: one row for each line that the catalogue lists for
    the table, in print order, for every report year and region. Each year stands in the scope that the region's
    bureau chose for it; `comparability` says when the two are not the same.
#}
{% macro comparison_table(table_code) %}
    with
        lines as (
            select row_number, group_label, item_label, indicator_code, shows_change
            from {{ ref("dim_table_row") }}
            where table_code = '{{ table_code }}'
        ),

        changes as (select * from {{ ref("fct_indicator_change") }}),

        scopes as (select scope_code, label from {{ ref("dim_scope") }}),

        indicators as (select indicator_code, unit from {{ ref("dim_indicator") }}),

        coverage as (select report_year, region_code, scope_code, coverage from {{ ref("fct_coverage") }})

    select
        changes.report_year,
        changes.region_code,
        lines.row_number,
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
        coverage.coverage
    from lines
    inner join changes on lines.indicator_code = changes.indicator_code
    inner join indicators on lines.indicator_code = indicators.indicator_code
    inner join scopes as current_scope on changes.scope_code = current_scope.scope_code
    left join
        coverage
        on changes.report_year = coverage.report_year
        and changes.region_code = coverage.region_code
        and changes.scope_code = coverage.scope_code
    left join scopes as previous_scope on changes.previous_scope_code = previous_scope.scope_code
{% endmacro %}
