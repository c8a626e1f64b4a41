with
    changes as (
        select report_year, sequence, kind, subject_code
        from {{ source("reference", "change") }}
        where kind in ('merge', 'split')
    ),

    schools as (
        select code as school_code, since, until
        from {{ source("reference", "respondent") }}
        where kind = 'school'
    ),

    -- whoever is there for the first time was before nothing; of a merger only who ends goes into another
    before as (
        select changes.report_year, changes.sequence, changes.kind, changes.subject_code as predecessor_code
        from changes
        inner join schools on changes.subject_code = schools.school_code
        where
            (changes.kind = 'merge' and schools.until = changes.report_year - 1)
            or (changes.kind = 'split' and coalesce(schools.since, 0) < changes.report_year)
    ),

    periods as (
        select code as school_code, region_code, from_year, to_year
        from {{ source("reference", "respondent_period") }}
    )

select distinct
    before.report_year,
    periods.region_code,
    changes.subject_code as school_code,
    before.predecessor_code,
    before.kind
from before
inner join
    changes
    on before.report_year = changes.report_year
    and before.sequence = changes.sequence
    and before.predecessor_code <> changes.subject_code
inner join
    periods
    on changes.subject_code = periods.school_code
    and before.report_year between periods.from_year and periods.to_year
