{# The label of a code of a code list, by a correlated lookup. #}
{% macro code_label(codelist, code) %}
    (
        select entry.label
        from {{ source("reference", "codelist_entry") }} as entry
        where entry.codelist = '{{ codelist }}' and entry.code = {{ code }}
    )
{% endmacro %}
