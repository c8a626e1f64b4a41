with
    methods as (
        select distinct report_year, item, method from {{ ref("stg_satisfaction") }} where method is not null
    )

select report_year, 'satisfaction_' || item as indicator_code, {{ joined_texts("method", "、") }} as methods
from methods
group by report_year, item
