with
    standards as (
        select
            indicator_code,
            category,
            edition,
            comparison,
            bound,
            founded_since,
            is_key,
            is_verified,
            since,
            until
        from {{ source("reference", "standard") }}
    ),

    -- a region's own value is held against the standards for ordinary vocational schools
    subjects as (
        select
            schools.report_year,
            'school' as subject_kind,
            schools.school_code as subject_code,
            schools.category,
            respondents.founded
        from {{ ref("dim_school") }} as schools
        left join
            {{ source("reference", "respondent") }} as respondents on schools.school_code = respondents.code
        union all
        select distinct
            facts.report_year,
            'region' as subject_kind,
            facts.subject_code,
            'vocational' as category,
            cast(null as bigint) as founded
        from {{ ref("fct_indicator_value") }} as facts
        where facts.subject_kind = 'region'
    ),

    exclusions as (select report_year, school_code, edition, told from {{ ref("int_standard_exclusion") }}),

    facts as (
        select
            report_year,
            region_code,
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
    )

select
    facts.report_year,
    facts.region_code,
    facts.subject_kind,
    facts.subject_code,
    facts.scope_code,
    facts.indicator_code,
    standards.edition,
    standards.category,
    standards.comparison,
    cast(standards.bound as {{ type_amount() }}) as bound,
    facts.value,
    facts.status,
    {{ reason_of("facts.status") }} as reason,
    facts.n_expected,
    facts.n_reported,
    facts.origin,
    standards.is_key,
    standards.is_verified,
    exclusions.told as excluded_because,
    case
        when exclusions.told is not null
        then 'excluded'
        when facts.value is null
        then 'not_verifiable'
        when standards.comparison = 'at_least' and facts.value >= standards.bound
        then 'met'
        when standards.comparison = 'at_most' and facts.value <= standards.bound
        then 'met'
        else 'missed'
    end as verdict
from facts
inner join
    subjects
    on facts.report_year = subjects.report_year
    and facts.subject_kind = subjects.subject_kind
    and facts.subject_code = subjects.subject_code
inner join
    standards
    on facts.indicator_code = standards.indicator_code
    and subjects.category = standards.category
    and coalesce(subjects.founded, 0) >= coalesce(standards.founded_since, 0)
    and coalesce(standards.since, facts.report_year) <= facts.report_year
    and coalesce(standards.until, facts.report_year) >= facts.report_year
left join
    exclusions
    on facts.report_year = exclusions.report_year
    and case when facts.subject_kind = 'school' then facts.subject_code end = exclusions.school_code
    and standards.edition = exclusions.edition
