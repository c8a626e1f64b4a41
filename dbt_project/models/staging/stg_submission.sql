select submission_id, respondent_code, report_year, file_name, received_at, decided_at
from {{ source("registry", "submission") }}
where is_current
