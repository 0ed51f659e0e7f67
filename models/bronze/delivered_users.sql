/*
A row is a delivered row of users, once per delivery, as a day's load stored it. bronze.users
adds its hash. Only loading its day again changes a row.
Grain: one delivered row.
*/
MODEL (
  name bronze.delivered_users,
  kind INCREMENTAL_BY_TIME_RANGE (
    time_column _ingest_date,
    partition_by_time_column FALSE
  ),
  tags (bronze, deliveries, internal, personal_data),
  clustered_by _ingest_date,
  signals (
    day_is_delivered()
  ),
  audits (not_null(columns := (_loaded_at, _source)), file_is_not_replaced(feed := users))
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
  @execution_ts::TIMESTAMP_NTZ AS _loaded_at, /* When the load ran, in UTC. */
  _source, /* Path of the delivered file, or the seed's name. */
  _rescued_data, /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
  _file_state, /* Checksum of the file's size and time when it was read; NULL of a seed. */
  _hash_before, /* Of an erased row, how its hash began: it tells which delivery of a day is the newest; else NULL. */
  _version, /* Of an erased row, a checksum that tells the versions of the user apart; else NULL. */
  _broken_rules /* Of an erased row, the rules that it broke; else NULL. */
FROM @DELIVERY('users', @USERS_COLUMNS())
WHERE
  _ingest_date BETWEEN @start_date AND @end_date;

@PERSONAL_DATA(name, email, _rescued_data)
