select
    cells.submission_id,
    cells.sheet,
    cells.record,
    cells.column_name,
    {{ origin_rank("cells.origin") }} as origin_rank
from {{ source("registry", "cell") }} as cells
inner join {{ ref("stg_submission") }} as submission on cells.submission_id = submission.submission_id
where cells.origin <> 'submitted'
