/* Watches of each show by month. */
SELECT
  show_id,
  DATE_TRUNC('MONTH', watch_date)::DATE AS month,
  COUNT(*) AS watches
FROM gold.fct_watches
GROUP BY
  show_id,
  DATE_TRUNC('MONTH', watch_date)::DATE
ORDER BY
  show_id,
  month
