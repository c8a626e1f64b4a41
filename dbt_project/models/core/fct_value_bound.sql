-- worked out in exact fractions by warehouse/bounding, from what the models of this schema publish
select
    report_year,
    region_code,
    scope_code,
    indicator_code,
    low,
    high,
    usual_low,
    usual_high,
    rounded_low,
    rounded_high,
    rounded_usual_low,
    rounded_usual_high,
    told
from {{ source("registry", "value_bound") }}
