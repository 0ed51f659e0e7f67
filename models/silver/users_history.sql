/*
What was true when. A row is a version of a user: it begins with the delivery that changed a column, and
ends with the next version. It comes from silver.accepted_users, and can be built again at any time; a
delivery only adds a version, and ends the one before.
It depends on silver.users for its audit: the open version is the user that silver.users shows.
Grain: user_id and valid_from.
*/
MODEL (
  name silver.users_history,
  kind INCREMENTAL_BY_UNIQUE_KEY (
    unique_key (user_id, valid_from)
  ),
  grain (user_id, valid_from),
  tags (silver, history, personal_data),
  depends_on (
    silver.users
  ),
  clustered_by user_id,
  physical_properties ('delta.enableDeletionVectors' = 'true', 'delta.columnMapping.mode' = 'name'),
  signals (
    day_is_delivered()
  ),
  audits (
    unique_combination_of_columns(
      columns := (user_id, valid_from),
      condition := @IS_TOUCHED(user_id, silver.accepted_users, _ingest_date)
    ),
    validity_does_not_overlap,
    open_version_is_the_user,
    not_null(columns := (user_id, name, email, valid_from))
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
    _row_hash,
    _version
  FROM silver.accepted_users
  WHERE
    _ingest_date <= @end_date
    AND @IS_TOUCHED(user_id, silver.accepted_users, _ingest_date)
), versions AS (
  SELECT
    *,
    _ingest_date::TIMESTAMP_NTZ AS valid_from,
    LAG(_ingest_date) OVER (PARTITION BY user_id ORDER BY _ingest_date) AS before,
    LEAD(_ingest_date) OVER (PARTITION BY user_id ORDER BY _ingest_date)::TIMESTAMP_NTZ AS valid_to
  FROM @VERSIONS(deliveries, user_id, name, email, country, subscription_plan, signed_up_on, _version)
)
SELECT
  user_id, /* Identifies the user. */
  name, /* Full name, every word capitalised. */
  email, /* Email address, in lower case. */
  country, /* Country of residence, two letters of ISO 3166. */
  subscription_plan, /* Plan: free, basic, standard or premium. */
  signed_up_on, /* Day on which the user signed up. */
  valid_from, /* Start of the day whose delivery began the version, UTC. */
  valid_to, /* Start of the next version; NULL while current. */
  CASE
    WHEN before IS NULL
    THEN '0001-01-01 00:00:00'::TIMESTAMP_NTZ
    ELSE valid_from
  END AS _holds_from, /* valid_from, but the first version also holds for what was before it. */
  COALESCE(DATE_ADD(MICROSECOND, -1, valid_to), '9999-12-31 23:59:59.999999'::TIMESTAMP_NTZ) AS _holds_to /* The last moment before valid_to, of all time while current. */
FROM versions;

@PRIMARY_KEY(user_id, valid_from);

@PERSONAL_DATA(name, email)
