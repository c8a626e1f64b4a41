{# Each code stands in the code list; failing rows show it. #}
{% test in_codelist(model, column_name, codelist) %}
    select distinct {{ column_name }}
    from {{ model }}
    where
        {{ column_name }} is not null
        and {{ column_name }} not in (
            select code from {{ source("reference", "codelist_entry") }} where codelist = '{{ codelist }}'
        )
{% endtest %}
