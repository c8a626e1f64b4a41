with
    schools as (
        select
            dim_school.report_year,
            dim_school.school_code,
            dim_school.school_name,
            dim_school.sequence,
            dim_school.authority,
            dim_school.ownership_label,
            dim_school.affiliation_label,
            dim_school.honours,
            dim_school.remark,
            dim_school.has_reported,
            dim_school.bureau_code,
            dim_region.sequence as region_sequence
        from {{ ref("dim_school") }} as dim_school
        left join {{ ref("dim_region") }} as dim_region on dim_school.region_code = dim_region.region_code
    ),

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
            n_reported,
            origin
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
            max(case when indicator_code = 'teachers_full_time' then status end) as teachers_full_time_status,
            max(case when indicator_code = 'students_full_time' then status end) as students_full_time_status,
            max(case when indicator_code = 'majors' then status end) as majors_status,
            {{ weakest_origin("origin") }} as origin,
            max(case when status = 'incomplete' then 1 else 0 end) as is_incomplete,
            max(n_expected) as n_expected,
            min(n_reported) as n_reported
        from facts
        group by report_year, subject_kind, subject_code, scope_code
    ),

    choices as (
        select report_year, region_code, scope_code from {{ ref("dim_scope_choice") }} where topic = 'scale'
    ),

    coverage as (
        select report_year, region_code, scope_code, students_percent, coverage from {{ ref("fct_coverage") }}
    ),

    releases as (select report_year, version from {{ ref("dim_release") }} where is_latest),

    -- the schools of each region in the scope that its bureau chose
    members as (
        select region_schools.report_year, region_schools.region_code, choices.scope_code, scopes.school_code
        from {{ ref("brg_region_school") }} as region_schools
        inner join
            choices
            on region_schools.report_year = choices.report_year
            and region_schools.region_code = choices.region_code
        inner join
            {{ ref("brg_scope_school") }} as scopes
            on region_schools.report_year = scopes.report_year
            and region_schools.school_code = scopes.school_code
            and choices.scope_code = scopes.scope_code
    ),

    school_rows as (
        select
            members.report_year,
            members.region_code,
            members.scope_code,
            false as is_total,
            schools.region_sequence,
            schools.sequence,
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
            case
                when schools.has_reported and schools.bureau_code is not null then 'ok' else 'missing'
            end as status,
            scale.n_expected,
            scale.n_reported,
            scale.teachers_full_time_status,
            scale.students_full_time_status,
            scale.majors_status,
            scale.origin
        from members
        inner join
            schools on members.report_year = schools.report_year and members.school_code = schools.school_code
        inner join
            scale
            on members.report_year = scale.report_year
            and members.school_code = scale.subject_code
            and scale.subject_kind = 'school'
    ),

    total_rows as (
        select
            choices.report_year,
            choices.region_code,
            choices.scope_code,
            true as is_total,
            cast(null as bigint) as region_sequence,
            cast(null as bigint) as sequence,
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
            scale.teachers_full_time_status,
            scale.students_full_time_status,
            scale.majors_status,
            scale.origin
        from scale
        inner join
            choices
            on scale.report_year = choices.report_year
            and scale.subject_code = choices.region_code
            and scale.scope_code = choices.scope_code
            and scale.subject_kind = 'region'
    ),

    together as (
        select *
        from school_rows
        union all
        select *
        from total_rows
    ),

    numbered as (
        select
            *,
            row_number() over (
                partition by report_year, region_code
                order by
                    is_total asc nulls last,
                    region_sequence asc nulls last,
                    sequence asc nulls last,
                    school_code asc nulls last
            ) as row_number
        from together
    )

select
    numbered.report_year,
    numbered.region_code,
    cast(numbered.row_number as bigint) as row_number,
    numbered.is_total,
    numbered.school_code,
    numbered.school_name,
    numbered.authority,
    numbered.ownership,
    numbered.affiliation,
    numbered.honours,
    cast(numbered.teachers_full_time as bigint) as teachers_full_time,
    cast(numbered.students_full_time as bigint) as students_full_time,
    cast(numbered.majors as bigint) as majors,
    numbered.remark,
    numbered.status,
    cast(numbered.n_expected as bigint) as n_expected,
    cast(numbered.n_reported as bigint) as n_reported,
    coverage.coverage,
    numbered.scope_code,
    numbered.teachers_full_time_status,
    numbered.students_full_time_status,
    numbered.majors_status,
    {{
        reasons_of(
            [
                ("专任教师数", "numbered.teachers_full_time_status"),
                ("全日制在校生人数", "numbered.students_full_time_status"),
                ("专业数", "numbered.majors_status"),
            ]
        )
    }} as reason,
    case when numbered.is_total then coverage.students_percent end as students_percent,
    numbered.origin,
    releases.version as release
from numbered
left join releases on numbered.report_year = releases.report_year
left join
    coverage
    on numbered.report_year = coverage.report_year
    and numbered.region_code = coverage.region_code
    and numbered.scope_code = coverage.scope_code
