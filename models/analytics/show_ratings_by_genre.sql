/*
A row is a genre, with how its shows are rated. It is a view on gold.fct_ratings, and changes with it.
Grain: genre.
*/
MODEL (
  name analytics.show_ratings_by_genre,
  kind VIEW,
  grain genre,
  tags analytics,
  audits (unique_combination_of_columns(columns := genre), not_null(columns := genre))
);

SELECT
  COALESCE(show_genre, 'unknown') AS genre, /* Genre of the shows, unknown without. */
  COUNT(DISTINCT show_id) AS shows, /* Number of different shows rated. */
  COUNT(*) AS ratings, /* Number of ratings. */
  AVG(rating) AS avg_rating, /* Mean of the stars. */
  AVG(CASE WHEN rating_sentiment = 'Positive' THEN 1.0::DOUBLE ELSE 0.0::DOUBLE END) AS positive_share /* Share of the ratings that are positive. */
FROM gold.fct_ratings
GROUP BY
  COALESCE(show_genre, 'unknown')
