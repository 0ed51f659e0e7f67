{{ config(unique_key='user_id') }}
{%- set since = last_update() %}
{%- set delivered = ref('bronze_users') %}
with deliveries as (
    select *
    from {{ ref('stg_users') }}
    {%- if is_incremental() %}
    where user_id in (select user_id from {{ delivered }} where _loaded_at > {{ since }})
    {%- endif %}
),

by_day as (
    {{ newest('deliveries', 'user_id, _ingest_date', 'updated_at') }}
),

-- a day that brings something older than was known before changes nothing
in_order as (
    select *
    from by_day
    qualify updated_at >= coalesce(
        max(updated_at) over (
            partition by user_id order by _ingest_date
            rows between unbounded preceding and 1 preceding
        ),
        updated_at
    )
),

compared as (
    select
        *,
        (name, email, country, subscription_plan, signed_up_on) as content,
        lag((name, email, country, subscription_plan, signed_up_on)) over days as content_before
    from in_order
    window days as (partition by user_id order by _ingest_date)
)

select
    user_id,
    name,
    email,
    country,
    subscription_plan,
    signed_up_on,
    _ingest_date::timestamp as valid_from,
    lead(_ingest_date) over days::timestamp as valid_to,
    -- an event before the first version takes the first version
    case
        when lag(_ingest_date) over days is null then timestamp '0001-01-01 00:00:00'
        else _ingest_date::timestamp
    end as _holds_from,
    coalesce(lead(_ingest_date) over days::timestamp, timestamp '9999-12-31 00:00:00') as _holds_until,
    {{ this_run() }} as _updated_at
from compared
where content_before is null or content is distinct from content_before
window days as (partition by user_id order by _ingest_date)
