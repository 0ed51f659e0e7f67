select
    date_trunc('month', watch_date)::date as month,
    count(*) as watches,
    count(distinct user_id) as viewers,
    coalesce(sum(minutes_watched), 0)::bigint as minutes_watched,
    avg(completion_pct) as avg_completion_pct,
    avg(is_completed::integer) as completion_rate
from {{ ref('fct_watches') }}
group by all
