{{ deliveries('shows', {
    'show_id': 'bigint', 'title': 'varchar', 'genre': 'varchar', 'release_year': 'integer',
    'seasons': 'integer', 'rating_avg': 'double', 'updated_at': 'timestamp'
}) }}
