with
    roster as (
        select report_year, school_code, region_code
        from {{ ref("int_roster") }}
        where bureau_code is not null
    ),

    origins as (
        select submission_id, record, max(origin_rank) as origin_rank
        from {{ ref("int_origin_cell") }}
        where sheet = 'majors'
        group by submission_id, record
    ),

    -- what a school's total is hidden of would follow from its majors
    hidden as (
        select
            report_year,
            subject_code as school_code,
            max(case when measure_code <> 'apprentices' then 1 else 0 end) as hides_intake,
            max(case when measure_code = 'apprentices' then 1 else 0 end) as hides_apprentices
        from {{ ref("fct_measure") }}
        where
            subject_kind = 'school'
            and status = 'suppressed'
            and measure_code in ('apprentices', 'intake_full_time', 'new_major_intake')
        group by report_year, subject_code
    ),

    -- a withdrawn major is listed and not counted, as the catalogue's measures do
    lines as (
        select
            majors.report_year,
            majors.respondent_code as school_code,
            majors.major_code,
            majors.major_name,
            majors.change_status,
            case when majors.change_status <> 'withdrawn' then 1 else 0 end as is_counted,
            case
                when majors.change_status <> 'withdrawn' and majors.is_apprenticeship = 'yes' then 1 else 0
            end as is_pilot,
            majors.major_intake,
            majors.apprentices,
            majors.is_state_controlled,
            majors.is_demonstration,
            majors.is_agricultural,
            coalesce(origins.origin_rank, 0) as origin_rank
        from {{ ref("stg_majors") }} as majors
        left join origins on majors.submission_id = origins.submission_id and majors.record = origins.record
    ),

    of_schools as (
        select
            report_year,
            school_code,
            major_code,
            min(major_name) as major_name,
            sum(is_counted) as majors,
            sum(case when change_status = 'new' then 1 else 0 end) as majors_new,
            sum(case when change_status = 'withdrawn' then 1 else 0 end) as majors_withdrawn,
            sum(case when change_status = 'paused' then 1 else 0 end) as majors_paused,
            sum(
                case when is_counted = 1 and is_state_controlled = 'yes' then 1 else 0 end
            ) as majors_state_controlled,
            sum(
                case when is_counted = 1 and is_demonstration = 'yes' then 1 else 0 end
            ) as majors_demonstration,
            sum(
                case when is_counted = 1 and is_agricultural = 'yes' then 1 else 0 end
            ) as majors_agricultural,
            sum(is_pilot) as majors_apprenticeship,
            sum(case when is_counted = 1 then major_intake end) as intake,
            count(case when is_counted = 1 then major_intake end) as n_intake,
            sum(case when is_pilot = 1 then apprentices end) as apprentices,
            count(case when is_pilot = 1 then apprentices end) as n_apprentices,
            max(origin_rank) as origin_rank
        from lines
        group by report_year, school_code, major_code
    ),

    judged as (
        select
            of_schools.*,
            roster.region_code,
            case
                when coalesce(hidden.hides_intake, 0) = 1
                then 'suppressed'
                when of_schools.majors = 0
                then 'not_applicable'
                when of_schools.n_intake = of_schools.majors
                then 'ok'
                when of_schools.n_intake > 0
                then 'incomplete'
                else 'missing'
            end as intake_status,
            case
                when coalesce(hidden.hides_apprentices, 0) = 1
                then 'suppressed'
                when of_schools.majors_apprenticeship = 0
                then 'not_applicable'
                when of_schools.n_apprentices = of_schools.majors_apprenticeship
                then 'ok'
                when of_schools.n_apprentices > 0
                then 'incomplete'
                else 'missing'
            end as apprentices_status
        from of_schools
        inner join
            roster
            on of_schools.report_year = roster.report_year
            and of_schools.school_code = roster.school_code
        left join
            hidden
            on of_schools.report_year = hidden.report_year
            and of_schools.school_code = hidden.school_code
    )

select
    report_year,
    region_code,
    school_code,
    major_code,
    major_name,
    cast(majors as bigint) as majors,
    cast(majors_new as bigint) as majors_new,
    cast(majors_withdrawn as bigint) as majors_withdrawn,
    cast(majors_paused as bigint) as majors_paused,
    cast(majors_state_controlled as bigint) as majors_state_controlled,
    cast(majors_demonstration as bigint) as majors_demonstration,
    cast(majors_agricultural as bigint) as majors_agricultural,
    cast(majors_apprenticeship as bigint) as majors_apprenticeship,
    cast(case when intake_status in ('ok', 'incomplete') then intake end as bigint) as intake,
    intake_status,
    cast(case when apprentices_status in ('ok', 'incomplete') then apprentices end as bigint) as apprentices,
    apprentices_status,
    {{ origin_at("origin_rank") }} as origin
from judged
