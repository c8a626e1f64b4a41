select
    finding.submission_id,
    submission.report_year,
    submission.respondent_code,
    submission.status as submission_status,
    finding.stage,
    finding.rule_id,
    finding.severity,
    finding.file_name,
    finding.sheet,
    finding.cell,
    finding.column_name,
    finding.value,
    finding.message,
    finding.fix
from {{ source("registry", "finding") }} as finding
inner join
    {{ source("registry", "submission") }} as submission on finding.submission_id = submission.submission_id
