/*
A row is a delivered row of users that breaks a rule (macros/rules.py), with every reason. It comes from
bronze.delivered_users, and only loading its day again, or a changed rule, changes it.
Grain: one delivered row.
*/
MODEL (
  name quarantine.users,
  kind INCREMENTAL_BY_TIME_RANGE (
    time_column _ingest_date,
    partition_by_time_column FALSE
  ),
  tags (quarantine, deliveries, personal_data),
  clustered_by _ingest_date,
  audits (
    not_null(columns := (_row_hash, _rejected_for))
  )
);

SELECT
  user_id, /* Identifies the user. */
  name, /* Full name. */
  email, /* Email address. */
  country, /* Country of residence, two letters of ISO 3166. */
  subscription_plan, /* Plan: free, basic, standard or premium. */
  signed_up_on, /* Day on which the user signed up. */
  updated_at, /* When the source last changed the row, in UTC. */
  _ingest_date, /* Day of delivery (dt), UTC. */
  _loaded_at, /* When the load ran, in UTC. */
  _source, /* Path of the delivered file, or the seed's name. */
  @ROW_HASH(@USERS_COLUMNS(), deliveries) AS _row_hash, /* MD5 of the delivered values: equal rows have equal hashes. */
  _rescued_data, /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
  COALESCE(_broken_rules, @REASONS(@USERS_RULES(), deliveries)::ARRAY<STRING>) AS _rejected_for /* Every reason that applies, sorted. */
FROM bronze.delivered_users AS deliveries
WHERE
  _ingest_date BETWEEN @start_date AND @end_date
  AND CASE
    WHEN _version IS NULL
    THEN NOT @IS_ACCEPTABLE(@USERS_RULES(), deliveries)
    ELSE SIZE(_broken_rules) > 0
  END;

@PERSONAL_DATA(name, email, _rescued_data)
