select
    report_year, subject_kind, subject_code, scope_code, measure_code, value, status, n_expected, n_reported
from {{ ref("int_measure") }}
