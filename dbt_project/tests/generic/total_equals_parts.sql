{# In each group, the row marked as total equals the sum of the others; failing rows show both. #}
{% test total_equals_parts(model, column_name, group_by, is_total) %}
    with
        sums as (
            select
                {{ group_by | join(", ") }},
                sum(case when {{ is_total }} then {{ column_name }} end) as total,
                sum(case when not {{ is_total }} then {{ column_name }} end) as parts
            from {{ model }}
            group by {{ group_by | join(", ") }}
        )

    select *
    from sums
    where total is distinct from parts
{% endtest %}
