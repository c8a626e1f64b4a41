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

    members as (select report_year, scope_code, school_code from {{ ref("int_scope_member") }}),

    city as (select code as region_code from {{ source("reference", "city") }}),

    terms as (
        select indicator_code, definition, role, measure_code, since, until
        from {{ source("reference", "indicator_term") }}
    ),

    indicators as (
        select code as indicator_code, kind, level, scale from {{ source("reference", "indicator") }}
    ),

    sides as (
        select
            measures.report_year,
            measures.subject_kind,
            measures.subject_code,
            measures.scope_code,
            terms.indicator_code,
            terms.definition,
            terms.role,
            case when count(*) = count(measures.value) then sum(measures.value) end as value,
            max(
                case
                    measures.status
                    when 'missing'
                    then 4
                    when 'unavailable'
                    then 3
                    when 'incomplete'
                    then 2
                    else 1
                end
            ) as severity,
            max(measures.n_expected) as n_expected,
            min(measures.n_reported) as n_reported
        from measures
        inner join
            terms
            on measures.measure_code = terms.measure_code
            and coalesce(terms.since, measures.report_year) <= measures.report_year
            and coalesce(terms.until, measures.report_year) >= measures.report_year
        inner join indicators on terms.indicator_code = indicators.indicator_code
        where measures.subject_kind = 'region' or indicators.level = 'school'
        group by
            measures.report_year,
            measures.subject_kind,
            measures.subject_code,
            measures.scope_code,
            terms.indicator_code,
            terms.definition,
            terms.role
    ),

    joined as (
        select
            numerator.report_year,
            numerator.subject_kind,
            numerator.subject_code,
            numerator.scope_code,
            numerator.indicator_code,
            numerator.definition,
            indicators.kind,
            indicators.level,
            indicators.scale,
            numerator.value as numerator,
            denominator.value as denominator,
            greatest(numerator.severity, coalesce(denominator.severity, 1)) as severity,
            greatest(numerator.n_expected, coalesce(denominator.n_expected, 0)) as n_expected,
            least(numerator.n_reported, coalesce(denominator.n_reported, numerator.n_reported)) as n_reported
        from sides as numerator
        inner join indicators on numerator.indicator_code = indicators.indicator_code
        left join
            sides as denominator
            on numerator.report_year = denominator.report_year
            and numerator.subject_code = denominator.subject_code
            and numerator.scope_code = denominator.scope_code
            and numerator.indicator_code = denominator.indicator_code
            and numerator.definition = denominator.definition
            and denominator.role = 'denominator'
        where numerator.role = 'numerator'
    ),

    -- A region's ratio takes both its terms from the same schools: those that have reported both. A school
    -- that
    -- lacks one of them would otherwise count in one term only.
    of_the_same_schools as (
        select
            schools.report_year,
            'region' as subject_kind,
            city.region_code as subject_code,
            members.scope_code,
            schools.indicator_code,
            schools.definition,
            schools.kind,
            schools.level,
            schools.scale,
            sum(case when schools.severity = 1 then schools.numerator end) as numerator,
            sum(case when schools.severity = 1 then schools.denominator end) as denominator,
            case
                when count(*) = sum(case when schools.severity = 1 then 1 else 0 end)
                then 1
                when sum(case when schools.severity = 1 then 1 else 0 end) > 0
                then 2
                when min(schools.severity) = 3 and max(schools.severity) = 3
                then 3
                else 4
            end as severity,
            count(*) as n_expected,
            sum(case when schools.severity = 1 then 1 else 0 end) as n_reported
        from joined as schools
        inner join
            members
            on schools.report_year = members.report_year
            and schools.subject_code = members.school_code
        cross join city
        where schools.subject_kind = 'school' and schools.kind = 'ratio'
        group by
            schools.report_year,
            city.region_code,
            members.scope_code,
            schools.indicator_code,
            schools.definition,
            schools.kind,
            schools.level,
            schools.scale
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
        where subject_kind = 'school' or kind <> 'ratio' or level = 'region'
        union all
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
        from of_the_same_schools
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
