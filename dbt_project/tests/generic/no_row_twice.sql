{# No two rows are alike in these columns; nothing is a value like any other. Failing rows show how often it occurs. #}
{% test no_row_twice(model, columns) %}
    select {{ columns | join(", ") }}, count(*) as occurrences
    from {{ model }}
    group by {{ columns | join(", ") }}
    having count(*) > 1
{% endtest %}
