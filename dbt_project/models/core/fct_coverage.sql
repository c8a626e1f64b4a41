with
    members as (
        select report_year, scope_code, school_code, region_code, is_listed from {{ ref("int_scope_member") }}
    ),

    paths as (select region_code, ancestor_code from {{ source("reference", "region_path") }}),

    schools as (select report_year, school_code from {{ ref("int_roster") }}),

    submissions as (select report_year, respondent_code from {{ ref("stg_submission") }}),

    students as (
        select report_year, respondent_code as school_code, students_full_time
        from {{ ref("stg_students") }}
        where students_full_time is not null
    ),

    -- a school that has not reported weighs what it reported last
    sizes as (
        select
            schools.report_year,
            schools.school_code,
            students.students_full_time as students,
            row_number() over (
                partition by schools.report_year, schools.school_code
                order by students.report_year desc nulls last
            ) as position
        from schools
        left join
            students
            on schools.school_code = students.school_code
            and schools.report_year >= students.report_year
    ),

    of_own_schools as (
        select
            members.report_year,
            members.region_code,
            members.scope_code,
            count(*) as schools_expected,
            sum(case when submissions.respondent_code is not null then 1 else 0 end) as schools_reported,
            sum(sizes.students) as students_expected,
            sum(
                case when submissions.respondent_code is not null then sizes.students end
            ) as students_reported,
            sum(case when sizes.students is null then 1 else 0 end) as schools_of_unknown_size
        from members
        inner join
            sizes
            on members.report_year = sizes.report_year
            and members.school_code = sizes.school_code
            and sizes.position = 1
        left join
            submissions
            on members.report_year = submissions.report_year
            and case when members.is_listed then members.school_code end = submissions.respondent_code
        group by members.report_year, members.region_code, members.scope_code
    ),

    counted as (
        select
            own.report_year,
            paths.ancestor_code as region_code,
            own.scope_code,
            cast(sum(own.schools_expected) as bigint) as schools_expected,
            cast(sum(own.schools_reported) as bigint) as schools_reported,
            cast(coalesce(sum(own.students_expected), 0) as {{ type_amount() }}) as students_expected,
            cast(coalesce(sum(own.students_reported), 0) as {{ type_amount() }}) as students_reported,
            cast(sum(own.schools_of_unknown_size) as bigint) as schools_of_unknown_size
        from of_own_schools as own
        inner join paths on own.region_code = paths.region_code
        group by own.report_year, paths.ancestor_code, own.scope_code
    ),

    shared as (
        select
            *,
            case
                when schools_of_unknown_size = 0
                then
                    cast(
                        {{ rounded(exact_ratio("students_reported", "students_expected", "100"), "1") }}
                        as decimal(4, 1)
                    )
            end as students_percent
        from counted
    )

select
    report_year,
    region_code,
    scope_code,
    schools_expected,
    schools_reported,
    cast(students_expected as bigint) as students_expected,
    cast(students_reported as bigint) as students_reported,
    schools_of_unknown_size,
    students_percent,
    schools_reported
    || '/'
    || schools_expected
    || ' 所学校'
    || coalesce('、' || cast(students_percent as {{ dbt.type_string() }}) || '% 的在校生', '') as coverage
from shared
