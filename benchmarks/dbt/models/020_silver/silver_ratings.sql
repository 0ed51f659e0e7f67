{{ config(unique_key='rating_id') }}
{%- set since = last_update() %}
{%- set new_users = 'select user_id from ' ~ ref('silver_users') ~ ' where _known_since > ' ~ since %}
{%- set new_shows = 'select show_id from ' ~ ref('silver_shows') ~ ' where _known_since > ' ~ since %}
{%- set new_watches = 'select watch_id from ' ~ ref('silver_watches') ~ ' where _updated_at > ' ~ since %}
with deliveries as (
    {{- deliveries_since(
        ref('bronze_ratings'), 'rating_id', since,
        [['user_id', new_users], ['show_id', new_shows], ['watch_id', new_watches]]
    ) | indent(4) }}
),

accepted as (
    select * exclude (_source, _loaded_at)
    from deliveries
    where rating_id >= 1
        and rated_at is not null
        and rating between 1 and 5
        and user_id in (select user_id from {{ ref('silver_users') }})
        and show_id in (select show_id from {{ ref('silver_shows') }})
        and (watch_id is null or watch_id in (select watch_id from {{ ref('silver_watches') }}))
),

repeated as (
    select rating_id
    from deliveries
    where rating_id is not null
    group by rating_id
    having count(*) > 1
),

accepted_repeatedly as (
    select *
    from accepted
    where rating_id in (select rating_id from repeated)
),

newest as (
    -- nearly all are delivered once: only the others have to be compared
    select *
    from accepted
    where rating_id not in (select rating_id from repeated)
    union all
    {{ newest('accepted_repeatedly', 'rating_id', '_ingest_date') }}
)

select
    rating_id,
    user_id,
    show_id,
    watch_id,
    rating,
    case when rating >= 4 then 'Positive' else 'Neutral' end as rating_sentiment,
    review,
    rated_at,
    rated_at::date as rating_date,
    {{ this_run() }} as _updated_at
from newest
