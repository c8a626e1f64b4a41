with
    sheets as (select name, title from {{ source("reference", "sheet") }}),

    findings as (select * from {{ source("registry", "finding") }} where finding_id is not null),

    -- a finding by itself, and for the cause that takes it; a cause in a file may be taken by another
    told as (
        select
            finding.finding_id,
            finding.finding_id as own_id,
            finding.submission_id,
            finding.sheet,
            finding.cell,
            finding.column_name
        from findings as finding
        union all
        select
            finding.cause_id as finding_id,
            finding.finding_id as own_id,
            finding.submission_id,
            finding.sheet,
            finding.cell,
            finding.column_name
        from findings as finding
        where finding.cause_id is not null
        union all
        select
            cause.cause_id as finding_id,
            finding.finding_id as own_id,
            finding.submission_id,
            finding.sheet,
            finding.cell,
            finding.column_name
        from findings as finding
        inner join findings as cause on finding.cause_id = cause.finding_id
        where cause.cause_id is not null
    ),

    found as (
        select distinct
            told.finding_id,
            told.own_id,
            told.submission_id,
            sheets.name as sheet,
            cells.record,
            cells.column_name,
            cells.raw_text
        from told
        inner join {{ ref("stg_submission") }} as submission on told.submission_id = submission.submission_id
        inner join sheets on told.sheet = sheets.title
        inner join
            {{ source("registry", "cell") }} as cells
            on told.submission_id = cells.submission_id
            and sheets.name = cells.sheet
            and told.cell = cells.cell
            and told.column_name = cells.column_name
        where not cells.is_suppressed
    ),

    suggested as (
        select finding_id, column_name, amount, words from {{ source("registry", "suggested_cell") }}
    ),

    changes as (
        select
            found.finding_id,
            found.submission_id,
            found.sheet,
            found.record,
            suggested.column_name,
            suggested.amount,
            suggested.words,
            true as is_suggested
        from found
        inner join suggested on found.own_id = suggested.finding_id
        union all
        -- nothing is suggested: the value left out
        select
            found.finding_id,
            found.submission_id,
            found.sheet,
            found.record,
            found.column_name,
            cast(null as {{ type_amount() }}) as amount,
            cast(null as {{ dbt.type_string() }}) as words,
            false as is_suggested
        from found
        left join suggested on found.own_id = suggested.finding_id
        where suggested.finding_id is null and found.raw_text <> ''
    )

-- of two findings of a cause that suggest different things for a cell, one counts
select
    finding_id,
    submission_id,
    sheet,
    record,
    column_name,
    max(amount) as amount,
    max(words) as words,
    max(case when is_suggested then 1 else 0 end) = 1 as is_suggested
from changes
group by finding_id, submission_id, sheet, record, column_name
