with
    listed as (
        select
            code as major_code,
            label as major_name,
            case codelist when 'official_majors' then '2021' else '2010' end as catalogue
        from {{ source("reference", "codelist_entry") }}
        where codelist in ('official_majors', 'majors_before_2021')
    ),

    -- what schools call a major that stands in no catalogue: the last year's name, the first in order
    used as (
        select
            major_code,
            major_name,
            row_number() over (
                partition by major_code order by report_year desc nulls last, major_name asc nulls last
            ) as position
        from {{ ref("stg_majors") }}
    ),

    together as (
        select major_code, major_name, catalogue
        from listed
        union all
        select used.major_code, used.major_name, 'none' as catalogue
        from used
        left join listed on used.major_code = listed.major_code
        where used.position = 1 and listed.major_code is null
    )

-- both catalogues number their families by the first two digits, what lies below by the next two
select
    major_code,
    major_name,
    catalogue,
    substr(major_code, 1, 2) as family_code,
    substr(major_code, 1, 4) as group_code
from together
