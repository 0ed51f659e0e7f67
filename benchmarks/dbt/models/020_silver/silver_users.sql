{{ config(unique_key='user_id') }}
{%- set since = last_update() %}
{%- set delivered = ref('bronze_users') %}
select
    user_id,
    name,
    email,
    country,
    subscription_plan,
    signed_up_on,
    updated_at,
    min(_loaded_at) over (partition by user_id) as _known_since,
    {{ this_run() }} as _updated_at
from {{ ref('stg_users') }}
{% if is_incremental() -%}
where user_id in (select user_id from {{ delivered }} where _loaded_at > {{ since }})
{% endif -%}
qualify row_number() over (partition by user_id order by updated_at desc, _ingest_date desc) = 1
