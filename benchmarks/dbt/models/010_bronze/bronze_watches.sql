{{ deliveries('watches', {
    'watch_id': 'bigint', 'user_id': 'bigint', 'show_id': 'bigint', 'watched_at': 'timestamp',
    'minutes_watched': 'integer', 'completion_pct': 'double', 'status': 'varchar',
    'device': 'varchar'
}) }}
