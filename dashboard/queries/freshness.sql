/* When each feed was last delivered, how long ago, and how much came then; empty for a feed that never was. */
WITH deliveries AS (
  SELECT
    feed,
    MAX(_ingest_date) AS last_delivery,
    MAX_BY(delivered, _ingest_date) AS rows_delivered
  FROM quality.deliveries
  GROUP BY
    feed
)
SELECT
  feeds.feed,
  deliveries.last_delivery,
  DATEDIFF(DAY, deliveries.last_delivery, CURRENT_DATE) AS days_since_delivery,
  deliveries.rows_delivered
FROM quality.reconciliation AS feeds
LEFT JOIN deliveries
  ON deliveries.feed = feeds.feed
ORDER BY
  feeds.feed
