AUDIT (
  name assert_completion_pct_valid
);

/* Next: Rows like these go to quarantine before silver, so a rule or the model was changed, or the
   table by hand. Correct the change in dev, or restate bronze.delivered_watches for the days;
   then run again. */
SELECT
  *
FROM @this_model
WHERE
  _accepted_on BETWEEN @start_date AND @end_date
  AND (
    completion_pct IS NULL OR completion_pct < 0 OR completion_pct > 1
  )
