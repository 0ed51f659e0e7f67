/* How the shows of each genre are rated. */
SELECT
  genre,
  shows,
  ratings,
  avg_rating,
  positive_share
FROM analytics.show_ratings_by_genre
ORDER BY
  genre
