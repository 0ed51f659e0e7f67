select rating_id
from {{ ref('silver_ratings') }}
where rating is null or rating not between 1 and 5
