with
    counted as (
        select code as indicator_code, counted_indicator, counted_below, counted_ownership
        from {{ source("reference", "indicator") }}
        where kind = 'school_count'
    ),

    city as (select code as region_code from {{ source("reference", "city") }}),

    members as (
        select member.report_year, member.scope_code, member.school_code, roster.ownership
        from {{ ref("int_scope_member") }} as member
        inner join
            {{ ref("stg_roster") }} as roster
            on member.report_year = roster.report_year
            and member.school_code = roster.school_code
    ),

    school_values as (
        select report_year, subject_code, indicator_code, value, status
        from {{ ref("int_indicator") }}
        where subject_kind = 'school'
    ),

    judged as (
        select
            members.report_year,
            members.scope_code,
            counted.indicator_code,
            case when school_values.value < counted.counted_below then 1 else 0 end as is_counted,
            case when school_values.status in ('ok', 'not_applicable') then 1 else 0 end as is_known
        from members
        cross join counted
        inner join
            school_values
            on members.report_year = school_values.report_year
            and members.school_code = school_values.subject_code
            and counted.counted_indicator = school_values.indicator_code
        where counted.counted_ownership is null or counted.counted_ownership = members.ownership
    ),

    counts as (
        select
            report_year,
            scope_code,
            indicator_code,
            sum(is_counted) as counted_schools,
            count(*) as n_expected,
            sum(is_known) as n_reported
        from judged
        group by report_year, scope_code, indicator_code
    ),

    -- a scope without any school of the kind counts none
    expected as (
        select distinct members.report_year, members.scope_code, counted.indicator_code
        from members
        cross join counted
    )

select
    expected.report_year,
    'region' as subject_kind,
    city.region_code as subject_code,
    expected.scope_code,
    expected.indicator_code,
    'standard' as definition,
    cast(
        case
            when coalesce(counts.n_reported, 0) > 0 or counts.n_expected is null
            then coalesce(counts.counted_schools, 0)
        end as {{ type_amount() }}
    ) as numerator,
    cast(null as {{ type_amount() }}) as denominator,
    cast(
        case
            when coalesce(counts.n_reported, 0) > 0 or counts.n_expected is null
            then coalesce(counts.counted_schools, 0)
        end as {{ type_value() }}
    ) as value,
    case
        when counts.n_expected is null or counts.n_reported = counts.n_expected
        then 'ok'
        when counts.n_reported > 0
        then 'incomplete'
        else 'unavailable'
    end as status,
    cast(coalesce(counts.n_expected, 0) as bigint) as n_expected,
    cast(coalesce(counts.n_reported, 0) as bigint) as n_reported
from expected
cross join city
left join
    counts
    on expected.report_year = counts.report_year
    and expected.scope_code = counts.scope_code
    and expected.indicator_code = counts.indicator_code
