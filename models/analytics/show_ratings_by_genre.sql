MODEL (
  name analytics.show_ratings_by_genre,
  kind VIEW,
  description 'How the shows of each genre are rated. Grain: genre.',
  grain genre,
  tags (
    analytics
  ),
  audits (
    unique_combination_of_columns(columns := (
      genre
    )),
    not_null(columns := (
      genre
    ))
  )
);

WITH ratings AS (
  SELECT
    show_id,
    rating,
    rating_sentiment,
    show_genre
  FROM gold.fct_ratings
)
SELECT
  COALESCE(show_genre, 'unknown') AS genre, /* Genre of the shows, unknown without. */
  COUNT(DISTINCT show_id) AS shows, /* Number of different shows rated. */
  COUNT(*) AS ratings, /* Number of ratings. */
  AVG(rating) AS avg_rating, /* Mean of the stars. */
  AVG(CASE WHEN rating_sentiment = 'Positive' THEN 1.0::DOUBLE ELSE 0.0::DOUBLE END) AS positive_share /* Share of the ratings that are positive. */
FROM ratings
GROUP BY
  COALESCE(show_genre, 'unknown')