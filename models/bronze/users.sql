/*
A row is a delivered row of users, once per delivery, in the types of silver: the rows of
bronze.delivered_users with their hash. Only loading its day again changes a row.
Grain: one delivered row.
*/
MODEL (
  name bronze.users,
  kind VIEW,
  tags (bronze, deliveries, personal_data),
  audits (
    not_null(columns := _ingest_date)
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
  _rescued_data /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
FROM bronze.delivered_users AS deliveries
