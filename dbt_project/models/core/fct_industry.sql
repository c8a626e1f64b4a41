with
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
        where indicator_code like 'employed_%'
    )

select
    employed.report_year,
    employed.region_code,
    employed.subject_kind,
    employed.subject_code,
    employed.scope_code,
    industries.industry_code,
    cast(employed.value as bigint) as employed,
    employed.status,
    share.value as employed_share,
    share.status as share_status,
    employed.n_expected,
    employed.n_reported,
    employed.origin
from facts as employed
inner join
    {{ ref("dim_industry") }} as industries
    on employed.indicator_code = 'employed_' || industries.industry_code
left join
    facts as share
    on employed.report_year = share.report_year
    and employed.subject_code = share.subject_code
    and employed.scope_code = share.scope_code
    and share.indicator_code = 'employed_' || industries.industry_code || '_share'
