MODEL (
  name silver.accepted_users,
  kind INCREMENTAL_BY_TIME_RANGE (
    time_column _ingest_date
  ),
  description 'The deliveries of users that can be accepted, in the form of silver. Grain: one delivered row.',
  tags (silver, deliveries, internal, personal_data),
  audits (
    not_null(columns := (user_id, _row_hash))
  )
);

WITH deliveries AS (
  SELECT
    user_id,
    name,
    email,
    country,
    subscription_plan,
    signed_up_on,
    updated_at,
    _ingest_date,
    _rescued_data
  FROM bronze.delivered_users
)
SELECT
  user_id, /* Identifies the user. */
  @CAPITALISED(@CLEAN(name)) AS name, /* Full name, every word capitalised. */
  LOWER(@CLEAN(email)) AS email, /* Address of electronic mail, in lower case. */
  UPPER(@CLEAN(country)) AS country, /* Country of residence, two letters of ISO 3166. */
  LOWER(@CLEAN(subscription_plan)) AS subscription_plan, /* Plan: free, basic, standard or premium. */
  signed_up_on, /* Day on which the user signed up. */
  updated_at, /* When the source last changed the row, in UTC. */
  _ingest_date, /* Day of delivery, UTC. */
  @ROW_HASH(
    deliveries.user_id::BIGINT,
    deliveries.name::STRING,
    deliveries.email::STRING,
    deliveries.country::STRING,
    deliveries.subscription_plan::STRING,
    deliveries.signed_up_on::DATE,
    deliveries.updated_at::TIMESTAMP_NTZ
  ) AS _row_hash /* MD5 of the delivered values. */
FROM deliveries
WHERE
  _ingest_date BETWEEN @start_date AND @end_date
  AND @IS_ACCEPTABLE(@USERS_RULES(), deliveries);

@PERSONAL_DATA(name, email)