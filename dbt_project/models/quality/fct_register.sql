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
                        order by precedence desc nulls last, submission_id nulls last
                    ) as position
                from versions
            ) as ranked
        where position = 1
    ),

    current_ones as (
        select report_year, respondent_code, submission_id, file_name, received_at, decision_reason
        from versions
        where is_current
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
        where severity = 'warning' and not is_explained
        group by submission_id
    )

select
    latest.report_year,
    latest.respondent_code,
    latest.respondent_name,
    latest.respondent_kind,
    latest.region_code,
    case
        when current_ones.submission_id is not null
        then 'accepted'
        when counted.versions > 0
        then 'rejected'
        when today.today > latest.due
        then 'overdue'
        else 'expected'
    end as state,
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
    latest.errors,
    latest.warnings,
    cast(coalesce(unexplained.warnings_unexplained, 0) as bigint) as warnings_unexplained
from latest
inner join
    counted on latest.report_year = counted.report_year and latest.respondent_code = counted.respondent_code
cross join today
left join
    current_ones
    on latest.report_year = current_ones.report_year
    and latest.respondent_code = current_ones.respondent_code
left join unexplained on latest.submission_id = unexplained.submission_id
