with
    paths as (select region_code, ancestor_code from {{ source("reference", "region_path") }}),

    -- first the schools that lie in a region directly, so that few rows have to be added up the levels
    of_own_schools as (
        select
            schools.report_year,
            members.region_code,
            members.scope_code,
            schools.indicator_code,
            schools.definition,
            schools.scale,
            sum(case when schools.severity = 1 then schools.numerator end) as numerator,
            sum(case when schools.severity = 1 then schools.denominator end) as denominator,
            min(schools.severity) as least_severity,
            max(schools.severity) as greatest_severity,
            count(*) as n_expected,
            sum(case when schools.severity = 1 then 1 else 0 end) as n_reported
        from {{ ref("int_indicator_of_subject") }} as schools
        inner join
            {{ ref("int_scope_member") }} as members
            on schools.report_year = members.report_year
            and schools.subject_code = members.school_code
        where schools.subject_kind = 'school' and schools.kind = 'ratio'
        group by
            schools.report_year,
            members.region_code,
            members.scope_code,
            schools.indicator_code,
            schools.definition,
            schools.scale
    ),

    of_schools as (
        select
            own.report_year,
            paths.ancestor_code as region_code,
            own.scope_code,
            own.indicator_code,
            own.definition,
            own.scale,
            sum(own.numerator) as numerator,
            sum(own.denominator) as denominator,
            min(own.least_severity) as least_severity,
            max(own.greatest_severity) as greatest_severity,
            sum(own.n_expected) as n_expected,
            sum(own.n_reported) as n_reported
        from of_own_schools as own
        inner join paths on own.region_code = paths.region_code
        group by
            own.report_year,
            paths.ancestor_code,
            own.scope_code,
            own.indicator_code,
            own.definition,
            own.scale
    )

select
    report_year,
    region_code,
    scope_code,
    indicator_code,
    definition,
    scale,
    numerator,
    denominator,
    case
        when n_expected = n_reported
        then 1
        when n_reported > 0
        then 2
        when least_severity = 3 and greatest_severity = 3
        then 3
        else 4
    end as severity,
    n_expected,
    n_reported
from of_schools
