select
    coalesce(show_genre, 'unknown') as genre,
    count(distinct show_id) as shows,
    count(*) as ratings,
    avg(rating) as avg_rating,
    avg((rating_sentiment = 'Positive')::integer) as positive_share
from {{ ref('fct_ratings') }}
group by all
