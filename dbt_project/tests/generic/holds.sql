{# A condition that every row fulfils; a row for which it is unknown passes. Failing rows are shown whole. #}
{% test holds(model, condition) %} select * from {{ model }} where not ({{ condition }}) {% endtest %}
