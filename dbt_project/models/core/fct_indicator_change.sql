with
    choices as (select report_year, region_code, topic, scope_code from {{ ref("dim_scope_choice") }}),

    indicators as (
        select indicator_code, topic, kind, unit, decimals, display from {{ ref("dim_indicator") }}
    ),

    -- each indicator of a region in the scope that its bureau chose for its part of the report; a school
    -- has one scope
    chosen as (
        select
            facts.report_year,
            facts.region_code,
            facts.subject_kind,
            facts.subject_code,
            facts.indicator_code,
            facts.scope_code,
            facts.definition,
            facts.denominator,
            facts.value,
            facts.rounded_value,
            facts.display,
            facts.status,
            facts.n_expected,
            facts.n_reported,
            facts.origin,
            case when indicators.unit = '%' then '百分点' else indicators.unit end as change_unit,
            indicators.kind,
            indicators.display as display_form
        from {{ ref("fct_indicator_value") }} as facts
        inner join indicators on facts.indicator_code = indicators.indicator_code
        left join
            choices
            on facts.report_year = choices.report_year
            and case when facts.subject_kind = 'region' then facts.region_code end = choices.region_code
            and facts.scope_code = choices.scope_code
            and indicators.topic = choices.topic
        where facts.subject_kind = 'school' or choices.topic is not null
    ),

    -- a school that another went into, or that was split, is not the school that it was
    other_schools as (
        select report_year, school_code
        from {{ ref("brg_school_predecessor") }}
        union
        select report_year, predecessor_code as school_code
        from {{ ref("brg_school_predecessor") }}
    ),

    compared as (
        select
            this_year.*,
            last_year.scope_code as previous_scope_code,
            last_year.definition as previous_definition,
            last_year.value as previous_value,
            last_year.rounded_value as previous_rounded_value,
            last_year.origin as previous_origin,
            last_year.display as previous_display,
            last_year.status as previous_status,
            -- the difference of what is printed, so that a reader can check it on the page
            this_year.rounded_value - last_year.rounded_value as difference,
            other_schools.school_code is not null as is_another_school
        from chosen as this_year
        left join
            chosen as last_year
            on this_year.report_year = last_year.report_year + 1
            and this_year.subject_code = last_year.subject_code
            and this_year.indicator_code = last_year.indicator_code
        left join
            other_schools
            on this_year.report_year = other_schools.report_year
            and this_year.subject_code = other_schools.school_code
    ),

    judged as (
        select
            *,
            case
                when difference is null
                then 'not_verifiable'
                when is_another_school
                then 'school_break'
                when scope_code <> previous_scope_code
                then 'scope_break'
                when definition <> previous_definition
                then 'definition_break'
                when status = 'incomplete' or previous_status = 'incomplete'
                then 'incomplete'
                else 'comparable'
            end as comparability
        from compared
    ),

    -- across a break there is a difference, and no change
    changed as (
        select *, case when comparability in ('comparable', 'incomplete') then difference end as change_value
        from judged
    )

select
    report_year,
    region_code,
    subject_kind,
    subject_code,
    indicator_code,
    scope_code,
    previous_scope_code,
    definition,
    denominator,
    value,
    previous_value,
    cast(change_value as {{ type_amount() }}) as change_value,
    change_unit,
    display,
    previous_display,
    case
        when change_value > 0
        then {{ trimmed_text("change_value") }} || '↑'
        when change_value < 0
        then {{ trimmed_text("-change_value") }} || '↓'
        when change_value = 0
        then '持平'
    end as change_display,
    comparability,
    status,
    n_expected,
    n_reported,
    previous_status,
    {{ why_not_compared() }} as reason,
    origin,
    rounded_value,
    previous_rounded_value,
    previous_origin
from changed
