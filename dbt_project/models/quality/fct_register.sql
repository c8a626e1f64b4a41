with
    today as (
        select coalesce(max(cast(value as date)), current_date) as today
        from {{ source("registry", "state") }}
        where name = 'today'
    ),

    versions as (select * from {{ ref("fct_submission") }}),

    latest as (
        select *
        from
            (
                select
                    *,
                    row_number() over (
                        partition by report_year, respondent_code
                        order by
                            precedence desc nulls last, saved_at desc nulls last, submission_id nulls last
                    ) as position
                from versions
            ) as ranked
        where position = 1
    ),

    current_ones as (
        select
            report_year,
            respondent_code,
            submission_id,
            file_name,
            received_at,
            decision_reason,
            errors,
            warnings
        from versions
        where is_current
    ),

    changes as (
        select
            report_year,
            respondent_code,
            state,
            changed_at,
            reason,
            row_number() over (
                partition by report_year, respondent_code order by step desc nulls last
            ) as position
        from {{ source("registry", "state_change") }}
    ),

    counted as (
        select
            report_year,
            respondent_code,
            count(submission_id) as versions,
            sum(case when status = 'rejected' then 1 else 0 end) as versions_rejected,
            min(received_at) as first_received_at
        from versions
        group by report_year, respondent_code
    ),

    unexplained as (
        select submission_id, count(*) as warnings_unexplained
        from {{ ref("fct_finding") }}
        where severity = 'warning' and not is_explained and cause_id is null
        group by submission_id
    ),

    regions as (select code as region_code, sequence from {{ source("reference", "region") }}),

    listed as (
        select report_year, school_code, min(sequence) as sequence
        from {{ ref("stg_roster") }}
        group by report_year, school_code
    )

select
    latest.report_year,
    latest.respondent_code,
    latest.respondent_name,
    latest.respondent_kind,
    latest.region_code,
    -- regions as they are declared, in each the schools as the roster has them
    cast(
        row_number() over (
            partition by latest.report_year
            order by
                regions.sequence asc nulls last,
                listed.sequence asc nulls last,
                latest.respondent_code asc nulls last
        ) as bigint
    ) as position,
    coalesce(changes.state, 'unsent') as state,
    changes.changed_at as state_since,
    changes.reason as state_reason,
    current_ones.submission_id is null and today.today > latest.due as is_overdue,
    latest.opens,
    latest.due,
    latest.freezes,
    cast(
        case
            when current_ones.submission_id is null and today.today > latest.due
            then {{ dbt.datediff("latest.due", "today.today", "day") }}
            else 0
        end as bigint
    ) as days_overdue,
    today.today > latest.freezes as is_frozen,
    cast(counted.versions as bigint) as versions,
    cast(counted.versions_rejected as bigint) as versions_rejected,
    counted.first_received_at,
    current_ones.submission_id as current_submission_id,
    current_ones.file_name as current_file_name,
    current_ones.received_at as current_received_at,
    current_ones.decision_reason as current_reason,
    latest.submission_id as latest_submission_id,
    latest.file_name as latest_file_name,
    case when latest.submission_id is not null then latest.status end as latest_status,
    latest.decision_reason as latest_reason,
    coalesce(current_ones.errors, latest.errors) as errors,
    coalesce(current_ones.warnings, latest.warnings) as warnings,
    cast(coalesce(unexplained.warnings_unexplained, 0) as bigint) as warnings_unexplained,
    latest.errors as latest_errors
from latest
inner join
    counted on latest.report_year = counted.report_year and latest.respondent_code = counted.respondent_code
cross join today
left join
    changes
    on latest.report_year = changes.report_year
    and latest.respondent_code = changes.respondent_code
    and changes.position = 1
left join
    current_ones
    on latest.report_year = current_ones.report_year
    and latest.respondent_code = current_ones.respondent_code
left join regions on latest.region_code = regions.region_code
left join listed on latest.report_year = listed.report_year and latest.respondent_code = listed.school_code
left join
    unexplained on coalesce(current_ones.submission_id, latest.submission_id) = unexplained.submission_id
