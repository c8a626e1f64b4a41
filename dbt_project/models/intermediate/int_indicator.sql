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
        -- a region's ratio of what schools report is not made of its sums, see below
        where
            (measures.subject_kind = 'school' and indicators.level = 'school')
            or (
                measures.subject_kind = 'region'
                and (indicators.kind <> 'ratio' or indicators.level = 'region')
            )
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
            indicators.scale,
            numerator.value as numerator,
            -- a scope without any school has none of what schools report
            case
                when indicators.kind = 'ratio' and denominator.role is null then 0 else denominator.value
            end as denominator,
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
