{{ config(severity='warn') }}
select watch_id from {{ ref('fct_watches') }} where is_completed and rating is null
