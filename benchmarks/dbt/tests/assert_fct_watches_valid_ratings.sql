select watch_id from {{ ref('fct_watches') }} where rating not between 1 and 5
