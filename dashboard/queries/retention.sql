/* How many of the users who signed up in a month watched in that month, and in each one after it. */
WITH cohorts AS (
  SELECT
    DATE_TRUNC('MONTH', signed_up_on)::DATE AS signed_up,
    COUNT(*) AS users
  FROM silver.users
  WHERE
    NOT signed_up_on IS NULL
  GROUP BY
    DATE_TRUNC('MONTH', signed_up_on)::DATE
), active AS (
  SELECT
    DATE_TRUNC('MONTH', users.signed_up_on)::DATE AS signed_up,
    DATE_TRUNC('MONTH', watches.watch_date)::DATE AS month,
    COUNT(DISTINCT watches.user_id) AS viewers
  FROM gold.fct_watches AS watches
  JOIN silver.users AS users
    ON users.user_id = watches.user_id
  WHERE
    watches.watch_date >= users.signed_up_on
  GROUP BY
    DATE_TRUNC('MONTH', users.signed_up_on)::DATE,
    DATE_TRUNC('MONTH', watches.watch_date)::DATE
)
SELECT
  cohorts.signed_up,
  cohorts.users,
  active.month,
  active.viewers
FROM active
JOIN cohorts
  ON cohorts.signed_up = active.signed_up
ORDER BY
  cohorts.signed_up,
  active.month
