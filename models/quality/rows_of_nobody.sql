/*
A row counts the delivered rows of a feed and day of which nothing tells whose they are: their user_id is
missing or does not fit its type. An erasure cannot find them, so whoever answers a request looks here. It
is a view on quarantine.
Grain: feed and _ingest_date.
*/
MODEL (
  name quality.rows_of_nobody,
  kind VIEW,
  grain (feed, _ingest_date),
  tags quality,
  audits (
    unique_combination_of_columns(columns := (feed, _ingest_date))
  )
);

SELECT
  feed::STRING, /* Name of the feed. */
  _ingest_date::DATE, /* Day of delivery, UTC. */
  COUNT(*)::BIGINT AS rows /* Rows without a user_id that can be read. */
FROM (
  SELECT
    'users' AS feed,
    _ingest_date
  FROM quarantine.users
  WHERE
    user_id IS NULL
  UNION ALL
  SELECT
    'watches' AS feed,
    _ingest_date
  FROM quarantine.watches
  WHERE
    user_id IS NULL
  UNION ALL
  SELECT
    'ratings' AS feed,
    _ingest_date
  FROM quarantine.ratings
  WHERE
    user_id IS NULL
) AS of_nobody
GROUP BY
  feed,
  _ingest_date
