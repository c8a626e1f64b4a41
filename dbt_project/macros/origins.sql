{# Where values come from, from the strongest origin to the weakest: `sources/declarations/origin.py`. #}
{% macro origins() %} {{ return(["submitted", "printed", "spread", "made_up"]) }} {% endmacro %}

{# An origin's place among them, from 0. #}
{% macro origin_rank(origin) %}
    case
        {{ origin }}
        {% for each in origins()[1:] %} when '{{ each }}' then {{ loop.index }} {% endfor %}
        else 0
    end
{% endmacro %}

{# The origin at a place; a value of which no cell is marked is submitted. #}
{% macro origin_at(rank) %}
    case
        {{ rank }}
        {% for each in origins()[1:] %} when {{ loop.index }} then '{{ each }}' {% endfor %}
        else 'submitted'
    end
{% endmacro %}

{# The weakest of a group. #}
{% macro weakest_origin(origin) %} {{ origin_at("max(" ~ origin_rank(origin) ~ ")") }} {% endmacro %}
