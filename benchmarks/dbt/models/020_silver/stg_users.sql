{{ config(materialized='view') }}
select
    user_id,
    {{ capitalised(clean('name')) }} as name,
    lower({{ clean('email') }}) as email,
    upper({{ clean('country') }}) as country,
    lower({{ clean('subscription_plan') }}) as subscription_plan,
    signed_up_on,
    updated_at,
    _ingest_date,
    _loaded_at
from {{ ref('bronze_users') }}
where user_id >= 1
    and updated_at is not null
    and {{ clean('name') }} is not null
    and {{ clean('email') }} is not null
