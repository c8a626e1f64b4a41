{# In each group the parts add up to the total that every row repeats, to the last digit; failing rows show both. #}
{% test adds_up_to(model, part, total, group_by) %}
    select {{ group_by | join(", ") }}, sum({{ part }}) as parts, max({{ total }}) as total
    from {{ model }}
    group by {{ group_by | join(", ") }}
    having sum({{ part }}) <> max({{ total }}) or min({{ total }}) <> max({{ total }})
{% endtest %}
