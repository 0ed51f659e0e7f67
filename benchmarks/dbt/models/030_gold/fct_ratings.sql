{{ config(unique_key='rating_id') }}
{%- set since = last_update() %}
{%- set delivered_users, shows = ref('bronze_users'), ref('silver_shows') %}
with ratings as (
    select *
    from {{ ref('silver_ratings') }}
    {%- if is_incremental() %}
    where rating_id in (
        select rating_id
        from {{ ref('silver_ratings') }}
        where _updated_at > {{ since }}
        union all
        select rating_id
        from {{ ref('silver_ratings') }}
        where show_id in (
            select show_id from {{ shows }} where _updated_at > {{ since }}
        )
        union all
        select rating_id
        from {{ ref('silver_ratings') }}
        where watch_id in (
            select watch_id from {{ ref('silver_watches') }} where _updated_at > {{ since }}
        )
        union all
        select rating_id
        from {{ ref('silver_ratings') }}
        where rated_at >= {{ first_day_since(delivered_users, since) }}
            and user_id in (
                select user_id from {{ ref('silver_users_history') }} where _updated_at > {{ since }}
            )
    )
    {%- endif %}
)

select
    ratings.rating_id,
    ratings.user_id,
    ratings.show_id,
    ratings.watch_id,
    ratings.rated_at,
    ratings.rating_date,
    ratings.rating,
    ratings.rating_sentiment,
    ratings.review,
    shows.title as show_title,
    shows.genre as show_genre,
    shows.quality_tier as show_quality_tier,
    watches.completion_pct as watch_completion_pct,
    watches.status as watch_status,
    users.country as user_country,
    users.subscription_plan as user_subscription_plan,
    {{ this_run() }} as _updated_at
from ratings
left join {{ ref('dim_shows') }} as shows
    on shows.show_id = ratings.show_id
left join {{ ref('silver_watches') }} as watches
    on watches.watch_id = ratings.watch_id
left join {{ ref('silver_users_history') }} as users
    on users.user_id = ratings.user_id
    and users._holds_from <= ratings.rated_at
    and users._holds_until > ratings.rated_at
