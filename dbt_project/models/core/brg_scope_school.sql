select report_year, scope_code, school_code, region_code from {{ ref("int_scope_member") }}
