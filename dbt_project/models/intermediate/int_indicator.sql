with
    measures as (
        select
            report_year,
            subject_kind,
            subject_code,
            scope_code,
            measure_code,
            value,
            status,
            n_expected,
            n_reported
        from {{ ref("int_measure") }}
    ),

    members as (select report_year, scope_code, school_code, region_code from {{ ref("int_scope_member") }}),

    paths as (select region_code, ancestor_code from {{ source("reference", "region_path") }}),

    terms as (
        select indicator_code, definition, role, measure_code, since, until
        from {{ source("reference", "indicator_term") }}
    ),

    indicators as (
        select code as indicator_code, kind, level, scale from {{ source("reference", "indicator") }}
    ),

    -- both sides of a ratio in one pass; a region's ratio of what schools report is not made of its sums,
    -- see below
    terms_of_subjects as (
        select
            measures.report_year,
            measures.subject_kind,
            measures.subject_code,
            measures.scope_code,
            terms.indicator_code,
            terms.definition,
            indicators.kind,
            indicators.scale,
            case when terms.role = 'numerator' then 1 else 0 end as is_numerator,
            case when measures.value is null then 1 else 0 end as is_null,
            measures.value,
            case
                measures.status
                when 'missing'
                then 4
                when 'unavailable'
                then 3
                when 'incomplete'
                then 2
                else 1
            end as severity,
            measures.n_expected,
            measures.n_reported
        from measures
        inner join
            terms
            on measures.measure_code = terms.measure_code
            and coalesce(terms.since, measures.report_year) <= measures.report_year
            and coalesce(terms.until, measures.report_year) >= measures.report_year
        inner join indicators on terms.indicator_code = indicators.indicator_code
        where
            (measures.subject_kind = 'school' and indicators.level = 'school')
            or (
                measures.subject_kind = 'region'
                and (indicators.kind <> 'ratio' or indicators.level = 'region')
            )
    ),

    joined as (
        select
            report_year,
            subject_kind,
            subject_code,
            scope_code,
            indicator_code,
            definition,
            kind,
            scale,
            case
                when sum(is_numerator * is_null) = 0 then sum(case when is_numerator = 1 then value end)
            end as numerator,
            case
                -- a scope without any school has none of what schools report
                when kind = 'ratio' and min(is_numerator) = 1
                then 0
                when sum((1 - is_numerator) * is_null) = 0
                then sum(case when is_numerator = 0 then value end)
            end as denominator,
            max(severity) as severity,
            max(n_expected) as n_expected,
            min(n_reported) as n_reported
        from terms_of_subjects
        group by report_year, subject_kind, subject_code, scope_code, indicator_code, definition, kind, scale
        having max(is_numerator) = 1
    ),

    -- A region's ratio takes both its terms from the same schools: those that have reported both. A school
    -- that
    -- lacks one of them would otherwise count in one term only.
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
        from joined as schools
        inner join
            members
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
    ),

    together as (
        select
            report_year,
            subject_kind,
            subject_code,
            scope_code,
            indicator_code,
            definition,
            kind,
            scale,
            numerator,
            denominator,
            severity,
            n_expected,
            n_reported
        from joined
        union all
        select
            report_year,
            'region' as subject_kind,
            region_code as subject_code,
            scope_code,
            indicator_code,
            definition,
            'ratio' as kind,
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
    ),

    exact as (
        select
            report_year,
            subject_kind,
            subject_code,
            scope_code,
            indicator_code,
            definition,
            kind,
            scale,
            cast(numerator as {{ type_amount() }}) as numerator,
            cast(denominator as {{ type_amount() }}) as denominator,
            severity,
            n_expected,
            n_reported
        from together
    )

select
    report_year,
    subject_kind,
    subject_code,
    scope_code,
    indicator_code,
    definition,
    numerator,
    denominator,
    cast(
        case
            when kind = 'sum' then numerator else {{ exact_ratio("numerator", "denominator", "scale") }}
        end as {{ type_value() }}
    ) as value,
    case
        when severity = 4
        then 'missing'
        when severity = 3
        then 'unavailable'
        when kind = 'ratio' and denominator = 0
        then 'not_applicable'
        when severity = 2
        then 'incomplete'
        else 'ok'
    end as status,
    cast(n_expected as bigint) as n_expected,
    cast(n_reported as bigint) as n_reported
from exact
