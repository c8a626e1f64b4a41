with
    members as (select report_year, scope_code, school_code from {{ ref("int_scope_member") }}),

    submissions as (select report_year, respondent_code from {{ ref("stg_submission") }}),

    students as (
        select report_year, respondent_code as school_code, students_full_time from {{ ref("stg_students") }}
    ),

    -- a school that has not reported weighs what it reported last
    last_known as (
        select
            members.report_year,
            members.scope_code,
            members.school_code,
            submissions.respondent_code is not null as has_reported,
            (
                select students.students_full_time
                from students
                where
                    students.school_code = members.school_code
                    and students.report_year <= members.report_year
                    and students.students_full_time is not null
                order by students.report_year desc nulls last
                limit 1
            ) as students
        from members
        left join
            submissions
            on members.report_year = submissions.report_year
            and members.school_code = submissions.respondent_code
    ),

    counted as (
        select
            report_year,
            scope_code,
            count(*) as schools_expected,
            sum(case when has_reported then 1 else 0 end) as schools_reported,
            cast(coalesce(sum(students), 0) as {{ type_amount() }}) as students_expected,
            cast(
                coalesce(sum(case when has_reported then students end), 0) as {{ type_amount() }}
            ) as students_reported,
            sum(case when students is null then 1 else 0 end) as schools_of_unknown_size
        from last_known
        group by report_year, scope_code
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
    scope_code,
    cast(schools_expected as bigint) as schools_expected,
    cast(schools_reported as bigint) as schools_reported,
    cast(students_expected as bigint) as students_expected,
    cast(students_reported as bigint) as students_reported,
    cast(schools_of_unknown_size as bigint) as schools_of_unknown_size,
    students_percent,
    schools_reported
    || '/'
    || schools_expected
    || ' 所学校'
    || coalesce('、' || cast(students_percent as {{ dbt.type_string() }}) || '% 的在校生', '') as coverage
from shared
