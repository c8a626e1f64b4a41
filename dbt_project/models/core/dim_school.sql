with
    roster as (
        select report_year, school_code, school_name, sequence, category, ownership, affiliation
        from {{ ref("stg_roster") }}
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
left join
    profiles on roster.report_year = profiles.report_year and roster.school_code = profiles.respondent_code
left join
    submissions
    on roster.report_year = submissions.report_year
    and roster.school_code = submissions.respondent_code
