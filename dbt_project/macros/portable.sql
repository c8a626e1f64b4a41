{# What DuckDB and Spark say differently. Everything else in the project means the same to both. #}
{# The texts of a group in one, in their order. dbt.listagg leaves the order out on Spark. #}
{% macro joined_texts(text, separator) %}
    {{ return(adapter.dispatch("joined_texts")(text, separator)) }}
{% endmacro %}

{% macro default__joined_texts(text, separator) %}
    {{ dbt.listagg(text, "'" ~ separator ~ "'", "order by " ~ text ~ " nulls last") }}
{% endmacro %}

{% macro spark__joined_texts(text, separator) %}
    listagg({{ text }}, '{{ separator }}') within group (order by {{ text }} nulls last)
{% endmacro %}

{#
    The text with its first number put in another's place. Not by replacing: one engine replaces the first match,
    the other all of them, and they write references to groups differently.
#}
{% macro first_number_replaced(text, number) %}
    case
        when regexp_extract({{ text }}, '[0-9]', 0) = ''
        then {{ text }}
        else
            regexp_extract({{ text }}, '^[^0-9]*', 0)
            || {{ number }}
            || regexp_extract({{ text }}, '^[^0-9]*[0-9]+([.][0-9]+)?(.*)$', 2)
    end
{% endmacro %}

{#
    Contracts and sources name the types as DuckDB does; this is how Spark calls them. A time that holds no time
    zone is another type there.
#}
{% macro spark_type(name) %}
    {% set names = {"varchar": "string", "timestamptz": "timestamp_ltz", "timestamp": "timestamp_ntz"} %}
    {{ return(names.get(name, name)) }}
{% endmacro %}

{% macro spark__get_empty_schema_sql(columns) %}
    select
        {% for column in columns.values() %}
            cast(null as {{ spark_type(column["data_type"]) }}) as {{ column["name"] }}
            {{- "," if not loop.last }}
        {% endfor %}
{% endmacro %}

{#
    Makes the Parquet files that intake has written known as tables, before anything is built; for DuckDB, whose
    tables they come from, there is nothing to do. NIANBAO_SPARK_SOURCES is where the cluster finds the files.
#}
{% macro register_sources() %} {{ return(adapter.dispatch("register_sources")()) }} {% endmacro %}

{% macro default__register_sources() %} {% endmacro %}

{% macro spark__register_sources() %}
    {% if execute and flags.WHICH in ["build", "run", "test"] %}
        {% set tables = graph.sources.values() %}
        {% for schema in tables | map(attribute="schema") | unique %}
            {% do run_query("create schema if not exists " ~ schema) %}
        {% endfor %}
        {% for table in tables %}
            {% set name = table.schema ~ "." ~ table.name %}
            {% set file = (
                env_var("NIANBAO_SPARK_SOURCES")
                ~ "/"
                ~ table.schema
                ~ "/"
                ~ table.name
                ~ ".parquet"
            ) %}
            {% set columns = [] %}
            {% for column in table.columns.values() %}
                {% do columns.append(column.name ~ " " ~ spark_type(column.data_type)) %}
            {% endfor %}
            {% do run_query("drop table if exists " ~ name) %}
            {% do run_query(
                "create table " ~ name ~ " (" ~ columns
                | join(", ") ~ ") using parquet location '" ~ file ~ "'"
            ) %}
        {% endfor %}
    {% endif %}
{% endmacro %}
