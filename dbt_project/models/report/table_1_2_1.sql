with
    schools as (select * from {{ ref("dim_school") }}),

    facts as (
        select
            report_year,
            subject_kind,
            subject_code,
            scope_code,
            indicator_code,
            value,
            status,
            n_expected,
            n_reported
        from {{ ref("fct_indicator_value") }}
        where indicator_code in ('teachers_full_time', 'students_full_time', 'majors')
    ),

    scale as (
        select
            report_year,
            subject_kind,
            subject_code,
            scope_code,
            max(case when indicator_code = 'teachers_full_time' then value end) as teachers_full_time,
            max(case when indicator_code = 'students_full_time' then value end) as students_full_time,
            max(case when indicator_code = 'majors' then value end) as majors,
            max(case when status = 'incomplete' then 1 else 0 end) as is_incomplete,
            max(n_expected) as n_expected,
            min(n_reported) as n_reported
        from facts
        group by report_year, subject_kind, subject_code, scope_code
    ),

    choices as (select report_year, scope_code from {{ ref("dim_scope_choice") }} where topic = 'scale'),

    coverage as (select report_year, scope_code, coverage from {{ ref("fct_coverage") }}),

    members as (
        select member.report_year, member.scope_code, member.school_code
        from {{ ref("brg_scope_school") }} as member
        inner join
            choices on member.report_year = choices.report_year and member.scope_code = choices.scope_code
    ),

    school_rows as (
        select
            schools.report_year,
            schools.sequence as row_number,
            false as is_total,
            schools.school_code,
            schools.school_name,
            schools.authority,
            schools.ownership_label as ownership,
            schools.affiliation_label as affiliation,
            schools.honours,
            scale.teachers_full_time,
            scale.students_full_time,
            scale.majors,
            schools.remark,
            case when schools.has_reported then 'ok' else 'missing' end as status,
            scale.n_expected,
            scale.n_reported,
            members.scope_code
        from schools
        inner join
            members on schools.report_year = members.report_year and schools.school_code = members.school_code
        inner join
            scale
            on schools.report_year = scale.report_year
            and schools.school_code = scale.subject_code
            and scale.subject_kind = 'school'
    ),

    total_rows as (
        select
            scale.report_year,
            (select max(sequence) from schools) + 1 as row_number,
            true as is_total,
            cast(null as {{ dbt.type_string() }}) as school_code,
            '合计' as school_name,
            cast(null as {{ dbt.type_string() }}) as authority,
            cast(null as {{ dbt.type_string() }}) as ownership,
            cast(null as {{ dbt.type_string() }}) as affiliation,
            cast(null as {{ dbt.type_string() }}) as honours,
            scale.teachers_full_time,
            scale.students_full_time,
            scale.majors,
            cast(null as {{ dbt.type_string() }}) as remark,
            case when scale.is_incomplete = 1 then 'incomplete' else 'ok' end as status,
            scale.n_expected,
            scale.n_reported,
            scale.scope_code
        from scale
        inner join
            choices
            on scale.report_year = choices.report_year
            and scale.scope_code = choices.scope_code
            and scale.subject_kind = 'region'
    ),

    together as (
        select *
        from school_rows
        union all
        select *
        from total_rows
    )

select
    together.report_year,
    cast(together.row_number as bigint) as row_number,
    together.is_total,
    together.school_code,
    together.school_name,
    together.authority,
    together.ownership,
    together.affiliation,
    together.honours,
    cast(together.teachers_full_time as bigint) as teachers_full_time,
    cast(together.students_full_time as bigint) as students_full_time,
    cast(together.majors as bigint) as majors,
    together.remark,
    together.status,
    cast(together.n_expected as bigint) as n_expected,
    cast(together.n_reported as bigint) as n_reported,
    coverage.coverage
from together
left join
    coverage on together.report_year = coverage.report_year and together.scope_code = coverage.scope_code
