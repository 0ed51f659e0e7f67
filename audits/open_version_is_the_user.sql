AUDIT (
  name open_version_is_the_user
);

/* Next: The history and silver.users disagree: one was changed by hand, or the last change of one
   is wrong. Nothing of gold is published. Restate bronze.delivered_users for the days of these
   users; if it comes back, correct the change in dev. */
WITH versions AS (
  SELECT
    *
  FROM @this_model
  WHERE
    valid_to IS NULL AND @IS_TOUCHED(user_id, silver.accepted_users, _ingest_date)
), users AS (
  SELECT
    *
  FROM silver.users
  WHERE
    @IS_TOUCHED(user_id, silver.accepted_users, _ingest_date)
)
SELECT
  COALESCE(users.user_id, versions.user_id) AS user_id
FROM users
FULL JOIN versions
  ON versions.user_id = users.user_id
WHERE
  versions.name IS DISTINCT FROM users.name
  OR versions.email IS DISTINCT FROM users.email
  OR versions.country IS DISTINCT FROM users.country
  OR versions.subscription_plan IS DISTINCT FROM users.subscription_plan
  OR versions.signed_up_on IS DISTINCT FROM users.signed_up_on
