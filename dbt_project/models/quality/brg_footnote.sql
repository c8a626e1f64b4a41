with
    measures as (select code as measure_code, level, filled_in_by from {{ source("reference", "measure") }}),

    indicators as (
        select code as indicator_code, kind, level, counted_indicator, counted_ownership
        from {{ source("reference", "indicator") }}
    ),

    own_terms as (
        select distinct
            terms.indicator_code,
            terms.indicator_code as valued_indicator,
            cast(null as {{ dbt.type_string() }}) as counted_ownership,
            indicators.kind = 'ratio' and indicators.level = 'school' as needs_value,
            terms.measure_code,
            terms.since,
            terms.until
        from {{ source("reference", "indicator_term") }} as terms
        inner join indicators on terms.indicator_code = indicators.indicator_code
    ),

    -- a count of schools rests on the cells of what it counts by
    terms as (
        select indicator_code, valued_indicator, counted_ownership, needs_value, measure_code, since, until
        from own_terms
        union all
        select
            indicators.indicator_code,
            own_terms.valued_indicator,
            indicators.counted_ownership,
            true as needs_value,
            own_terms.measure_code,
            own_terms.since,
            own_terms.until
        from own_terms
        inner join indicators on own_terms.indicator_code = indicators.counted_indicator
    ),

    -- by the definition that is in use in the year, not one that the city has given up or not begun to use
    taken as (
        select
            taken.report_year,
            taken.measure_code,
            taken.subject_code,
            taken.respondent_code,
            taken.submission_id,
            taken.explanation_id,
            taken.sheet,
            taken.column_name,
            taken.record,
            measures.level,
            measures.filled_in_by,
            terms.indicator_code,
            terms.valued_indicator,
            terms.counted_ownership,
            terms.needs_value
        from {{ ref("int_explained_measure") }} as taken
        inner join measures on taken.measure_code = measures.measure_code
        inner join
            terms
            on taken.measure_code = terms.measure_code
            and coalesce(terms.since, taken.report_year) <= taken.report_year
            and coalesce(terms.until, taken.report_year) >= taken.report_year
    ),

    -- what is said of a number that is not printed is not printed either
    hidden as (
        select report_year, subject_code as school_code, code as measure_code
        from {{ source("registry", "hidden_value") }}
        where kind = 'measure' and subject_kind = 'school'
    ),

    school_values as (
        select report_year, subject_code as school_code, indicator_code
        from {{ ref("int_indicator") }}
        where subject_kind = 'school' and status in ('ok', 'not_applicable')
    ),

    -- what is said of a school counts where the school does, if the school itself says it or the bureau that
    -- speaks of it; a ratio leaves out a school that lacks the other term
    of_schools as (
        select
            taken.report_year,
            taken.indicator_code,
            members.scope_code,
            members.region_code,
            taken.submission_id,
            taken.explanation_id,
            taken.sheet,
            taken.column_name,
            taken.record
        from taken
        inner join
            {{ ref("int_roster") }} as roster
            on taken.report_year = roster.report_year
            and taken.subject_code = roster.school_code
            and taken.respondent_code
            = case taken.filled_in_by when 'bureau' then roster.bureau_code else roster.school_code end
        inner join
            {{ ref("int_scope_member") }} as members
            on roster.report_year = members.report_year
            and roster.school_code = members.school_code
        inner join
            {{ ref("int_measure_school") }} as measured
            on taken.report_year = measured.report_year
            and taken.subject_code = measured.school_code
            and taken.measure_code = measured.measure_code
        left join
            hidden
            on taken.report_year = hidden.report_year
            and taken.subject_code = hidden.school_code
            and taken.measure_code = hidden.measure_code
        left join
            school_values
            on taken.report_year = school_values.report_year
            and taken.subject_code = school_values.school_code
            and taken.valued_indicator = school_values.indicator_code
        where
            taken.level = 'school'
            and measured.value is not null
            and hidden.measure_code is null
            and (not taken.needs_value or school_values.school_code is not null)
            and (taken.counted_ownership is null or taken.counted_ownership = roster.ownership)
    ),

    -- what a bureau reports of its region is the same in every scope
    of_bureaus as (
        select
            taken.report_year,
            taken.indicator_code,
            scopes.code as scope_code,
            bureaus.region_code,
            taken.submission_id,
            taken.explanation_id,
            taken.sheet,
            taken.column_name,
            taken.record
        from taken
        inner join {{ source("reference", "respondent") }} as bureaus on taken.respondent_code = bureaus.code
        inner join
            {{ ref("int_measure_reported") }} as measured
            on taken.report_year = measured.report_year
            and taken.respondent_code = measured.respondent_code
            and taken.measure_code = measured.measure_code
        cross join {{ source("reference", "scope") }} as scopes
        where taken.level = 'region' and measured.value is not null
    ),

    counting as (
        select
            report_year,
            indicator_code,
            scope_code,
            region_code,
            submission_id,
            explanation_id,
            sheet,
            column_name,
            record
        from of_schools
        union
        select
            report_year,
            indicator_code,
            scope_code,
            region_code,
            submission_id,
            explanation_id,
            sheet,
            column_name,
            record
        from of_bureaus
    )

select distinct
    counting.report_year,
    counting.indicator_code,
    counting.scope_code,
    explained.explanation_id,
    explained.respondent_code,
    respondents.name as respondent_name,
    counting.region_code,
    explained.sheet_title as sheet,
    explained.column_name,
    explained.record_key,
    explained.value,
    explained.reason,
    explained.author,
    explained.approver
from counting
inner join
    {{ ref("int_explained_cell") }} as explained
    on counting.submission_id = explained.submission_id
    and counting.explanation_id = explained.explanation_id
    and counting.sheet = explained.sheet
    and counting.column_name = explained.column_name
    and counting.record = explained.record
inner join
    {{ source("reference", "respondent_period") }} as respondents
    on explained.respondent_code = respondents.code
    and counting.report_year between respondents.from_year and respondents.to_year
