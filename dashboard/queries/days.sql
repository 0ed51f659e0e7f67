/* The first and the last day on which something was watched; no row before that. */
SELECT
  MIN(watch_date) AS first_day,
  MAX(watch_date) AS last_day
FROM gold.fct_watches
HAVING
  COUNT(*) > 0
