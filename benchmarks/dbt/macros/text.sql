{% macro clean(text) -%}
    nullif(trim({{ text }}), '')
{%- endmacro %}

{# Every word with a capital; words are set apart by blanks. #}
{% macro capitalised(text) -%}
    array_to_string(
        list_transform(string_split({{ text }}, ' '), lambda w: upper(w[1]) || lower(w[2:])), ' '
    )
{%- endmacro %}
