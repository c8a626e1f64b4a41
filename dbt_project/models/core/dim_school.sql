with
    roster as (
        select
            report_year,
            school_code,
            school_name,
            region_code,
            bureau_code,
            sequence,
            category,
            ownership,
            affiliation
        from {{ ref("int_roster") }}
    ),

    regions as (
        select
            region_code,
            region_name,
            province_code,
            province_name,
            city_code,
            city_name,
            county_code,
            county_name
        from {{ ref("dim_region") }}
    ),

    profiles as (
        select report_year, respondent_code, authority, honours, enrolment_status, remark
        from {{ ref("stg_profile") }}
    ),

    submissions as (select report_year, respondent_code, submission_id from {{ ref("stg_submission") }})

select
    roster.report_year,
    roster.school_code,
    roster.school_name,
    roster.region_code,
    regions.region_name,
    regions.province_code,
    regions.province_name,
    regions.city_code,
    regions.city_name,
    regions.county_code,
    regions.county_name,
    roster.bureau_code,
    roster.sequence,
    roster.category,
    {{ code_label("school_category", "roster.category") }} as category_label,
    roster.ownership,
    {{ code_label("ownership", "roster.ownership") }} as ownership_label,
    roster.affiliation,
    {{ code_label("affiliation", "roster.affiliation") }} as affiliation_label,
    profiles.authority,
    profiles.honours,
    profiles.enrolment_status,
    profiles.remark,
    submissions.submission_id is not null as has_reported
from roster
left join regions on roster.region_code = regions.region_code
left join
    profiles on roster.report_year = profiles.report_year and roster.school_code = profiles.respondent_code
left join
    submissions
    on roster.report_year = submissions.report_year
    and roster.school_code = submissions.respondent_code
