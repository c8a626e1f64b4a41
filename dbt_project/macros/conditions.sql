{# What a number holds under, in words. The texts are those of warehouse/catalogue/labels.py; a test compares them. #}
{% macro reasons() %}
    {{
        return(
            {
                "incomplete": "不完整",
                "missing": "未报告",
                "unavailable": "无法提供",
                "not_applicable": "分母为零，不适用",
                "suppressed": "人数过少，不公开",
                "does_not_add": "各地的数不能相加",
                "differs": "各地填报的数不一致",
            }
        )
    }}
{% endmacro %}

{# Why there is no value, or not a whole one; null where all is there. #}
{% macro reason_of(status) %}
    case
        {{ status }}
        {% for each, reason in reasons().items() %} when '{{ each }}' then '{{ reason }}' {% endfor %}
    end
{% endmacro %}

{# The reasons of several values of a row, each after its name; null where all are whole. `named`: name, status. #}
{% macro reasons_of(named) %}
    nullif(
        concat_ws('；' {% for name, status in named %}, '{{ name }}：' || {{ reason_of(status) }} {% endfor %}),
        ''
    )
{% endmacro %}

{#
    How complete a value is, counted in what it is made of: of n schools (or bureaus, for what they state), so many
    have reported it. `of` is the value's row, `indicators` its indicator's.
#}
{% macro coverage_of(of, indicators, coverage) %}
    {{ of }}.n_reported
    || '/'
    || {{ of }}.n_expected
    || case when {{ counts_schools(of, indicators) }} then ' 所学校' else ' 个填报单位' end
    || coalesce(
        '、'
        || cast({{ students_percent_of(of, indicators, coverage) }} as {{ dbt.type_string() }})
        || '% 的在校生',
        ''
    )
{% endmacro %}

{#
    The share of the region's students that the schools of coverage_of have, where it is known: when all or none of
    them have reported it, or all that have sent anything (`coverage`: the region's row of fct_coverage).
#}
{% macro students_percent_of(of, indicators, coverage) %}
    cast(
        case
            when {{ of }}.subject_kind = 'school' or {{ of }}.n_expected = 0
            then null
            when not ({{ counts_schools(of, indicators) }})
            then null
            when {{ of }}.n_reported = {{ of }}.n_expected
            then 100
            when {{ of }}.n_reported = 0
            then 0
            when
                {{ of }}.n_reported = {{ coverage }}.schools_reported
                and {{ of }}.n_expected = {{ coverage }}.schools_expected
            then {{ coverage }}.students_percent
        end as decimal(4, 1)
    )
{% endmacro %}

{% macro counts_schools(of, indicators) %}
    {{ of }}.subject_kind = 'school'
    or {{ indicators }}.level = 'school'
    or {{ indicators }}.kind = 'school_count'
{% endmacro %}

{# Why the change of fct_indicator_change is none, or no increase and no decrease; null where it is comparable. #}
{% macro why_not_compared() %}
    case
        comparability
        when 'school_break'
        then '学校当年有并入或分设，与上年不是同一范围'
        when 'scope_break'
        then '两年统计口径不同'
        when 'definition_break'
        then '两年指标定义不同'
        when 'incomplete'
        then case when status = 'incomplete' then '本年' else '上年' end || '有学校未报告'
        when 'not_verifiable'
        then
            case
                when value is null
                then '本年：' || {{ reason_of("status") }}
                when previous_status is null
                then '上年没有这一项'
                else '上年：' || {{ reason_of("previous_status") }}
            end
    end
{% endmacro %}
