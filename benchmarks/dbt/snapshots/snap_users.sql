{% snapshot snap_users %}
{{ config(
    unique_key='user_id',
    strategy='check',
    check_cols=['name', 'email', 'country', 'subscription_plan', 'signed_up_on']
) }}
select user_id, name, email, country, subscription_plan, signed_up_on
from {{ ref('silver_users') }}
{% endsnapshot %}
