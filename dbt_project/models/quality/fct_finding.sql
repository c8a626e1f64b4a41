with
    -- what two checks find alike is one problem
    findings as (
        select distinct
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
            fix
        from {{ source("registry", "finding") }}
    )

select
    finding.submission_id,
    submission.report_year,
    submission.respondent_code,
    respondent.region_code,
    submission.status as submission_status,
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
    explanation.author as explanation_author
from findings as finding
inner join
    {{ source("registry", "submission") }} as submission on finding.submission_id = submission.submission_id
left join
    {{ source("reference", "respondent") }} as respondent on submission.respondent_code = respondent.code
left join
    {{ source("registry", "explanation") }} as explanation
    on finding.explanation_id = explanation.explanation_id
