with
    roster as (
        select report_year, school_code, region_code
        from {{ ref("int_roster") }}
        where bureau_code is not null
    ),

    origins as (
        select submission_id, record, max(origin_rank) as origin_rank
        from {{ ref("int_origin_cell") }}
        where sheet = 'partners'
        group by submission_id, record
    ),

    -- an enterprise is known as the measure of partner enterprises counts it
    lines as (
        select
            coalesce(partners.credit_code, partners.enterprise_name) as enterprise_key,
            coalesce(origins.origin_rank, 0) as origin_rank,
            partners.*
        from {{ ref("stg_partners") }} as partners
        left join
            origins on partners.submission_id = origins.submission_id and partners.record = origins.record
    ),

    -- a school that has written an enterprise in two rows has told of one
    of_schools as (
        select
            report_year,
            respondent_code as school_code,
            enterprise_key,
            min(enterprise_name) as enterprise_name,
            min(credit_code) as credit_code,
            min(location) as location,
            sum(shared_bases) as shared_bases,
            sum(partner_funds) as partner_funds,
            sum(partner_equipment_value) as partner_equipment_value,
            sum(internship_places) as internship_places,
            sum(interns_placed) as interns_placed,
            sum(partner_mentors) as partner_mentors,
            sum(partner_mentor_hours) as partner_mentor_hours,
            sum(partner_mentor_pay) as partner_mentor_pay,
            sum(joint_courses) as joint_courses,
            sum(joint_textbooks) as joint_textbooks,
            sum(order_students) as order_students,
            sum(partner_apprentices) as partner_apprentices,
            sum(graduates_hired) as graduates_hired,
            sum(partner_service_income) as partner_service_income,
            sum(employees_trained) as employees_trained,
            max(origin_rank) as origin_rank
        from lines
        group by report_year, respondent_code, enterprise_key
    )

select
    of_schools.report_year,
    roster.region_code,
    of_schools.school_code,
    of_schools.enterprise_key,
    of_schools.enterprise_name,
    of_schools.credit_code,
    of_schools.location,
    cast(of_schools.shared_bases as bigint) as shared_bases,
    cast(of_schools.partner_funds as decimal(24, 4)) as partner_funds,
    cast(of_schools.partner_equipment_value as decimal(24, 4)) as partner_equipment_value,
    cast(of_schools.internship_places as bigint) as internship_places,
    cast(of_schools.interns_placed as bigint) as interns_placed,
    cast(of_schools.partner_mentors as bigint) as partner_mentors,
    cast(of_schools.partner_mentor_hours as bigint) as partner_mentor_hours,
    cast(of_schools.partner_mentor_pay as decimal(24, 4)) as partner_mentor_pay,
    cast(of_schools.joint_courses as bigint) as joint_courses,
    cast(of_schools.joint_textbooks as bigint) as joint_textbooks,
    cast(of_schools.order_students as bigint) as order_students,
    cast(of_schools.partner_apprentices as bigint) as partner_apprentices,
    cast(of_schools.graduates_hired as bigint) as graduates_hired,
    cast(of_schools.partner_service_income as decimal(24, 4)) as partner_service_income,
    cast(of_schools.employees_trained as bigint) as employees_trained,
    {{ origin_at("of_schools.origin_rank") }} as origin
from of_schools
inner join
    roster on of_schools.report_year = roster.report_year and of_schools.school_code = roster.school_code
