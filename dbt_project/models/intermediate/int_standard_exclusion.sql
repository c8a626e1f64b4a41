with
    schools as (select report_year, school_code, category from {{ ref("int_roster") }}),

    -- what only the bureau can tell of a school
    respondents as (select code, founded, exempt from {{ source("reference", "respondent") }}),

    described as (
        select
            schools.report_year,
            schools.school_code,
            schools.category,
            respondents.founded,
            respondents.exempt
        from schools
        left join respondents on schools.school_code = respondents.code
    ),

    exclusions as (
        select edition, category, founded_since, exempt, told
        from {{ source("reference", "edition_exclusion") }}
    ),

    excluded as (
        select described.report_year, described.school_code, exclusions.edition, exclusions.told
        from described
        inner join
            exclusions
            on described.category = exclusions.category
            or described.founded >= exclusions.founded_since
            or described.exempt = exclusions.exempt
    )

select report_year, school_code, edition, {{ joined_texts("told", "；") }} as told
from excluded
group by report_year, school_code, edition
