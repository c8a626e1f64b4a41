select report_year, region_code, scope_code, indicator_code, school_code, call_order, narrows, narrows_percent
from {{ source("registry", "value_bound_school") }}
