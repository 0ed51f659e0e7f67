{{ deliveries('users', {
    'user_id': 'bigint', 'name': 'varchar', 'email': 'varchar', 'country': 'varchar',
    'subscription_plan': 'varchar', 'signed_up_on': 'date', 'updated_at': 'timestamp'
}) }}
