{#
    `nianbao run` notes what the models were built from, and keeps those that would come out the same. dbt by hand
    builds some of them from what it finds: the notes are taken back first, so that the next run builds all anew.
#}
{% macro forget_what_was_built_from() %}
    {{ return(adapter.dispatch("forget_what_was_built_from")()) }}
{% endmacro %}

{% macro default__forget_what_was_built_from() %}
    {% if flags.WHICH in ["build", "run"] %}
        update registry.state
        set value = ''
        where name in ('built_from', 'models_built_from', 'build_fingerprint')
    {% endif %}
{% endmacro %}

{% macro spark__forget_what_was_built_from() %} {% endmacro %}
