with
    suppressed_cells as (
        select submission_id, record
        from {{ source("registry", "cell") }}
        where is_suppressed and sheet = 'satisfaction' and column_name = 'respondents'
    ),

    answers as (select submission_id, record, item from {{ source("raw", "satisfaction") }}),

    submissions as (select submission_id, report_year, respondent_code from {{ ref("stg_submission") }})

select
    submissions.report_year,
    submissions.respondent_code as school_code,
    'satisfaction_' || answers.item as indicator_code
from suppressed_cells
inner join
    answers
    on suppressed_cells.submission_id = answers.submission_id
    and suppressed_cells.record = answers.record
inner join submissions on suppressed_cells.submission_id = submissions.submission_id
