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
from {{ ref("int_indicator_term") }}
group by report_year, subject_kind, subject_code, scope_code, indicator_code, definition, kind, scale
having max(is_numerator) = 1
