with
    rosters as (
        select
            report_year,
            respondent_code as bureau_code,
            school_code,
            school_name,
            sequence,
            category,
            ownership,
            affiliation
        from {{ ref("stg_roster") }}
    ),

    -- by the names and districts of each period
    respondents as (
        select
            respondent.code,
            respondent.kind,
            respondent.since,
            respondent.until,
            period.name,
            period.region_code,
            period.from_year,
            period.to_year
        from {{ source("reference", "respondent") }} as respondent
        inner join {{ source("reference", "respondent_period") }} as period on respondent.code = period.code
    ),

    regions as (select code as region_code, depth from {{ source("reference", "region") }}),

    -- of a school that several bureaus list speaks the one of the narrowest region; listed twice by one
    -- bureau it
    -- stays twice, and the key test refuses it
    ranked as (
        select
            rosters.report_year,
            rosters.school_code,
            rosters.school_name,
            coalesce(schools.region_code, bureaus.region_code) as region_code,
            rosters.bureau_code,
            rosters.sequence,
            rosters.category,
            rosters.ownership,
            rosters.affiliation,
            rank() over (
                partition by rosters.report_year, rosters.school_code
                order by regions.depth desc nulls last, rosters.bureau_code asc nulls last
            ) as position
        from rosters
        left join
            respondents as bureaus
            on rosters.bureau_code = bureaus.code
            and rosters.report_year between bureaus.from_year and bureaus.to_year
        left join regions on bureaus.region_code = regions.region_code
        left join
            respondents as schools
            on rosters.school_code = schools.code
            and rosters.report_year between schools.from_year and schools.to_year
    ),

    listed as (
        select
            report_year,
            school_code,
            school_name,
            region_code,
            bureau_code,
            sequence,
            category,
            ownership,
            affiliation
        from ranked
        where position = 1
    ),

    -- a year without any roster has not begun
    years as (select report_year, max(sequence) as last_sequence from listed group by report_year),

    -- registered in the year, and on nobody's roster
    unlisted as (
        select
            years.report_year,
            schools.code as school_code,
            schools.name as school_name,
            schools.region_code,
            years.last_sequence + row_number() over (
                partition by years.report_year order by schools.code asc nulls last
            ) as sequence
        from years
        inner join
            respondents as schools
            on schools.kind = 'school'
            and coalesce(schools.since, years.report_year) <= years.report_year
            and coalesce(schools.until, years.report_year) >= years.report_year
            and years.report_year between schools.from_year and schools.to_year
        left join listed on years.report_year = listed.report_year and schools.code = listed.school_code
        where listed.school_code is null
    ),

    -- what an earlier roster said of such a school
    remembered as (
        select
            unlisted.report_year,
            unlisted.school_code,
            listed.category,
            listed.ownership,
            listed.affiliation,
            row_number() over (
                partition by unlisted.report_year, unlisted.school_code
                order by listed.report_year desc nulls last
            ) as position
        from unlisted
        inner join
            listed on unlisted.school_code = listed.school_code and unlisted.report_year > listed.report_year
    )

select
    report_year,
    school_code,
    school_name,
    region_code,
    bureau_code,
    sequence,
    category,
    ownership,
    affiliation
from listed
union all
select
    unlisted.report_year,
    unlisted.school_code,
    unlisted.school_name,
    unlisted.region_code,
    cast(null as {{ dbt.type_string() }}) as bureau_code,
    cast(unlisted.sequence as bigint) as sequence,
    remembered.category,
    remembered.ownership,
    remembered.affiliation
from unlisted
left join
    remembered
    on unlisted.report_year = remembered.report_year
    and unlisted.school_code = remembered.school_code
    and remembered.position = 1
