{{ config(unique_key='watch_id') }}
{%- set since = last_update() %}
{%- set delivered_users, delivered_ratings = ref('bronze_users'), ref('bronze_ratings') %}
with watches as (
    select *
    from {{ ref('silver_watches') }}
    {%- if is_incremental() %}
    where watch_id in (
        select watch_id
        from {{ ref('silver_watches') }}
        where _updated_at > {{ since }}
        union all
        -- also those that a rating no longer names
        select watch_id
        from {{ delivered_ratings }}
        where rating_id in (
            select rating_id from {{ ref('silver_ratings') }} where _updated_at > {{ since }}
        )
        union all
        select watch_id
        from {{ ref('silver_watches') }}
        where watched_at >= {{ first_day_since(delivered_users, since) }}
            and user_id in (
                select user_id from {{ ref('silver_users_history') }} where _updated_at > {{ since }}
            )
    )
    {%- endif %}
),

ratings as (
    select watch_id, rating, rating_sentiment
    from {{ ref('silver_ratings') }}
    where watch_id is not null
        {%- if is_incremental() %} and watch_id in (select watch_id from watches){% endif %}
    qualify row_number() over (partition by watch_id order by rated_at desc, rating_id desc) = 1
)

select
    watches.watch_id,
    watches.user_id,
    watches.show_id,
    watches.watched_at,
    watches.watch_date,
    year(watches.watch_date)::integer as watch_year,
    month(watches.watch_date)::integer as watch_month,
    isodow(watches.watch_date)::integer as watch_day_of_week,
    hour(watches.watched_at)::integer as watch_hour,
    isodow(watches.watch_date) >= 6 as is_weekend,
    watches.minutes_watched,
    watches.completion_pct,
    watches.status,
    watches.status = 'completed' as is_completed,
    watches.device,
    ratings.rating,
    ratings.rating_sentiment,
    users.country as user_country,
    users.subscription_plan as user_subscription_plan,
    {{ this_run() }} as _updated_at
from watches
left join ratings
    on ratings.watch_id = watches.watch_id
left join {{ ref('silver_users_history') }} as users
    on users.user_id = watches.user_id
    and users._holds_from <= watches.watched_at
    and users._holds_until > watches.watched_at
