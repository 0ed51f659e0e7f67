/* The files that were read, by day of delivery and feed, the newest day first. */
SELECT
  _ingest_date AS delivered_on,
  feed,
  COUNT(*) AS files,
  CAST(SUM(rows) AS BIGINT) AS rows_loaded,
  COUNT(CASE WHEN SIZE(absent) > 0 THEN 1 END) AS lacking_columns,
  COUNT(CASE WHEN SIZE(ignored) > 0 THEN 1 END) AS with_other_columns
FROM quality.files
GROUP BY
  _ingest_date,
  feed
ORDER BY
  delivered_on DESC,
  feed
