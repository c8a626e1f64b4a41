with
    printed_figures as (
        select
            *,
            -- as many decimals as the print has, up to four
            length(regexp_extract(printed, '[0-9]+[.]([0-9]+)', 1)) as printed_decimals
        from {{ ref("dim_published_figure") }}
    ),

    indicators as (select indicator_code, decimals, display from {{ ref("dim_indicator") }}),

    -- few figures are printed, and many values are not
    facts as (
        select
            facts.report_year,
            facts.subject_code,
            facts.scope_code,
            facts.indicator_code,
            facts.value,
            facts.status,
            facts.n_expected,
            facts.n_reported,
            facts.origin
        from {{ ref("fct_indicator_value") }} as facts
        inner join
            (
                select distinct figure_year, subject_code, scope_code, indicator_code
                from printed_figures
                where kind = 'value'
            ) as wanted
            on facts.report_year = wanted.figure_year
            and facts.subject_code = wanted.subject_code
            and facts.scope_code = wanted.scope_code
            and facts.indicator_code = wanted.indicator_code
    ),

    -- what was printed is held against the difference of the two prints, also where a change is none
    changes as (
        select
            changes.report_year,
            changes.subject_code,
            changes.indicator_code,
            changes.rounded_value - changes.previous_rounded_value as change_value,
            changes.comparability,
            changes.reason,
            changes.status,
            changes.n_expected,
            changes.n_reported,
            changes.origin
        from {{ ref("fct_indicator_change") }} as changes
        inner join
            (
                select distinct figure_year, subject_code, indicator_code
                from printed_figures
                where kind = 'change'
            ) as wanted
            on changes.report_year = wanted.figure_year
            and changes.subject_code = wanted.subject_code
            and changes.indicator_code = wanted.indicator_code
    ),

    standards as (
        select indicator_code, max(bound) as bound from {{ ref("fct_standard") }} group by indicator_code
    ),

    coverage as (select report_year, region_code, scope_code, coverage from {{ ref("fct_coverage") }}),

    releases as (select report_year, version from {{ ref("dim_release") }} where is_latest),

    computed as (
        select
            printed_figures.report_year,
            printed_figures.region_code,
            printed_figures.figure_id,
            printed_figures.section,
            printed_figures.figure_year,
            printed_figures.label,
            printed_figures.subject_code,
            printed_figures.indicator_code,
            printed_figures.kind,
            printed_figures.scope_code,
            printed_figures.printed,
            printed_figures.printed_value,
            printed_figures.unit,
            printed_figures.precision,
            printed_figures.printed_decimals,
            printed_figures.reason,
            printed_figures.unit_divisor,
            indicators.display as display_form,
            case when printed_figures.unit_divisor > 1 then 4 else indicators.decimals end as decimals,
            case
                printed_figures.kind
                when 'value'
                then facts.value
                when 'change'
                then changes.change_value
                when 'standard'
                then standards.bound
                when 'target'
                then printed_figures.target_value
            end as value_in_own_unit,
            coalesce(changes.status, facts.status, 'ok') as status,
            coalesce(changes.n_expected, facts.n_expected) as n_expected,
            coalesce(changes.n_reported, facts.n_reported) as n_reported,
            coalesce(changes.origin, facts.origin) as origin,
            changes.reason as change_reason,
            changes.comparability
        from printed_figures
        inner join indicators on printed_figures.indicator_code = indicators.indicator_code
        left join
            facts
            on printed_figures.figure_year = facts.report_year
            and case when printed_figures.kind = 'value' then printed_figures.subject_code end
            = facts.subject_code
            and printed_figures.scope_code = facts.scope_code
            and printed_figures.indicator_code = facts.indicator_code
        left join
            changes
            on printed_figures.figure_year = changes.report_year
            and case when printed_figures.kind = 'change' then printed_figures.subject_code end
            = changes.subject_code
            and printed_figures.indicator_code = changes.indicator_code
        left join
            standards
            on case when printed_figures.kind = 'standard' then printed_figures.indicator_code end
            = standards.indicator_code
    ),

    covered as (
        select computed.*, coverage.coverage
        from computed
        left join
            coverage
            on computed.figure_year = coverage.report_year
            and computed.region_code = coverage.region_code
            and computed.scope_code = coverage.scope_code
    ),

    in_unit as (
        select
            *,
            cast(
                case
                    when unit_divisor = 1
                    then abs(value_in_own_unit)
                    else {{ exact_ratio("abs(value_in_own_unit)", "unit_divisor", "1") }}
                end as {{ type_value() }}
            ) as magnitude
        from covered
    ),

    compared as (
        select
            *,
            cast(
                case when value_in_own_unit < 0 then - magnitude else magnitude end as {{ type_value() }}
            ) as exact_value,
            {{ rounded("magnitude", "decimals") }} as rounded_magnitude
        from in_unit
    ),

    worded as (
        select
            *,
            case
                when display_form = 'to_one'
                then {{ fixed_text("rounded_magnitude", "decimals") }}
                else {{ trimmed_text("rounded_magnitude") }}
            end as number_text,
            case
                when printed not like '%↑%' and printed not like '%↓%'
                then printed
                when value_in_own_unit < 0
                then replace(printed, '↑', '↓')
                else replace(printed, '↓', '↑')
            end as pattern
        from compared
    )

select
    worded.report_year,
    region_code,
    figure_id,
    section,
    figure_year,
    label,
    subject_code,
    indicator_code,
    kind,
    scope_code,
    exact_value,
    unit,
    {{ first_number_replaced("pattern", "number_text") }} as displayed,
    printed,
    printed_value,
    status,
    comparability,
    coverage,
    {{ verdict("exact_value", "printed_value", "printed_decimals", "precision = 'at_least'") }} as verdict,
    reason,
    origin,
    cast(
        case
            when value_in_own_unit < 0 then - rounded_magnitude else rounded_magnitude
        end as {{ type_amount() }}
    ) as rounded_value,
    n_expected,
    n_reported,
    coalesce({{ reason_of("status") }}, change_reason) as condition,
    releases.version as release
from worded
left join releases on worded.report_year = releases.report_year
