with
    indicators as (
        select code as indicator_code, kind, scale
        from {{ source("reference", "indicator") }}
        where kind in ('sum', 'ratio') and level = 'school'
    ),

    facts as (
        select
            facts.report_year,
            facts.subject_kind,
            facts.subject_code,
            facts.scope_code,
            facts.indicator_code,
            facts.definition,
            facts.numerator,
            facts.denominator,
            {{ whole_value("facts.value") }} as value,
            facts.status
        from {{ ref("fct_indicator_value") }} as facts
        inner join indicators on facts.indicator_code = indicators.indicator_code
    ),

    -- the region's change, where both years have the same definition and every school
    region_changes as (
        select
            this_year.report_year,
            this_year.subject_code as region_code,
            this_year.scope_code,
            this_year.indicator_code,
            this_year.numerator,
            this_year.denominator,
            last_year.numerator as previous_numerator,
            last_year.denominator as previous_denominator,
            this_year.value - last_year.value as region_change
        from facts as this_year
        inner join
            facts as last_year
            on this_year.report_year = last_year.report_year + 1
            and this_year.subject_code = last_year.subject_code
            and this_year.scope_code = last_year.scope_code
            and this_year.indicator_code = last_year.indicator_code
            and this_year.definition = last_year.definition
        where this_year.subject_kind = 'region' and this_year.status = 'ok' and last_year.status = 'ok'
    ),

    members as (
        select members.report_year, regions.region_code, members.scope_code, members.school_code
        from {{ ref("brg_scope_school") }} as members
        inner join
            {{ ref("brg_region_school") }} as regions
            on members.report_year = regions.report_year
            and members.school_code = regions.school_code
    ),

    -- whoever counted in one of the two years, each year's numbers beside the other's
    both_years as (
        select
            report_year,
            region_code,
            scope_code,
            school_code,
            max(is_now) as is_now,
            max(was_before) as was_before,
            -- a join on one side's flag beside the keys compares every row with every other
            case when max(is_now) = 1 then school_code end as code_now,
            case when max(was_before) = 1 then school_code end as code_before
        from
            (
                select report_year, region_code, scope_code, school_code, 1 as is_now, 0 as was_before
                from members
                union all
                select
                    report_year + 1 as report_year,
                    region_code,
                    scope_code,
                    school_code,
                    0 as is_now,
                    1 as was_before
                from members
            ) as of_each_year
        group by report_year, region_code, scope_code, school_code
    ),

    school_facts as (
        select
            report_year,
            subject_code as school_code,
            indicator_code,
            numerator,
            denominator,
            value,
            case
                when status in ('ok', 'not_applicable') and numerator is not null then 1 else 0
            end as is_known
        from facts
        where subject_kind = 'school'
    ),

    of_schools as (
        select
            region_changes.*,
            both_years.school_code,
            both_years.is_now,
            both_years.was_before,
            coalesce(this_year.numerator, 0) as school_numerator,
            coalesce(last_year.numerator, 0) as previous_school_numerator,
            coalesce(this_year.denominator, 0) as school_denominator,
            coalesce(last_year.denominator, 0) as previous_school_denominator,
            this_year.value as school_value,
            last_year.value as previous_school_value,
            case
                when both_years.is_now > coalesce(this_year.is_known, 0)
                then 0
                when both_years.was_before > coalesce(last_year.is_known, 0)
                then 0
                else 1
            end as is_known
        from region_changes
        inner join
            both_years
            on region_changes.report_year = both_years.report_year
            and region_changes.region_code = both_years.region_code
            and region_changes.scope_code = both_years.scope_code
        left join
            school_facts as this_year
            on both_years.report_year = this_year.report_year
            and both_years.code_now = this_year.school_code
            and region_changes.indicator_code = this_year.indicator_code
        left join
            school_facts as last_year
            on both_years.report_year = last_year.report_year + 1
            and both_years.code_before = last_year.school_code
            and region_changes.indicator_code = last_year.indicator_code
    ),

    -- one school that is hidden would follow from the others; what is not the sum of schools has no parts
    splittable as (
        select report_year, region_code, scope_code, indicator_code
        from of_schools
        group by report_year, region_code, scope_code, indicator_code
        having
            min(is_known) = 1
            and sum(school_numerator) = max(numerator)
            and sum(previous_school_numerator) = max(previous_numerator)
            and sum(school_denominator) = max(coalesce(denominator, 0))
            and sum(previous_school_denominator) = max(coalesce(previous_denominator, 0))
    ),

    changes as (
        select
            of_schools.*,
            indicators.kind,
            indicators.scale,
            of_schools.school_numerator - of_schools.previous_school_numerator as school_numerator_change,
            of_schools.school_denominator
            - of_schools.previous_school_denominator as school_denominator_change
        from of_schools
        inner join
            splittable
            on of_schools.report_year = splittable.report_year
            and of_schools.region_code = splittable.region_code
            and of_schools.scope_code = splittable.scope_code
            and of_schools.indicator_code = splittable.indicator_code
        inner join indicators on of_schools.indicator_code = indicators.indicator_code
    ),

    -- from here to the end in units of the twelfth decimal
    parts as (
        select
            *,
            case
                when kind = 'sum'
                then {{ whole_amount("school_numerator_change") }} * 100000000
                else {{ part_of_ratio() }}
            end as part,
            case
                when kind = 'sum'
                then null
                when school_denominator = 0 or previous_school_denominator = 0
                then 0
                else {{ rate_effect_of_ratio() }}
            end as rate_effect
        from changes
    ),

    -- the last decimals that were cut off go to the largest part
    ranked as (
        select
            *,
            sum(part) over (
                partition by report_year, region_code, scope_code, indicator_code
            ) as sum_of_parts,
            row_number() over (
                partition by report_year, region_code, scope_code, indicator_code
                order by abs(part) desc nulls last, school_code asc nulls last
            ) as position
        from parts
    ),

    exact as (
        select *, case when position = 1 then part + region_change - sum_of_parts else part end as exact_part
        from ranked
    )

select
    report_year,
    region_code,
    scope_code,
    indicator_code,
    school_code,
    case
        when is_now = 1 and was_before = 1 then 'stayed' when is_now = 1 then 'came' else 'left'
    end as membership,
    cast(
        case when was_before = 1 then previous_school_numerator end as {{ type_amount() }}
    ) as previous_numerator,
    cast(case when is_now = 1 then school_numerator end as {{ type_amount() }}) as numerator,
    cast(
        case
            when kind = 'ratio' and was_before = 1 then previous_school_denominator
        end as {{ type_amount() }}
    ) as previous_denominator,
    cast(
        case when kind = 'ratio' and is_now = 1 then school_denominator end as {{ type_amount() }}
    ) as denominator,
    {{ value_of_whole("exact_part") }} as part,
    {{ value_of_whole("rate_effect") }} as rate_effect,
    {{ value_of_whole("exact_part - rate_effect") }} as size_effect,
    {{ value_of_whole("region_change") }} as region_change
from exact
where
    school_numerator <> 0
    or previous_school_numerator <> 0
    or school_denominator <> 0
    or previous_school_denominator <> 0
    or exact_part <> 0
