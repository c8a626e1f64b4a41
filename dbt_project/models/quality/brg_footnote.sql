with
    explained as (
        select
            finding.report_year,
            finding.respondent_code,
            finding.explanation_id,
            finding.sheet,
            finding.column_name,
            finding.record_key,
            finding.value
        from {{ ref("fct_finding") }} as finding
        inner join
            {{ ref("stg_submission") }} as submission on finding.submission_id = submission.submission_id
        where finding.is_explained
    ),

    approved as (
        select explanation_id, reason, author, approver
        from {{ source("registry", "explanation") }}
        where state = 'approved'
    ),

    sheets as (select name, title from {{ source("reference", "sheet") }}),

    columns as (
        select measure_code, sheet, column_name
        from {{ source("reference", "measure_column") }}
        where takes_all_rows
    ),

    terms as (select distinct indicator_code, measure_code from {{ source("reference", "indicator_term") }}),

    respondents as (select code, name, region_code from {{ source("reference", "respondent") }})

select distinct
    explained.report_year,
    terms.indicator_code,
    explained.explanation_id,
    explained.respondent_code,
    respondents.name as respondent_name,
    respondents.region_code,
    explained.sheet,
    explained.column_name,
    explained.record_key,
    explained.value,
    approved.reason,
    approved.author,
    approved.approver
from explained
inner join approved on explained.explanation_id = approved.explanation_id
inner join sheets on explained.sheet = sheets.title
inner join columns on sheets.name = columns.sheet and explained.column_name = columns.column_name
inner join terms on columns.measure_code = terms.measure_code
inner join respondents on explained.respondent_code = respondents.code
