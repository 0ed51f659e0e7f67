AUDIT (
  name open_version_is_shown
);

/* Next: The open versions are not the users that silver.users shows. If a day of users was loaded
   again since the last run, the next run ends what is no longer shown. If not, one of the two was
   changed by hand, or the last change of one is wrong: correct it in dev. */
WITH versions AS (
  SELECT
    *
  FROM @this_model
  WHERE
    valid_to IS NULL
)
SELECT
  COALESCE(users.user_id, versions.user_id) AS user_id
FROM silver.users
FULL JOIN versions
  ON versions.user_id = users.user_id
WHERE
  versions.user_id IS NULL
  OR users.user_id IS NULL
  OR versions.name <> users.name
  OR versions.email <> users.email
  OR versions.country <> COALESCE(users.country, '')
  OR versions.subscription_plan <> COALESCE(users.subscription_plan, '')
  OR versions.signed_up_on IS DISTINCT FROM users.signed_up_on
