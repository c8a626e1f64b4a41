with
    comparison as ({{ comparison_table("annex-2") }}),

    methods as (
        select report_year, region_code, indicator_code, methods from {{ ref("dim_satisfaction_method") }}
    )

select comparison.*, methods.methods
from comparison
left join
    methods
    on comparison.report_year = methods.report_year
    and comparison.region_code = methods.region_code
    and comparison.indicator_code = methods.indicator_code
