/*
A row is a delivered row of users that breaks no rule, cleaned: silver.users shows the newest of each
user. It comes from bronze.delivered_users, and only loading its day again, or a changed rule, changes it.
Grain: one delivered row.
*/
MODEL (
  name silver.accepted_users,
  kind INCREMENTAL_BY_TIME_RANGE (
    time_column _ingest_date,
    partition_by_time_column FALSE
  ),
  tags (silver, deliveries, internal, personal_data),
  clustered_by _ingest_date,
  audits (
    not_null(columns := (user_id, _row_hash))
  )
);

SELECT
  user_id, /* Identifies the user. */
  CASE WHEN _version IS NULL THEN @CAPITALISED(@CLEAN(name)) ELSE name END AS name, /* Full name, every word capitalised. */
  LOWER(@CLEAN(email)) AS email, /* Email address, in lower case. */
  UPPER(@CLEAN(country)) AS country, /* Country of residence, two letters of ISO 3166. */
  LOWER(@CLEAN(subscription_plan)) AS subscription_plan, /* Plan: free, basic, standard or premium. */
  signed_up_on, /* Day on which the user signed up. */
  updated_at, /* When the source last changed the row, in UTC. */
  _ingest_date, /* Day of delivery, UTC. */
  COALESCE(_hash_before, @ROW_HASH(@USERS_COLUMNS(), deliveries))::STRING AS _row_hash, /* MD5 of the delivered values; of an erased user, how it began. */
  _version /* What tells the versions of an erased user apart; NULL of others. */
FROM bronze.delivered_users AS deliveries
WHERE
  _ingest_date BETWEEN @start_date AND @end_date
  AND CASE
    WHEN _version IS NULL
    THEN @IS_ACCEPTABLE(@USERS_RULES(), deliveries)
    ELSE SIZE(_broken_rules) = 0
  END;

@PERSONAL_DATA(name, email)
