/* What was watched, month by month. */
SELECT
  month,
  watches,
  viewers,
  minutes_watched,
  avg_completion_pct,
  completion_rate
FROM analytics.monthly_viewing_trend
ORDER BY
  month
