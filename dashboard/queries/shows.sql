/* Every show, what is watched most first. */
WITH watched AS (
  SELECT
    show_id,
    COUNT(*) AS watches,
    AVG(completion_pct) AS completion,
    COALESCE(SUM(minutes_watched), 0) AS minutes_watched
  FROM gold.fct_watches
  GROUP BY
    show_id
)
SELECT
  shows.show_id,
  shows.title,
  shows.genre,
  shows.release_year,
  shows.seasons,
  shows.quality_tier,
  COALESCE(watched.watches, 0) AS watches,
  watched.completion,
  COALESCE(watched.minutes_watched, 0) AS minutes_watched
FROM gold.dim_shows AS shows
LEFT JOIN watched
  ON watched.show_id = shows.show_id
ORDER BY
  watches DESC,
  shows.show_id
