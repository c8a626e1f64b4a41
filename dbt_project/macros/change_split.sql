{#
    How a change of Σ numerator / Σ denominator is split over the schools, with 12 decimals. Of two quantities that
    change together each order of changing them gives another split; this is the mean of both (Shapley's value):

        part = scale · ½ · ((Δn − Δd · N/D) / D₀ + (Δn − Δd · N₀/D₀) / D)

    n and d are the school's, N and D the region's, ₀ is last year. What a school adds is what it has beyond the
    region's mean; the parts add up to the region's change. All in whole numbers: 10⁴ for amounts, 10¹² for values.
#}
{% macro part_of_ratio() %}
    {{
        quotient(
            half_part("numerator", "denominator", "previous_denominator")
            ~ " + "
            ~ half_part("previous_numerator", "previous_denominator", "denominator"),
            "2",
        )
    }}
{% endmacro %}

{# scale · (Δn − Δd · N/D) / E with N, D of one year and E the denominator of the other, times 10¹². #}
{% macro half_part(numerator, denominator, other_denominator) %}
    {% set as_the_region = quotient(
        whole_amount("school_denominator_change")
        ~ " * "
        ~ whole_amount(numerator)
        ~ " * 100000000",
        denominator ~ " * 10000",
    ) %}
    {{
        return(
            quotient(
                "("
                ~ whole_amount("school_numerator_change")
                ~ " * 100000000 - "
                ~ as_the_region
                ~ ") * cast(scale as "
                ~ type_whole()
                ~ ") * 10000",
                other_denominator ~ " * 10000",
            )
        )
    }}
{% endmacro %}

{# What of a part comes from the school's own ratio: Δ(n/d) · mean d · mean of 1/D and 1/D₀, times 10¹². #}
{% macro rate_effect_of_ratio() %}
    {% set own = "(school_value - previous_school_value) * " ~ whole_amount(
        "school_denominator + previous_school_denominator"
    ) %}
    {{
        return(
            quotient(
                quotient(own, "denominator * 10000")
                ~ " + "
                ~ quotient(own, "previous_denominator * 10000"),
                "4",
            )
        )
    }}
{% endmacro %}

{# whole_quotient of a whole number, as one again: of a decimal DuckDB takes the quotient in floating point. #}
{% macro quotient(dividend, divisor) %}
    {{ return("cast(" ~ whole_quotient(dividend, divisor) ~ " as " ~ type_whole() ~ ")") }}
{% endmacro %}

{# An amount in units of its fourth decimal. #}
{% macro whole_amount(amount) %}
    {{ return("cast((" ~ amount ~ ") * 10000 as " ~ type_whole() ~ ")") }}
{% endmacro %}

{# A value in units of its twelfth decimal: Spark keeps eleven of the difference of two values. #}
{% macro whole_value(value) %}
    {{ return("cast((" ~ value ~ ") * 1000000000000 as " ~ type_whole() ~ ")") }}
{% endmacro %}

{# What is in units of the twelfth decimal, as a value. #}
{% macro value_of_whole(whole) %}
    {{
        return(
            "cast(cast("
            ~ whole
            ~ " as decimal(25, 0)) * cast(0.000000000001 as decimal(12, 12)) as "
            ~ type_value()
            ~ ")"
        )
    }}
{% endmacro %}
