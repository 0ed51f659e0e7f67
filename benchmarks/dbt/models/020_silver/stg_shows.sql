{{ config(materialized='view') }}
select
    show_id,
    {{ clean('title') }} as title,
    lower({{ clean('genre') }}) as genre,
    release_year,
    seasons,
    rating_avg,
    updated_at,
    _ingest_date,
    _loaded_at
from {{ ref('bronze_shows') }}
where show_id >= 1
    and updated_at is not null
    and {{ clean('title') }} is not null
    and (rating_avg is null or rating_avg between 0 and 5)
