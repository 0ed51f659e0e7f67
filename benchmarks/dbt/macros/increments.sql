{# What a run has to look at: every table keeps in _updated_at (bronze: _loaded_at) which run wrote
   a row, so a model takes from its sources what was written since it was itself. #}

{% macro this_run() -%}
    timestamp '{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") }}'
{%- endmacro %}

{# A value that this model's table holds, as a literal, so that DuckDB can skip row groups by it. #}
{% macro stored(expression, otherwise) -%}
    {%- if execute and is_incremental() -%}
        {%- set found = run_query("select " ~ expression ~ " from " ~ this).rows[0][0] -%}
        {{ found or otherwise }}
    {%- else -%}
        {{ otherwise }}
    {%- endif -%}
{%- endmacro %}

{% macro last_update() -%}
    timestamp '{{ stored("max(_updated_at)::varchar", "0001-01-01 00:00:00") }}'
{%- endmacro %}

{# The day that is loaded anew although it was loaded before; empty for none. #}
{% macro restated_day() -%}
    {{ env_var('BENCHMARK_RESTATE', '') }}
{%- endmacro %}

{% macro forget_restated_day() -%}
    {%- if is_incremental() and restated_day() -%}
        delete from {{ this }} where _ingest_date = date '{{ restated_day() }}'
    {%- endif -%}
{%- endmacro %}

{# The first day among the deliveries of a bronze table that came since. Only from that day on can
   a version of a user have begun. #}
{% macro first_day_since(bronze, since) -%}
    (select coalesce(min(_ingest_date), date '9999-12-31') from {{ bronze }} where _loaded_at > {{ since }})
{%- endmacro %}

{# The deliveries that may change what silver holds: those that came since, and older ones that
   waited for a key, each given as [column, query of the keys that became known]. After a restated
   day the newest delivery of a key need not be among those, so all of the key's are looked at. #}
{% macro deliveries_since(bronze, key, since, waited_for) %}
    {%- if not is_incremental() %}
    select * from {{ bronze }}
    {%- elif restated_day() %}
    select * from {{ bronze }}
    where {{ key }} in (
        select {{ key }} from {{ bronze }} where _loaded_at > {{ since }}
        {%- for column, keys in waited_for %}
        union all
        select {{ key }} from {{ bronze }} where {{ column }} in ({{ keys }})
        {%- endfor %}
    )
    {%- else %}
    select * from {{ bronze }} where _loaded_at > {{ since }}
    {%- for column, keys in waited_for %}
    union all
    select * from {{ bronze }} where _loaded_at <= {{ since }} and {{ column }} in ({{ keys }})
    {%- endfor %}
    {%- endif %}
{% endmacro %}

{# The newest row of every key. max_by says what DuckDB makes of a row_number of 1: said that way, 1.5
   fails with an internal error where the rows come out of a join with a filtered table. #}
{% macro newest(rows, key, by) -%}
    select unnest(max_by({{ rows }}, {{ by }})) from {{ rows }} group by {{ key }}
{%- endmacro %}
