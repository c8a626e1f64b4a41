with
    methods as (
        select distinct answers.report_year, schools.region_code, answers.item, answers.method
        from {{ ref("stg_satisfaction") }} as answers
        inner join
            {{ ref("brg_region_school") }} as schools
            on answers.report_year = schools.report_year
            and answers.respondent_code = schools.school_code
        inner join
            {{ ref("int_roster") }} as roster
            on answers.report_year = roster.report_year
            and answers.respondent_code = roster.school_code
            and roster.bureau_code is not null
        where answers.method is not null
    )

select
    report_year,
    region_code,
    'satisfaction_' || item as indicator_code,
    {{ joined_texts("method", "、") }} as methods
from methods
group by report_year, region_code, item
