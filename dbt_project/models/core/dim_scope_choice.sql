select report_year, topic, scope as scope_code from {{ ref("stg_scope_choice") }}
