AUDIT (
  name assert_fct_watches_valid_ratings
);

/* Next: It looks again at what was written, so on a run the rows are already to be seen.
   silver.ratings holds no such rating, so the model's last change is wrong: `streaming rollback`
   takes a deployment back. Correct the change in dev. */
SELECT
  *
FROM @this_model
WHERE
  rating < 1 OR rating > 5
