with
    verdicts as (select report_year, school_code, edition, verdict from {{ ref("fct_edition_verdict") }}),

    members as (select report_year, scope_code, school_code, region_code from {{ ref("brg_scope_school") }}),

    paths as (select region_code, ancestor_code from {{ source("reference", "region_path") }}),

    counted as (
        select
            members.report_year,
            paths.ancestor_code as region_code,
            members.scope_code,
            verdicts.edition,
            cast(sum(case when verdicts.verdict = 'excluded' then 0 else 1 end) as bigint) as n_schools,
            cast(sum(case when verdicts.verdict = 'met' then 1 else 0 end) as bigint) as n_met,
            cast(sum(case when verdicts.verdict = 'missed' then 1 else 0 end) as bigint) as n_missed,
            cast(
                sum(case when verdicts.verdict = 'not_verifiable' then 1 else 0 end) as bigint
            ) as n_not_verifiable,
            cast(sum(case when verdicts.verdict = 'excluded' then 1 else 0 end) as bigint) as n_excluded
        from verdicts
        inner join
            members
            on verdicts.report_year = members.report_year
            and verdicts.school_code = members.school_code
        inner join paths on members.region_code = paths.region_code
        group by members.report_year, paths.ancestor_code, members.scope_code, verdicts.edition
    ),

    -- a school that cannot be judged may meet all or not: the share lies between these two
    shared as (
        select
            *,
            cast({{ exact_ratio("n_met", "n_schools", "100") }} as {{ type_value() }}) as share,
            cast(
                {{ exact_ratio("(n_met + n_not_verifiable)", "n_schools", "100") }} as {{ type_value() }}
            ) as share_at_most
        from counted
    ),

    -- the last target that was due by the end of the year
    due as (
        select
            shared.report_year,
            shared.region_code,
            shared.scope_code,
            shared.edition,
            targets.by_year,
            targets.share as target,
            row_number() over (
                partition by shared.report_year, shared.region_code, shared.scope_code, shared.edition
                order by targets.by_year desc nulls last
            ) as position
        from shared
        inner join
            {{ source("reference", "edition_target") }} as targets
            on shared.edition = targets.edition
            and shared.report_year >= targets.by_year
    )

select
    shared.report_year,
    shared.region_code,
    shared.scope_code,
    shared.edition,
    shared.n_schools,
    shared.n_met,
    shared.n_missed,
    shared.n_not_verifiable,
    shared.n_excluded,
    shared.share,
    shared.share_at_most,
    due.target,
    due.by_year as target_by,
    case
        when due.target is null
        then 'no_target'
        when shared.share >= due.target
        then 'met'
        when shared.share_at_most < due.target
        then 'missed'
        else 'not_verifiable'
    end as verdict
from shared
left join
    due
    on shared.report_year = due.report_year
    and shared.region_code = due.region_code
    and shared.scope_code = due.scope_code
    and shared.edition = due.edition
    and due.position = 1
