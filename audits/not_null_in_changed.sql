AUDIT (
  name not_null_in_changed
);

/* Next: Rows without a required value go to quarantine before silver, so a rule or the model was
   changed, or the table by hand. Correct the change in dev, or restate bronze.delivered_<feed>
   for the days; then run again. */
SELECT
  *
FROM @this_model
WHERE
  @changed_on BETWEEN @start_date AND @end_date
  AND @REDUCE(@EACH(@columns, column -> column IS NULL), (left, right) -> left OR right)
