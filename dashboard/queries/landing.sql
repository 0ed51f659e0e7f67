/* The files that were read, by day of delivery and feed, the newest day first. */
SELECT
  _ingest_date AS delivered_on,
  feed,
  COUNT(*) AS files,
  SUM(rows) AS rows_loaded,
  COUNT_IF(SIZE(absent) > 0) AS lacking_columns,
  COUNT_IF(SIZE(ignored) > 0) AS with_other_columns
FROM quality.files
GROUP BY
  _ingest_date,
  feed
ORDER BY
  delivered_on DESC,
  feed
