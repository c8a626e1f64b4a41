{# Where all of the columns are given, they are a key of a row there; failing rows show the key. #}
{% test refers_to(model, columns, to, to_columns) %}
    select {{ columns | join(", ") }}
    from {{ model }}
    where {{ columns | join(" is not null and ") }} is not null
    except
    select {{ to_columns | join(", ") }}
    from {{ to }}
{% endtest %}
