with
    schools as (select report_year, region_code, school_code, category from {{ ref("dim_school") }}),

    labels as (select indicator_code, label from {{ ref("dim_indicator") }}),

    judged as (
        select
            standards.report_year,
            standards.subject_code as school_code,
            standards.edition,
            standards.verdict,
            labels.label
        from {{ ref("fct_standard") }} as standards
        inner join labels on standards.indicator_code = labels.indicator_code
        where standards.subject_kind = 'school' and standards.is_key
    ),

    counted as (
        select
            report_year,
            school_code,
            edition,
            cast(count(*) as bigint) as n_key,
            cast(sum(case when verdict = 'met' then 1 else 0 end) as bigint) as n_met,
            cast(sum(case when verdict = 'missed' then 1 else 0 end) as bigint) as n_missed,
            cast(sum(case when verdict = 'not_verifiable' then 1 else 0 end) as bigint) as n_not_verifiable
        from judged
        group by report_year, school_code, edition
    ),

    missed as (
        select report_year, school_code, edition, {{ joined_texts("label", "、") }} as labels
        from judged
        where verdict = 'missed'
        group by report_year, school_code, edition
    ),

    lacking as (
        select report_year, school_code, edition, {{ joined_texts("label", "、") }} as labels
        from judged
        where verdict = 'not_verifiable'
        group by report_year, school_code, edition
    ),

    exclusions as (select report_year, school_code, edition, told from {{ ref("int_standard_exclusion") }}),

    -- kinds of schools of which not all standards were found
    not_whole as (select edition, category from {{ source("reference", "edition_not_whole") }}),

    -- an edition speaks of a school by a standard, by leaving it out, or by standards that were not found
    spoken_of as (
        select report_year, school_code, edition
        from counted
        union
        select report_year, school_code, edition
        from exclusions
        union
        select schools.report_year, schools.school_code, not_whole.edition
        from schools
        inner join not_whole on schools.category = not_whole.category
    ),

    together as (
        select
            spoken_of.report_year,
            schools.region_code,
            spoken_of.school_code,
            spoken_of.edition,
            coalesce(counted.n_key, 0) as n_key,
            coalesce(counted.n_met, 0) as n_met,
            coalesce(counted.n_missed, 0) as n_missed,
            coalesce(counted.n_not_verifiable, 0) as n_not_verifiable,
            missed.labels as missed,
            lacking.labels as lacking,
            exclusions.told as excluded_because,
            not_whole.category is null as is_whole
        from spoken_of
        inner join
            schools
            on spoken_of.report_year = schools.report_year
            and spoken_of.school_code = schools.school_code
        left join
            counted
            on spoken_of.report_year = counted.report_year
            and spoken_of.school_code = counted.school_code
            and spoken_of.edition = counted.edition
        left join
            missed
            on spoken_of.report_year = missed.report_year
            and spoken_of.school_code = missed.school_code
            and spoken_of.edition = missed.edition
        left join
            lacking
            on spoken_of.report_year = lacking.report_year
            and spoken_of.school_code = lacking.school_code
            and spoken_of.edition = lacking.edition
        left join
            exclusions
            on spoken_of.report_year = exclusions.report_year
            and spoken_of.school_code = exclusions.school_code
            and spoken_of.edition = exclusions.edition
        left join not_whole on spoken_of.edition = not_whole.edition and schools.category = not_whole.category
    )

select
    report_year,
    region_code,
    school_code,
    edition,
    case
        when excluded_because is not null
        then 'excluded'
        when n_missed > 0
        then 'missed'
        when n_not_verifiable > 0 or not is_whole
        then 'not_verifiable'
        else 'met'
    end as verdict,
    n_key,
    n_met,
    n_missed,
    n_not_verifiable,
    missed,
    lacking,
    is_whole,
    excluded_because
from together
