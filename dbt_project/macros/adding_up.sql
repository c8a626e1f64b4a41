{# How the numbers of several respondents become one, as the catalogue declares it: `adds` of reference.measure. #}
{% macro added_up(adds, total, counted_once, own) %}
    case
        {{ adds }}
        when 'distinct'
        then {{ counted_once }}
        when 'maximum'
        then highest
        when 'same_for_all'
        then case when lowest = highest then lowest end
        when 'none'
        then {{ own }}
        else {{ total }}
    end
{% endmacro %}


{# Why there is no value though numbers were reported; null otherwise. #}
{% macro why_it_does_not_add(adds, n_own, n_told) %}
    case
        when {{ adds }} = 'none' and {{ n_own }} = 0 and {{ n_told }} > 0
        then 'does_not_add'
        when {{ adds }} = 'same_for_all' and lowest <> highest
        then 'differs'
    end
{% endmacro %}
