with
    indicators as (
        select indicator_code, topic, kind, scale, decimals, display from {{ ref("dim_indicator") }}
    ),

    -- each figure of a region in the scope in which it is printed
    printed as (
        select
            facts.report_year,
            facts.subject_code as region_code,
            facts.indicator_code,
            facts.scope_code,
            facts.definition,
            facts.numerator,
            facts.denominator,
            facts.rounded_value,
            facts.display,
            facts.n_reported,
            indicators.kind,
            indicators.scale,
            indicators.decimals,
            indicators.display as display_form
        from {{ ref("fct_indicator_value") }} as facts
        inner join indicators on facts.indicator_code = indicators.indicator_code
        inner join
            {{ ref("dim_scope_choice") }} as choices
            on facts.report_year = choices.report_year
            and facts.subject_code = choices.region_code
            and facts.scope_code = choices.scope_code
            and indicators.topic = choices.topic
        where facts.subject_kind = 'region'
    ),

    -- what is only said (info) asks nobody to change a cell
    findings as (
        select distinct finding_id, submission_id, sheet, column_name, coalesce(record_key, '') as record_key
        from {{ source("registry", "finding") }}
        where finding_id is not null and severity <> 'info'
    ),

    -- what is suggested for the cells of a cause is suggested by it
    suggested as (
        select finding_id
        from {{ source("registry", "suggested_cell") }}
        union
        select finding.cause_id as finding_id
        from {{ source("registry", "finding") }} as finding
        inner join
            {{ source("registry", "suggested_cell") }} as cells on finding.finding_id = cells.finding_id
        where finding.cause_id is not null
    ),

    versions as (
        select submission_id, respondent_code, report_year, is_current
        from {{ source("registry", "submission") }}
        where respondent_code is not null and report_year is not null
    ),

    standing as (select distinct respondent_code, report_year from versions where is_current),

    judged as (
        select
            findings.finding_id,
            findings.submission_id,
            findings.sheet,
            findings.column_name,
            findings.record_key,
            versions.respondent_code,
            versions.report_year,
            case
                when versions.is_current
                then 'this'
                when standing.respondent_code is not null
                then 'last_accepted'
                else 'not_counted'
            end as counted,
            suggested.finding_id is not null as is_suggested
        from findings
        inner join versions on findings.submission_id = versions.submission_id
        left join
            standing
            on versions.respondent_code = standing.respondent_code
            and versions.report_year = standing.report_year
        left join suggested on findings.finding_id = suggested.finding_id
    ),

    shifted as (
        select
            shifts.finding_id,
            printed.report_year,
            printed.region_code,
            printed.indicator_code,
            case
                when shifts.is_instead
                then shifts.numerator_instead
                when printed.n_reported + shifts.reported_shift > 0
                then cast(coalesce(printed.numerator, 0) + shifts.numerator_shift as {{ type_amount() }})
            end as numerator,
            cast(
                coalesce(printed.denominator, 0) + shifts.denominator_shift as {{ type_amount() }}
            ) as denominator,
            printed.kind,
            printed.scale,
            printed.decimals,
            printed.display_form
        from {{ ref("int_mended_shift") }} as shifts
        inner join
            printed
            on shifts.report_year = printed.report_year
            and shifts.region_code = printed.region_code
            and shifts.scope_code = printed.scope_code
            and shifts.indicator_code = printed.indicator_code
            and shifts.definition = printed.definition
    ),

    valued as (
        select
            finding_id,
            report_year,
            region_code,
            indicator_code,
            kind,
            decimals,
            display_form,
            cast(
                case
                    when kind = 'ratio'
                    then {{ exact_ratio("numerator", "denominator", "scale") }}
                    else numerator
                end as {{ type_value() }}
            ) as value
        from shifted
    ),

    would_be as (
        select
            finding_id,
            report_year,
            region_code,
            indicator_code,
            kind,
            decimals,
            display_form,
            {{ rounded("value", "decimals") }} as rounded_value
        from valued
    ),

    -- of a cell that is in no figure, or blank: which figures would depend on it
    numbers_of_forms as (
        select distinct
            sheets.title,
            made_of.column_name,
            terms.indicator_code,
            terms.definition,
            terms.since,
            terms.until
        from {{ source("reference", "measure_column") }} as made_of
        inner join {{ source("reference", "sheet") }} as sheets on made_of.sheet = sheets.name
        inner join
            {{ source("reference", "indicator_term") }} as terms on made_of.measure_code = terms.measure_code
    ),

    regions as (
        select
            period.code as respondent_code,
            period.from_year,
            period.to_year,
            paths.ancestor_code as region_code
        from {{ source("reference", "respondent_period") }} as period
        inner join {{ source("reference", "region_path") }} as paths on period.region_code = paths.region_code
    ),

    depending as (
        select judged.finding_id, printed.report_year, printed.region_code, printed.indicator_code
        from judged
        inner join
            numbers_of_forms
            on judged.sheet = numbers_of_forms.title
            and judged.column_name = numbers_of_forms.column_name
        inner join
            regions
            on judged.respondent_code = regions.respondent_code
            and judged.report_year between regions.from_year and regions.to_year
        inner join
            printed
            on judged.report_year = printed.report_year
            and regions.region_code = printed.region_code
            and numbers_of_forms.indicator_code = printed.indicator_code
            and numbers_of_forms.definition = printed.definition
        left join would_be on judged.finding_id = would_be.finding_id
        where judged.record_key = '' and would_be.finding_id is null
    ),

    together as (
        select
            finding_id,
            report_year,
            region_code,
            indicator_code,
            true as is_known,
            rounded_value,
            {{ printed_text("rounded_value", "kind", "decimals", "display_form") }} as display
        from would_be
        union all
        select distinct
            finding_id,
            report_year,
            region_code,
            indicator_code,
            false as is_known,
            cast(null as {{ type_amount() }}) as rounded_value,
            cast(null as {{ dbt.type_string() }}) as display
        from depending
    )

select
    judged.finding_id,
    judged.submission_id,
    together.report_year,
    together.region_code,
    together.indicator_code,
    printed.scope_code,
    judged.counted,
    judged.is_suggested,
    printed.display as printed,
    together.display as would_be,
    together.is_known,
    together.is_known and coalesce(printed.display, '') <> coalesce(together.display, '') as moves,
    cast(together.rounded_value - printed.rounded_value as {{ type_amount() }}) as shift,
    cast(
        {{
            exact_ratio(
                "abs(together.rounded_value - printed.rounded_value)", "abs(printed.rounded_value)", "1"
            )
        }} as {{ type_value() }}
    ) as share
from together
inner join judged on together.finding_id = judged.finding_id
inner join
    printed
    on together.report_year = printed.report_year
    and together.region_code = printed.region_code
    and together.indicator_code = printed.indicator_code
