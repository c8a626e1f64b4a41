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
        select region_code, sequence as region_sequence, province_code, city_code, county_code
        from {{ ref("dim_region") }}
    ),

    -- how regions were called in the years
    region_names as (
        select code as region_code, from_year, to_year, name from {{ source("reference", "region_period") }}
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
    own_name.name as region_name,
    regions.province_code,
    province_name.name as province_name,
    regions.city_code,
    city_name.name as city_name,
    regions.county_code,
    county_name.name as county_name,
    roster.bureau_code,
    roster.sequence,
    -- regions as they are declared, in each the schools as its bureau's roster has them
    cast(
        row_number() over (
            partition by roster.report_year
            order by
                regions.region_sequence asc nulls last,
                roster.sequence asc nulls last,
                roster.school_code asc nulls last
        ) as bigint
    ) as position,
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
    region_names as own_name
    on regions.region_code = own_name.region_code
    and roster.report_year between own_name.from_year and own_name.to_year
left join
    region_names as province_name
    on regions.province_code = province_name.region_code
    and roster.report_year between province_name.from_year and province_name.to_year
left join
    region_names as city_name
    on regions.city_code = city_name.region_code
    and roster.report_year between city_name.from_year and city_name.to_year
left join
    region_names as county_name
    on regions.county_code = county_name.region_code
    and roster.report_year between county_name.from_year and county_name.to_year
left join
    profiles on roster.report_year = profiles.report_year and roster.school_code = profiles.respondent_code
left join
    submissions
    on roster.report_year = submissions.report_year
    and roster.school_code = submissions.respondent_code
