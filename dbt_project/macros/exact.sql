{#
    Exact arithmetic. Amounts are DECIMAL with 4 decimals, values DECIMAL with 12; nothing is ever a DOUBLE
    on its way to a printed figure.
#}
{% macro type_amount() %} decimal(24, 4){% endmacro %}

{% macro type_value() %} decimal(38, 12){% endmacro %}

{#
    numerator / denominator * scale, cut off (not rounded) after 12 decimals; null when the denominator is
    zero or an input is missing. Cutting off towards zero keeps a later half-up rounding right: no value
    below a half is lifted to it. The quotient is computed in whole numbers, as whole_quotient says.
#}
{% macro exact_ratio(numerator, denominator, scale) %}
    case
        when {{ denominator }} = 0
        then null
        else
            {{
                whole_quotient(
                    "cast("
                    ~ numerator
                    ~ " * 10000 as "
                    ~ type_whole()
                    ~ ") * cast("
                    ~ scale
                    ~ " as "
                    ~ type_whole()
                    ~ ") * 1000000000000",
                    denominator ~ " * 10000",
                )
            }} * cast(0.000000000001 as decimal(12, 12))
    end
{% endmacro %}

{# The type in which the product of an amount, a scale and 10^12 is exact; beyond it there is an error. #}
{% macro type_whole() %} {{ return(adapter.dispatch("type_whole")()) }} {% endmacro %}

{% macro default__type_whole() %} {{ return("hugeint") }} {% endmacro %}

{% macro spark__type_whole() %} {{ return("decimal(38, 0)") }} {% endmacro %}

{#
    The quotient of two whole numbers, cut off towards zero. DuckDB divides hugeints; `divide` is its integer
    division, whose operator form the SQL formatter takes for a comment. Spark's integer division gives a
    64-bit number only, so there the remainder is taken off first and the decimal division has nothing to round.
    The quotient's 25 digits let its product with 12 decimals fit 38, whatever Spark is told about lost precision.
#}
{% macro whole_quotient(dividend, divisor) %}
    {{ return(adapter.dispatch("whole_quotient")(dividend, divisor)) }}
{% endmacro %}

{% macro default__whole_quotient(dividend, divisor) %}
    cast(divide({{ dividend }}, cast({{ divisor }} as hugeint)) as decimal(38, 0))
{% endmacro %}

{% macro spark__whole_quotient(dividend, divisor) %}
    cast(
        (({{ dividend }}) - ({{ dividend }}) % cast({{ divisor }} as decimal(24, 0)))
        / cast({{ divisor }} as decimal(24, 0)) as decimal(25, 0)
    )
{% endmacro %}
