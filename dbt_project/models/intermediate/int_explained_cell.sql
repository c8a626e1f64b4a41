with
    findings as (
        select distinct submission_id, sheet, cell, column_name, record_key, value, explanation_id
        from {{ source("registry", "finding") }}
        where explanation_id is not null
    ),

    approved as (
        select explanation_id, reason, author, approver
        from {{ source("registry", "explanation") }}
        where state = 'approved'
    ),

    sheets as (select name, title from {{ source("reference", "sheet") }})

select
    submission.report_year,
    submission.respondent_code,
    findings.submission_id,
    findings.explanation_id,
    sheets.name as sheet,
    sheets.title as sheet_title,
    findings.column_name,
    cells.record,
    findings.record_key,
    findings.value,
    approved.reason,
    approved.author,
    approved.approver
from findings
inner join approved on findings.explanation_id = approved.explanation_id
inner join {{ ref("stg_submission") }} as submission on findings.submission_id = submission.submission_id
inner join sheets on findings.sheet = sheets.title
inner join
    {{ source("registry", "cell") }} as cells
    on findings.submission_id = cells.submission_id
    and sheets.name = cells.sheet
    and findings.cell = cells.cell
    and findings.column_name = cells.column_name
