select
    report_year,
    'school' as subject_kind,
    school_code as subject_code,
    'school' as scope_code,
    measure_code,
    value,
    status,
    cast(1 as bigint) as n_expected,
    cast(case when value is null then 0 else 1 end as bigint) as n_reported
from {{ ref("int_measure_school") }}
union all
select
    report_year,
    'region' as subject_kind,
    region_code as subject_code,
    scope_code,
    measure_code,
    value,
    status,
    n_expected,
    n_reported
from {{ ref("int_measure_region") }}
