{{ config(unique_key='show_id') }}
{%- set since = last_update() %}
{%- set delivered = ref('bronze_shows') %}
select
    show_id,
    title,
    genre,
    release_year,
    seasons,
    rating_avg,
    updated_at,
    min(_loaded_at) over (partition by show_id) as _known_since,
    {{ this_run() }} as _updated_at
from {{ ref('stg_shows') }}
{% if is_incremental() -%}
where show_id in (select show_id from {{ delivered }} where _loaded_at > {{ since }})
{% endif -%}
qualify row_number() over (partition by show_id order by updated_at desc, _ingest_date desc) = 1
