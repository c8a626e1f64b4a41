-- of a file that was sent back no row is loaded: of its cells only the numbers of forms are known, and only
-- with
-- what is suggested
with
    versions as (
        select
            submission_id,
            respondent_code,
            report_year,
            status,
            row_number() over (
                partition by respondent_code, report_year
                order by precedence desc nulls last, submission_id asc nulls last
            ) as position
        from {{ source("registry", "submission") }}
        where respondent_code is not null and report_year is not null
    ),

    sheets as (select name, title from {{ source("reference", "sheet") }}),

    numbers_of_forms as (
        select made_of.measure_code, made_of.sheet, made_of.column_name
        from {{ source("reference", "measure_column") }} as made_of
        inner join {{ source("reference", "measure") }} as measures on made_of.measure_code = measures.code
        where made_of.measure_code = made_of.column_name and not measures.is_count
    )

select
    mended.finding_id,
    mended.report_year,
    mended.respondent_code,
    mended.subject_code,
    mended.measure_code,
    mended.value
from {{ ref("int_mended_measure") }} as mended
union all
select distinct
    finding.finding_id,
    versions.report_year,
    versions.respondent_code,
    versions.respondent_code as subject_code,
    numbers_of_forms.measure_code,
    cast(suggested.amount as {{ type_amount() }}) as value
from {{ source("registry", "finding") }} as finding
inner join
    versions
    on finding.submission_id = versions.submission_id
    and versions.position = 1
    and versions.status = 'rejected'
inner join sheets on finding.sheet = sheets.title
inner join
    {{ source("registry", "suggested_cell") }} as suggested on finding.finding_id = suggested.finding_id
inner join
    numbers_of_forms
    on sheets.name = numbers_of_forms.sheet
    and suggested.column_name = numbers_of_forms.column_name
where suggested.amount is not null and coalesce(finding.record_key, '') = ''
