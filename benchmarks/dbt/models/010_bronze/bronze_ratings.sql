{{ deliveries('ratings', {
    'rating_id': 'bigint', 'user_id': 'bigint', 'show_id': 'bigint', 'watch_id': 'bigint',
    'rating': 'integer', 'review': 'varchar', 'rated_at': 'timestamp'
}) }}
