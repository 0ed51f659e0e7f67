/* Ratings of each show by stars. */
SELECT
  show_id,
  rating AS stars,
  COUNT(*) AS ratings
FROM gold.fct_ratings
GROUP BY
  show_id,
  rating
ORDER BY
  show_id,
  stars
