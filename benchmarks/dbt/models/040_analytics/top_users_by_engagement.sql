with events as (
    select user_id, 1 as watch, minutes_watched as minutes, 0 as rating
    from {{ ref('fct_watches') }}
    union all
    select user_id, 0, 0, 1
    from {{ ref('fct_ratings') }}
),

summed as (
    select
        user_id,
        sum(watch)::bigint as watches,
        coalesce(sum(minutes), 0)::bigint as minutes_watched,
        sum(rating)::bigint as ratings
    from events
    group by user_id
)

select
    user_id,
    users.name,
    summed.watches,
    summed.minutes_watched,
    summed.ratings,
    row_number() over (
        order by summed.minutes_watched desc, summed.watches desc, summed.ratings desc, user_id
    ) as engagement_rank
from summed
join {{ ref('silver_users') }} as users using (user_id)
