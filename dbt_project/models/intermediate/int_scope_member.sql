with
    roster as (
        select
            report_year,
            school_code,
            region_code,
            bureau_code is not null as is_listed,
            category,
            affiliation,
            ownership
        from {{ ref("int_roster") }}
    ),

    scopes as (select code as scope_code from {{ source("reference", "scope") }}),

    exclusions as (select scope_code, attribute, value from {{ source("reference", "scope_exclusion") }})

select roster.report_year, scopes.scope_code, roster.school_code, roster.region_code, roster.is_listed
from roster
cross join scopes
where
    not exists (
        select 1
        from exclusions
        where
            exclusions.scope_code = scopes.scope_code
            and (
                (exclusions.attribute = 'category' and exclusions.value = roster.category)
                or (exclusions.attribute = 'affiliation' and exclusions.value = roster.affiliation)
                or (exclusions.attribute = 'ownership' and exclusions.value = roster.ownership)
                or (exclusions.attribute = 'school_code' and exclusions.value = roster.school_code)
            )
    )
