{{ config(unique_key='watch_id') }}
{%- set since = last_update() %}
{%- set new_users = 'select user_id from ' ~ ref('silver_users') ~ ' where _known_since > ' ~ since %}
{%- set new_shows = 'select show_id from ' ~ ref('silver_shows') ~ ' where _known_since > ' ~ since %}
with deliveries as (
    {{- deliveries_since(
        ref('bronze_watches'), 'watch_id', since, [['user_id', new_users], ['show_id', new_shows]]
    ) | indent(4) }}
),

accepted as (
    select * exclude (_source, _loaded_at)
    from deliveries
    where watch_id >= 1
        and watched_at is not null
        and completion_pct between 0 and 1
        and (minutes_watched is null or minutes_watched >= 0)
        and lower({{ clean('status') }}) in ('completed', 'in_progress', 'abandoned')
        and user_id in (select user_id from {{ ref('silver_users') }})
        and show_id in (select show_id from {{ ref('silver_shows') }})
),

repeated as (
    select watch_id
    from deliveries
    where watch_id is not null
    group by watch_id
    having count(*) > 1
),

accepted_repeatedly as (
    select *
    from accepted
    where watch_id in (select watch_id from repeated)
),

newest as (
    -- nearly all are delivered once: only the others have to be compared
    select *
    from accepted
    where watch_id not in (select watch_id from repeated)
    union all
    {{ newest('accepted_repeatedly', 'watch_id', '_ingest_date') }}
)

select
    watch_id,
    user_id,
    show_id,
    watched_at,
    watched_at::date as watch_date,
    minutes_watched,
    completion_pct,
    lower({{ clean('status') }}) as status,
    lower({{ clean('device') }}) as device,
    {{ this_run() }} as _updated_at
from newest
