{# The delivered rows of a feed that are not in this bronze table yet, and those of a restated day.
   columns: the feed's columns with their types, which csv does not say. #}
{% macro deliveries(feed, columns) %}
{%- set files = env_var('BENCHMARK_LANDING') ~ '/' ~ feed ~ '/dt=*/*.' ~ env_var('BENCHMARK_FORMAT') -%}
{%- set loaded = stored('max(_ingest_date)::varchar', '0001-01-01') -%}
select
    {{ columns.keys() | join(', ') }},
    dt as _ingest_date,
    filename as _source,
    {{ this_run() }} as _loaded_at
from
    {%- if env_var('BENCHMARK_FORMAT') == 'csv' %}
    read_csv(
        '{{ files }}', header = true, auto_detect = false, delim = ',', quote = '"', escape = '"',
        columns = { {%- for name, type in columns.items() %}'{{ name }}': '{{ type }}'{{ ', ' if not loop.last }}{% endfor -%} },
        hive_partitioning = true, hive_types = {'dt': date}, filename = true
    )
    {%- else %}
    read_parquet('{{ files }}', hive_partitioning = true, hive_types = {'dt': date}, filename = true)
    {%- endif %}
where dt > date '{{ loaded }}'
    {%- if restated_day() %} or dt = date '{{ restated_day() }}'{% endif %}
{% endmacro %}
