AUDIT (
  name assert_completed_watches_have_ratings,
  blocking FALSE
);

/* Next: Nothing: people do not rate all that they finish. It only warns, and stops nothing. */
SELECT
  *
FROM @this_model
WHERE
  is_completed AND rating IS NULL
