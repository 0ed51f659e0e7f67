AUDIT (
  name assert_completion_pct_valid
);

SELECT
  *
FROM @this_model
WHERE
  _accepted_on BETWEEN @start_date AND @end_date
  AND (
    completion_pct IS NULL OR completion_pct < 0 OR completion_pct > 1
  )