with
    -- what two checks find alike is one problem
    findings as (
        select distinct
            finding_id,
            submission_id,
            stage,
            rule_id,
            severity,
            file_name,
            sheet,
            cell,
            column_name,
            record_key,
            value,
            rule_version,
            suggestion,
            explanation_id,
            message,
            fix,
            cause_id
        from {{ source("registry", "finding") }}
    ),

    placed as (
        select
            submission_id,
            respondent_code is not null and report_year is not null as is_known,
            is_current,
            max(case when is_current then 1 else 0 end) over (
                partition by respondent_code, report_year
            ) as stands,
            row_number() over (
                partition by respondent_code, report_year
                order by precedence desc nulls last, saved_at desc nulls last, submission_id asc nulls last
            ) as position
        from {{ source("registry", "submission") }}
    )

select
    finding.finding_id,
    finding.submission_id,
    submission.report_year,
    submission.respondent_code,
    coalesce(period.region_code, respondent.region_code) as region_code,
    submission.status as submission_status,
    case
        when not placed.is_known or placed.is_current or (placed.stands = 0 and placed.position = 1)
        then 'counts'
        when placed.position = 1
        then 'latest'
        else 'earlier'
    end as of_version,
    finding.stage,
    finding.rule_id,
    finding.rule_version,
    finding.severity,
    finding.file_name,
    finding.sheet,
    finding.cell,
    finding.column_name,
    finding.record_key,
    finding.value,
    finding.message,
    finding.suggestion,
    finding.fix,
    finding.explanation_id is not null as is_explained,
    finding.explanation_id,
    explanation.state as explanation_state,
    explanation.reason as explanation,
    explanation.author as explanation_author,
    finding.cause_id
from findings as finding
inner join
    {{ source("registry", "submission") }} as submission on finding.submission_id = submission.submission_id
inner join placed on finding.submission_id = placed.submission_id
left join
    {{ source("reference", "respondent") }} as respondent on submission.respondent_code = respondent.code
left join
    {{ source("reference", "respondent_period") }} as period
    on submission.respondent_code = period.code
    and submission.report_year between period.from_year and period.to_year
left join
    {{ source("registry", "explanation") }} as explanation
    on finding.explanation_id = explanation.explanation_id
