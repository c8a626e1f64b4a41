select version, report_year, sequence, is_latest from {{ source("registry", "release") }}
