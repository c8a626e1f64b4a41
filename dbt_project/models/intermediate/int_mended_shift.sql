with
    paths as (
        select region_code, ancestor_code, ancestor_level from {{ source("reference", "region_path") }}
    ),

    measures as (
        select code as measure_code, level, filled_in_by, adds, is_count
        from {{ source("reference", "measure") }}
    ),

    bureaus as (select code, region_code from {{ source("reference", "respondent") }} where kind = 'bureau'),

    scopes as (select code as scope_code from {{ source("reference", "scope") }}),

    terms as (
        select
            terms.indicator_code,
            terms.definition,
            terms.measure_code,
            case when terms.role = 'numerator' then 1 else 0 end as is_numerator,
            terms.since,
            terms.until,
            indicators.kind,
            indicators.level,
            indicators.scale,
            measures.adds
        from {{ source("reference", "indicator_term") }} as terms
        inner join
            {{ source("reference", "indicator") }} as indicators on terms.indicator_code = indicators.code
        inner join measures on terms.measure_code = measures.measure_code
    ),

    -- what is said of a school counts if the school itself says it, or the bureau that speaks of it
    of_schools as (
        select
            mended.finding_id,
            mended.report_year,
            mended.subject_code as school_code,
            mended.measure_code,
            case when measures.is_count then coalesce(mended.value, 0) else mended.value end as value
        from {{ ref("int_mended_value") }} as mended
        inner join measures on mended.measure_code = measures.measure_code
        inner join
            {{ ref("int_roster") }} as roster
            on mended.report_year = roster.report_year
            and mended.subject_code = roster.school_code
            and mended.respondent_code
            = case measures.filled_in_by when 'bureau' then roster.bureau_code else roster.school_code end
        where measures.level = 'school' and roster.bureau_code is not null
    ),

    -- every indicator of the school that takes such a measure, with all of its terms
    touched as (
        select distinct
            of_schools.finding_id,
            of_schools.report_year,
            of_schools.school_code,
            terms.indicator_code,
            terms.definition
        from of_schools
        inner join
            terms
            on of_schools.measure_code = terms.measure_code
            and coalesce(terms.since, of_schools.report_year) <= of_schools.report_year
            and coalesce(terms.until, of_schools.report_year) >= of_schools.report_year
        where terms.adds = 'sum'
    ),

    school_terms as (
        select
            touched.finding_id,
            touched.report_year,
            touched.school_code,
            touched.indicator_code,
            touched.definition,
            terms.kind,
            terms.level,
            terms.scale,
            terms.is_numerator,
            measured.value as before,
            case when of_schools.finding_id is null then measured.value else of_schools.value end as after
        from touched
        inner join
            terms
            on touched.indicator_code = terms.indicator_code
            and touched.definition = terms.definition
            and coalesce(terms.since, touched.report_year) <= touched.report_year
            and coalesce(terms.until, touched.report_year) >= touched.report_year
        inner join
            {{ ref("int_measure_school") }} as measured
            on touched.report_year = measured.report_year
            and touched.school_code = measured.school_code
            and terms.measure_code = measured.measure_code
        left join
            of_schools
            on touched.finding_id = of_schools.finding_id
            and touched.report_year = of_schools.report_year
            and touched.school_code = of_schools.school_code
            and terms.measure_code = of_schools.measure_code
    ),

    school_values as (
        select
            finding_id,
            report_year,
            school_code,
            indicator_code,
            definition,
            kind,
            level,
            scale,
            coalesce(sum(case when is_numerator = 1 then before end), 0) as numerator_before,
            coalesce(sum(case when is_numerator = 1 then after end), 0) as numerator_after,
            coalesce(sum(case when is_numerator = 0 then before end), 0) as denominator_before,
            coalesce(sum(case when is_numerator = 0 then after end), 0) as denominator_after,
            min(case when before is null then 0 else 1 end) as is_known_before,
            min(case when after is null then 0 else 1 end) as is_known_after
        from school_terms
        group by finding_id, report_year, school_code, indicator_code, definition, kind, level, scale
    ),

    -- a ratio of schools takes only those of which all terms are known; one of a region is made of its sums
    school_shifts as (
        select
            finding_id,
            report_year,
            school_code,
            indicator_code,
            definition,
            case
                when kind = 'ratio' and level = 'school'
                then numerator_after * is_known_after - numerator_before * is_known_before
                else numerator_after - numerator_before
            end as numerator_shift,
            case
                when kind = 'ratio' and level = 'school'
                then denominator_after * is_known_after - denominator_before * is_known_before
                when kind = 'ratio'
                then denominator_after - denominator_before
            end as denominator_shift,
            case when level = 'school' then is_known_after - is_known_before else 0 end as reported_shift
        from school_values
    ),

    counts as (
        select code as indicator_code, counted_indicator, counted_below, counted_ownership
        from {{ source("reference", "indicator") }}
        where kind = 'school_count'
    ),

    -- how many schools lie below a bound: one more or one less
    counted as (
        select
            school_values.finding_id,
            school_values.report_year,
            school_values.school_code,
            counts.indicator_code,
            counts.counted_below,
            school_values.is_known_before,
            school_values.is_known_after,
            case
                when school_values.is_known_before = 0
                then null
                when school_values.kind = 'sum'
                then school_values.numerator_before
                else
                    {{
                        exact_ratio(
                            "school_values.numerator_before",
                            "school_values.denominator_before",
                            "school_values.scale",
                        )
                    }}
            end as value_before,
            case
                when school_values.is_known_after = 0
                then null
                when school_values.kind = 'sum'
                then school_values.numerator_after
                else
                    {{
                        exact_ratio(
                            "school_values.numerator_after",
                            "school_values.denominator_after",
                            "school_values.scale",
                        )
                    }}
            end as value_after
        from school_values
        inner join counts on school_values.indicator_code = counts.counted_indicator
        inner join
            {{ ref("int_roster") }} as roster
            on school_values.report_year = roster.report_year
            and school_values.school_code = roster.school_code
        where counts.counted_ownership is null or counts.counted_ownership = roster.ownership
    ),

    shifts_of_schools as (
        select
            finding_id,
            report_year,
            school_code,
            indicator_code,
            definition,
            numerator_shift,
            denominator_shift,
            reported_shift
        from school_shifts
        union all
        select
            finding_id,
            report_year,
            school_code,
            indicator_code,
            'standard' as definition,
            case when value_after < counted_below then 1 else 0 end
            - case when value_before < counted_below then 1 else 0 end as numerator_shift,
            null as denominator_shift,
            is_known_after - is_known_before as reported_shift
        from counted
    ),

    of_bureaus as (
        select
            mended.finding_id,
            mended.report_year,
            mended.respondent_code,
            bureaus.region_code,
            mended.measure_code,
            measures.adds,
            reported.value as before,
            mended.value as after
        from {{ ref("int_mended_value") }} as mended
        inner join measures on mended.measure_code = measures.measure_code
        inner join bureaus on mended.respondent_code = bureaus.code
        left join
            {{ ref("int_measure_reported") }} as reported
            on mended.report_year = reported.report_year
            and mended.respondent_code = reported.respondent_code
            and mended.measure_code = reported.measure_code
        where measures.level = 'region'
    ),

    -- each bureau reports on what has no bureau of its own below it
    shifts_of_bureaus as (
        select
            of_bureaus.finding_id,
            of_bureaus.report_year,
            paths.ancestor_code as region_code,
            terms.indicator_code,
            terms.definition,
            sum(
                case
                    when terms.is_numerator = 1
                    then coalesce(of_bureaus.after, 0) - coalesce(of_bureaus.before, 0)
                    else 0
                end
            ) as numerator_shift,
            sum(
                case
                    when terms.is_numerator = 0
                    then coalesce(of_bureaus.after, 0) - coalesce(of_bureaus.before, 0)
                    else 0
                end
            ) as denominator_shift,
            min(
                case when of_bureaus.after is null then 0 else 1 end
                - case when of_bureaus.before is null then 0 else 1 end
            ) as reported_shift
        from of_bureaus
        inner join paths on of_bureaus.region_code = paths.region_code
        inner join
            terms
            on of_bureaus.measure_code = terms.measure_code
            and coalesce(terms.since, of_bureaus.report_year) <= of_bureaus.report_year
            and coalesce(terms.until, of_bureaus.report_year) >= of_bureaus.report_year
        where of_bureaus.adds = 'sum'
        group by
            of_bureaus.finding_id,
            of_bureaus.report_year,
            paths.ancestor_code,
            terms.indicator_code,
            terms.definition
    ),

    shifts as (
        select
            own.finding_id,
            own.report_year,
            paths.ancestor_code as region_code,
            members.scope_code,
            own.indicator_code,
            own.definition,
            sum(own.numerator_shift) as numerator_shift,
            sum(own.denominator_shift) as denominator_shift,
            sum(own.reported_shift) as reported_shift
        from shifts_of_schools as own
        inner join
            {{ ref("int_scope_member") }} as members
            on own.report_year = members.report_year
            and own.school_code = members.school_code
        inner join paths on members.region_code = paths.region_code
        group by
            own.finding_id,
            own.report_year,
            paths.ancestor_code,
            members.scope_code,
            own.indicator_code,
            own.definition
        union all
        select
            own.finding_id,
            own.report_year,
            own.region_code,
            scopes.scope_code,
            own.indicator_code,
            own.definition,
            own.numerator_shift,
            own.denominator_shift,
            own.reported_shift
        from shifts_of_bureaus as own
        cross join scopes
    ),

    -- of what is not added up: the greatest, what all say alike, or what a region's own bureau says
    others_of_bureaus as (
        select
            of_bureaus.finding_id,
            of_bureaus.report_year,
            of_bureaus.measure_code,
            paths.ancestor_code as region_code,
            max(others.value) as highest,
            min(others.value) as lowest
        from of_bureaus
        inner join paths on of_bureaus.region_code = paths.region_code
        inner join
            {{ ref("int_measure_reported") }} as others
            on of_bureaus.report_year = others.report_year
            and of_bureaus.measure_code = others.measure_code
            and of_bureaus.respondent_code <> others.respondent_code
        inner join bureaus on others.respondent_code = bureaus.code
        inner join
            paths as other_paths
            on bureaus.region_code = other_paths.region_code
            and paths.ancestor_code = other_paths.ancestor_code
        where of_bureaus.adds in ('maximum', 'same_for_all')
        group by of_bureaus.finding_id, of_bureaus.report_year, of_bureaus.measure_code, paths.ancestor_code
    ),

    instead_of_bureaus as (
        select
            of_bureaus.finding_id,
            of_bureaus.report_year,
            paths.ancestor_code as region_code,
            scopes.scope_code,
            of_bureaus.measure_code,
            case
                of_bureaus.adds
                when 'none'
                then of_bureaus.after
                when 'maximum'
                then
                    case
                        when others.highest is null or of_bureaus.after > others.highest
                        then of_bureaus.after
                        else others.highest
                    end
                else
                    case
                        when others.highest is null
                        then of_bureaus.after
                        when
                            others.lowest = others.highest
                            and coalesce(of_bureaus.after, others.highest) = others.highest
                        then others.highest
                    end
            end as value
        from of_bureaus
        inner join paths on of_bureaus.region_code = paths.region_code
        cross join scopes
        left join
            others_of_bureaus as others
            on of_bureaus.finding_id = others.finding_id
            and of_bureaus.report_year = others.report_year
            and of_bureaus.measure_code = others.measure_code
            and paths.ancestor_code = others.region_code
        where
            of_bureaus.adds <> 'sum'
            and (
                of_bureaus.region_code = paths.ancestor_code
                or of_bureaus.adds = 'maximum'
                or (of_bureaus.adds = 'same_for_all' and paths.ancestor_level <> 'nation')
            )
    ),

    -- the greatest of the schools, how many have it, and the next
    greatest as (
        select
            measured.report_year,
            paths.ancestor_code as region_code,
            members.scope_code,
            measured.measure_code,
            of_region.value as highest,
            sum(case when measured.value = of_region.value then 1 else 0 end) as schools_with_it,
            max(case when measured.value < of_region.value then measured.value end) as next
        from {{ ref("int_measure_school") }} as measured
        inner join measures on measured.measure_code = measures.measure_code and measures.adds = 'maximum'
        inner join
            {{ ref("int_scope_member") }} as members
            on measured.report_year = members.report_year
            and measured.school_code = members.school_code
        inner join paths on members.region_code = paths.region_code
        inner join
            {{ ref("int_measure_region") }} as of_region
            on measured.report_year = of_region.report_year
            and paths.ancestor_code = of_region.region_code
            and members.scope_code = of_region.scope_code
            and measured.measure_code = of_region.measure_code
        group by
            measured.report_year,
            paths.ancestor_code,
            members.scope_code,
            measured.measure_code,
            of_region.value
    ),

    others_of_schools as (
        select
            of_schools.finding_id,
            of_schools.report_year,
            greatest.region_code,
            greatest.scope_code,
            of_schools.measure_code,
            of_schools.value as own,
            case
                when measured.value = greatest.highest and greatest.schools_with_it = 1
                then greatest.next
                else greatest.highest
            end as others
        from of_schools
        inner join
            {{ ref("int_measure_school") }} as measured
            on of_schools.report_year = measured.report_year
            and of_schools.school_code = measured.school_code
            and of_schools.measure_code = measured.measure_code
        inner join
            {{ ref("int_scope_member") }} as members
            on of_schools.report_year = members.report_year
            and of_schools.school_code = members.school_code
        inner join paths on members.region_code = paths.region_code
        inner join
            greatest
            on of_schools.report_year = greatest.report_year
            and paths.ancestor_code = greatest.region_code
            and members.scope_code = greatest.scope_code
            and of_schools.measure_code = greatest.measure_code
    ),

    instead as (
        select finding_id, report_year, region_code, scope_code, measure_code, value
        from instead_of_bureaus
        union all
        select
            finding_id,
            report_year,
            region_code,
            scope_code,
            measure_code,
            case when others is null or own > others then own else others end as value
        from others_of_schools
        union all
        select finding_id, report_year, region_code, scope_code, measure_code, value
        from {{ ref("int_mended_distinct") }}
    )

select
    finding_id,
    report_year,
    region_code,
    scope_code,
    indicator_code,
    definition,
    cast(numerator_shift as {{ type_amount() }}) as numerator_shift,
    cast(denominator_shift as {{ type_amount() }}) as denominator_shift,
    cast(reported_shift as bigint) as reported_shift,
    false as is_instead,
    cast(null as {{ type_amount() }}) as numerator_instead
from shifts
union all
select
    instead.finding_id,
    instead.report_year,
    instead.region_code,
    instead.scope_code,
    terms.indicator_code,
    terms.definition,
    cast(null as {{ type_amount() }}) as numerator_shift,
    cast(null as {{ type_amount() }}) as denominator_shift,
    cast(null as bigint) as reported_shift,
    true as is_instead,
    cast(instead.value as {{ type_amount() }}) as numerator_instead
from instead
inner join
    terms
    on instead.measure_code = terms.measure_code
    and coalesce(terms.since, instead.report_year) <= instead.report_year
    and coalesce(terms.until, instead.report_year) >= instead.report_year
