with
    schools as (
        select report_year, 'school' as subject_kind, school_code, region_code from {{ ref("int_roster") }}
    ),

    hidden as (
        select report_year, subject_kind, subject_code, scope_code, code as measure_code
        from {{ source("registry", "hidden_value") }}
        where kind = 'measure'
    )

select
    measures.report_year,
    -- a region is its own
    coalesce(schools.region_code, measures.subject_code) as region_code,
    measures.subject_kind,
    measures.subject_code,
    measures.scope_code,
    measures.measure_code,
    case when hidden.measure_code is null then measures.value end as value,
    case when hidden.measure_code is null then measures.status else 'suppressed' end as status,
    measures.n_expected,
    measures.n_reported
from {{ ref("int_measure") }} as measures
left join
    schools
    on measures.report_year = schools.report_year
    and measures.subject_kind = schools.subject_kind
    and measures.subject_code = schools.school_code
left join
    hidden
    on measures.report_year = hidden.report_year
    and measures.subject_kind = hidden.subject_kind
    and measures.subject_code = hidden.subject_code
    and measures.scope_code = hidden.scope_code
    and measures.measure_code = hidden.measure_code
