MODEL (
  name bronze.users,
  kind VIEW,
  description 'Every delivered row of users, once per delivery, in the types of silver. Grain: one delivered row, once per delivery.',
  tags (bronze, deliveries, personal_data),
  audits (
    not_null(columns := (
      _ingest_date
    ))
  )
);

WITH delivered AS (
  SELECT
    user_id,
    name,
    email,
    country,
    subscription_plan,
    signed_up_on,
    updated_at,
    _ingest_date,
    _loaded_at,
    _source,
    _rescued_data
  FROM bronze.delivered_users
)
SELECT
  user_id, /* Identifies the user. */
  name, /* Full name. */
  email, /* Address of electronic mail. */
  country, /* Country of residence, two letters of ISO 3166. */
  subscription_plan, /* Plan: free, basic, standard or premium. */
  signed_up_on, /* Day on which the user signed up. */
  updated_at, /* When the source last changed the row, in UTC. */
  _ingest_date, /* Day of delivery (dt), UTC. */
  _loaded_at, /* When the load ran, in UTC. */
  _source, /* Path of the delivered file, or the seed's name. */
  @row_hash(
    user_id::BIGINT,
    name::STRING,
    email::STRING,
    country::STRING,
    subscription_plan::STRING,
    signed_up_on::DATE,
    updated_at::TIMESTAMP_NTZ
  ) AS _row_hash, /* MD5 of the delivered values: equal rows have equal hashes. */
  _rescued_data /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
FROM delivered