AUDIT (
  name assert_ratings_valid_range
);

/* Next: Rows like these go to quarantine before silver, so a rule or the model was changed, or the
   table by hand. Correct the change in dev, or restate bronze.delivered_ratings for the days;
   then run again. */
SELECT
  *
FROM @this_model
WHERE
  _accepted_on BETWEEN @start_date AND @end_date
  AND (
    rating IS NULL OR rating < 1 OR rating > 5
  )
