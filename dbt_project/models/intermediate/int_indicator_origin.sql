with
    measures as (select code as measure_code, level, filled_in_by from {{ source("reference", "measure") }}),

    own_terms as (
        select distinct indicator_code, measure_code, since, until
        from {{ source("reference", "indicator_term") }}
    ),

    -- a count of schools rests on the cells of what it counts by
    terms as (
        select indicator_code, measure_code, since, until
        from own_terms
        union
        select indicators.code as indicator_code, own_terms.measure_code, own_terms.since, own_terms.until
        from own_terms
        inner join
            {{ source("reference", "indicator") }} as indicators
            on own_terms.indicator_code = indicators.counted_indicator
    ),

    taken as (
        select
            taken.report_year,
            taken.respondent_code,
            taken.subject_code,
            taken.origin_rank,
            measures.level,
            measures.filled_in_by,
            terms.indicator_code
        from {{ ref("int_measure_origin") }} as taken
        inner join measures on taken.measure_code = measures.measure_code
        inner join
            terms
            on taken.measure_code = terms.measure_code
            and coalesce(terms.since, taken.report_year) <= taken.report_year
            and coalesce(terms.until, taken.report_year) >= taken.report_year
    ),

    paths as (select region_code, ancestor_code from {{ source("reference", "region_path") }}),

    of_schools as (
        select
            taken.report_year, taken.subject_code, taken.indicator_code, max(taken.origin_rank) as origin_rank
        from taken
        inner join
            {{ ref("int_roster") }} as roster
            on taken.report_year = roster.report_year
            and taken.subject_code = roster.school_code
            and taken.respondent_code
            = case taken.filled_in_by when 'bureau' then roster.bureau_code else roster.school_code end
        where taken.level = 'school'
        group by taken.report_year, taken.subject_code, taken.indicator_code
    ),

    of_regions as (
        select
            of_schools.report_year,
            paths.ancestor_code as subject_code,
            members.scope_code,
            of_schools.indicator_code,
            of_schools.origin_rank
        from of_schools
        inner join
            {{ ref("int_scope_member") }} as members
            on of_schools.report_year = members.report_year
            and of_schools.subject_code = members.school_code
        inner join paths on members.region_code = paths.region_code
    ),

    -- what a bureau reports of its region is the same in every scope
    of_bureaus as (
        select
            taken.report_year,
            paths.ancestor_code as subject_code,
            scopes.code as scope_code,
            taken.indicator_code,
            taken.origin_rank
        from taken
        inner join {{ source("reference", "respondent") }} as bureaus on taken.respondent_code = bureaus.code
        inner join paths on bureaus.region_code = paths.region_code
        cross join {{ source("reference", "scope") }} as scopes
        where taken.level = 'region'
    ),

    together as (
        select
            report_year,
            'school' as subject_kind,
            subject_code,
            'school' as scope_code,
            indicator_code,
            origin_rank
        from of_schools
        union all
        select report_year, 'region' as subject_kind, subject_code, scope_code, indicator_code, origin_rank
        from of_regions
        union all
        select report_year, 'region' as subject_kind, subject_code, scope_code, indicator_code, origin_rank
        from of_bureaus
    )

select report_year, subject_kind, subject_code, scope_code, indicator_code, max(origin_rank) as origin_rank
from together
group by report_year, subject_kind, subject_code, scope_code, indicator_code
