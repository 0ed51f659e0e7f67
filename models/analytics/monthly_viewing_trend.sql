/*
A row is a month, with what was watched in it. It is a view on gold.fct_watches, and changes with it.
Grain: month.
*/
MODEL (
  name analytics.monthly_viewing_trend,
  kind VIEW,
  grain month,
  tags analytics,
  audits (unique_combination_of_columns(columns := month), not_null(columns := month))
);

SELECT
  DATE_TRUNC('MONTH', watch_date)::DATE AS month, /* First day of the month. */
  COUNT(*) AS watches, /* Number of watches. */
  COUNT(DISTINCT user_id) AS viewers, /* Number of different users who watched. */
  COALESCE(SUM(minutes_watched), 0)::BIGINT AS minutes_watched, /* Minutes watched. */
  AVG(completion_pct) AS avg_completion_pct, /* Mean of completion_pct. */
  AVG(CASE WHEN is_completed THEN 1.0::DOUBLE ELSE 0.0::DOUBLE END) AS completion_rate /* Share of the watches that are completed. */
FROM gold.fct_watches
GROUP BY
  DATE_TRUNC('MONTH', watch_date)::DATE
