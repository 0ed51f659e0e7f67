AUDIT (
  name assert_fct_watches_valid_ratings
);

SELECT
  *
FROM @this_model
WHERE
  rating < 1 OR rating > 5