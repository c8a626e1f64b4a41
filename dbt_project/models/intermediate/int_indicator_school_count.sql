with
    counted as (
        select code as indicator_code, counted_indicator, counted_below, counted_ownership
        from {{ source("reference", "indicator") }}
        where kind = 'school_count'
    ),

    paths as (select region_code, ancestor_code from {{ source("reference", "region_path") }}),

    members as (
        select member.report_year, member.scope_code, member.school_code, member.region_code, roster.ownership
        from {{ ref("int_scope_member") }} as member
        inner join
            {{ ref("int_roster") }} as roster
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
            members.region_code,
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
            judged.report_year,
            paths.ancestor_code as region_code,
            judged.scope_code,
            judged.indicator_code,
            sum(judged.is_counted) as counted_schools,
            count(*) as n_expected,
            sum(judged.is_known) as n_reported
        from judged
        inner join paths on judged.region_code = paths.region_code
        group by judged.report_year, paths.ancestor_code, judged.scope_code, judged.indicator_code
    ),

    -- a scope without any school of the kind counts none
    expected as (
        select distinct
            members.report_year,
            paths.ancestor_code as region_code,
            members.scope_code,
            counted.indicator_code
        from members
        inner join paths on members.region_code = paths.region_code
        cross join counted
    )

select
    expected.report_year,
    'region' as subject_kind,
    expected.region_code as subject_code,
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
left join
    counts
    on expected.report_year = counts.report_year
    and expected.region_code = counts.region_code
    and expected.scope_code = counts.scope_code
    and expected.indicator_code = counts.indicator_code
