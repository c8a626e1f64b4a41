{#
    Exact arithmetic. Amounts are DECIMAL with 4 decimals, values DECIMAL with 12; nothing is ever a DOUBLE
    on its way to a printed figure.
#}
{% macro type_amount() %} decimal(24, 4){% endmacro %}

{% macro type_value() %} decimal(38, 12){% endmacro %}

{#
    numerator / denominator * scale, cut off (not rounded) after 12 decimals; null when the denominator is
    zero or an input is missing. `divide` is DuckDB's integer division; its operator form is taken for a
    comment by the SQL formatter. Cutting off towards zero keeps a later half-up rounding right: no value
    below a half is lifted to it.
#}
{% macro exact_ratio(numerator, denominator, scale) %}
    {{ return(adapter.dispatch("exact_ratio")(numerator, denominator, scale)) }}
{% endmacro %}

{% macro default__exact_ratio(numerator, denominator, scale) %}
    case
        when {{ denominator }} = 0
        then null
        else
            cast(
                divide(
                    cast({{ numerator }} * 10000 as hugeint) * cast({{ scale }} as hugeint) * 1000000000000,
                    cast({{ denominator }} * 10000 as hugeint)
                ) as decimal(38, 0)
            )
            * cast(0.000000000001 as decimal(12, 12))
    end
{% endmacro %}

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
                    cast(trunc({{ value }} * {{ 10**places }}) as decimal(34, 0)) * cast(
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
            when {{ places }} then cast(cast({{ value }} as decimal(24, {{ places }})) as varchar)
        {% endfor %}
    end
{% endmacro %}

{# A rounded value as text without trailing zeros. #}
{% macro trimmed_text(value) %}
    rtrim(rtrim(cast(cast({{ value }} as {{ type_amount() }}) as varchar), '0'), '.')
{% endmacro %}
