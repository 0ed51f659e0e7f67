select watch_id
from {{ ref('silver_watches') }}
where completion_pct is null or completion_pct not between 0 and 1
