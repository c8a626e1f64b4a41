with
    schools as (
        select report_year, 'school' as subject_kind, school_code, region_code from {{ ref("int_roster") }}
    )

select
    measures.report_year,
    -- a region is its own
    coalesce(schools.region_code, measures.subject_code) as region_code,
    measures.subject_kind,
    measures.subject_code,
    measures.scope_code,
    measures.measure_code,
    measures.value,
    measures.status,
    measures.n_expected,
    measures.n_reported
from {{ ref("int_measure") }} as measures
left join
    schools
    on measures.report_year = schools.report_year
    and measures.subject_kind = schools.subject_kind
    and measures.subject_code = schools.school_code
