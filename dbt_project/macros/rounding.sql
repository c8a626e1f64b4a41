{#
    Rounding as the report rounds: half up, away from zero. Its twin in Python is warehouse/figures/rounding.py;
    tests/figures/test_rounding.py holds the two against each other.
#}
{# The value rounded half-up to the number of decimals in a column (0 to 4), as DECIMAL with 4 decimals. #}
{% macro rounded(value, decimals) %}
    case
        {{ decimals }}
        {% for places in range(5) %}
            when {{ places }} then cast(round({{ value }}, {{ places }}) as {{ type_amount() }})
        {% endfor %}
    end
{% endmacro %}

{# The value cut off after the number of decimals in a column (0 to 4), as DECIMAL with 4 decimals. #}
{% macro truncated(value, decimals) %}
    case
        {{ decimals }}
        {% for places in range(5) %}
            when {{ places }}
            then
                cast(
                    cast({{ value }} as decimal(36, 12))
                    - cast({{ value }} as decimal(36, 12))
                    % cast(
                        {{ ["1", "0.1", "0.01", "0.001", "0.0001"][places] }} as decimal(5, 4)
                    ) as {{ type_amount() }}
                )
        {% endfor %}
    end
{% endmacro %}

{# A rounded value as text with exactly the given number of decimals (a column, 0 to 4). #}
{% macro fixed_text(value, decimals) %}
    case
        {{ decimals }}
        {% for places in range(5) %}
            when {{ places }}
            then cast(cast({{ value }} as decimal(24, {{ places }})) as {{ dbt.type_string() }})
        {% endfor %}
    end
{% endmacro %}

{# A rounded value as text without trailing zeros. #}
{% macro trimmed_text(value) %}
    trim(
        trailing '.'
        from trim(trailing '0' from cast(cast({{ value }} as {{ type_amount() }}) as {{ dbt.type_string() }}))
    )
{% endmacro %}

{# The rounded value of an indicator as the report prints it; null where there is none. #}
{% macro printed_text(rounded_value, kind, decimals, display_form) %}
    case
        when {{ rounded_value }} is null
        then null
        when {{ display_form }} = 'to_one'
        then {{ fixed_text(rounded_value, decimals) }} || ':1'
        when {{ kind }} = 'ratio'
        then {{ fixed_text(rounded_value, decimals) }}
        else {{ trimmed_text(rounded_value) }}
    end
{% endmacro %}

{#
    consistent, truncated or differs: a printed number against the exact value, both signed and in the same unit.
    `decimals` is how many the print has; a lower bound (以上, 多, 余) holds for every value that is as large or larger.
#}
{% macro verdict(exact, printed, decimals, is_lower_bound) %}
    case
        when {{ exact }} is null
        then 'not_verifiable'
        when {{ is_lower_bound }}
        then
            case
                when
                    (case when {{ printed }} < 0 then - {{ exact }} else {{ exact }} end)
                    >= abs({{ printed }})
                then 'consistent'
                else 'differs'
            end
        when {{ rounded(exact, decimals) }} = {{ printed }}
        then 'consistent'
        when {{ truncated(exact, decimals) }} = {{ printed }}
        then 'truncated'
        else 'differs'
    end
{% endmacro %}
