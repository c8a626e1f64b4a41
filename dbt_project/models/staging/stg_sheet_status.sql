select status.submission_id, submission.report_year, submission.respondent_code, status.sheet, status.status
from {{ source("registry", "sheet_status") }} as status
inner join {{ ref("stg_submission") }} as submission on status.submission_id = submission.submission_id
