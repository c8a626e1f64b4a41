{#
    The name of a relation. Files carry the prefix of their layer. In marts, report and quality the schema says the
    same, so their relations go without it: mart_outcomes is marts.outcomes, rpt_figure is report.figure,
    fct_submission in quality is quality.submission.
#}
{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
    {%- set is_shortened = node.resource_type == "model" and node.fqn[1] in ["marts", "report", "quality"] -%}
    {{ (custom_alias_name or (node.name.split("_", 1)[1] if is_shortened else node.name)) | trim }}
{%- endmacro %}
