/* The rows in quarantine by day of delivery, feed and reason; a row counts once for each of its reasons. */
WITH rejected AS (
  SELECT
    'users' AS feed,
    _ingest_date,
    EXPLODE(_rejected_for) AS reason
  FROM quarantine.users
  UNION ALL
  SELECT
    'shows' AS feed,
    _ingest_date,
    EXPLODE(_rejected_for) AS reason
  FROM quarantine.shows
  UNION ALL
  SELECT
    'watches' AS feed,
    _ingest_date,
    EXPLODE(_rejected_for) AS reason
  FROM quarantine.watches
  UNION ALL
  SELECT
    'ratings' AS feed,
    _ingest_date,
    EXPLODE(_rejected_for) AS reason
  FROM quarantine.ratings
)
SELECT
  _ingest_date AS delivered_on,
  feed,
  reason,
  COUNT(*) AS rejections
FROM rejected
GROUP BY
  _ingest_date,
  feed,
  reason
ORDER BY
  delivered_on DESC,
  rejections DESC,
  feed,
  reason
