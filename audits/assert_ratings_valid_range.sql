AUDIT (
  name assert_ratings_valid_range
);

SELECT
  *
FROM @this_model
WHERE
  _accepted_on BETWEEN @start_date AND @end_date
  AND (
    rating IS NULL OR rating < 1 OR rating > 5
  )