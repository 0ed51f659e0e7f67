/*
A row is a user, as the newest accepted delivery shows them. It comes from silver.accepted_users, and
changes on a day that delivers the user again.
Grain: user_id.
*/
MODEL (
  name silver.users,
  kind INCREMENTAL_BY_UNIQUE_KEY (
    unique_key user_id
  ),
  grain user_id,
  tags (silver, personal_data),
  clustered_by user_id,
  physical_properties (
    'delta.enableDeletionVectors' = 'true'
  ),
  signals (
    day_is_delivered()
  ),
  audits (
    grain_is_unique(key := user_id, changed := silver.users, changed_on := _delivered_on),
    not_null(columns := (user_id, name, email, updated_at))
  )
);

SELECT
  user_id, /* Identifies the user. */
  name, /* Full name, every word capitalised. */
  email, /* Email address, in lower case. */
  country, /* Country of residence, two letters of ISO 3166. */
  subscription_plan, /* Plan: free, basic, standard or premium. */
  signed_up_on, /* Day on which the user signed up. */
  updated_at, /* When the source last changed the row, in UTC. */
  _ingest_date AS _delivered_on, /* Day of the delivery that is shown. */
  MIN(_ingest_date) OVER (PARTITION BY user_id) AS _known_on, /* Day of the first accepted delivery. */
  COUNT(*) OVER (PARTITION BY user_id) AS _accepted_deliveries /* Number of accepted deliveries of the user. */
FROM silver.accepted_users
WHERE
  _ingest_date <= @end_date
  AND @IS_TOUCHED(user_id, silver.accepted_users, _ingest_date)
QUALIFY
  ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY updated_at DESC, _ingest_date DESC, _row_hash DESC) = 1;

@PRIMARY_KEY(user_id);

@PERSONAL_DATA(name, email)
