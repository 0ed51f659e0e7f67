{# Prod has the schemas of the layers; any other target has them with its own name in front. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if target.name == 'prod' -%}
        {{ custom_schema_name or target.schema }}
    {%- else -%}
        {{ target.schema }}_{{ custom_schema_name or 'main' }}
    {%- endif -%}
{%- endmacro %}
