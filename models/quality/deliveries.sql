MODEL (
  name quality.deliveries,
  kind INCREMENTAL_BY_TIME_RANGE (
    time_column _ingest_date
  ),
  description 'What each feed delivered each day, and how much of it was rejected when the day was run. Gold is published only after its audits pass. Grain: feed and _ingest_date.',
  grain (feed, _ingest_date),
  tags (
    quality
  ),
  audits (
    unique_combination_of_columns(columns := (feed, _ingest_date)),
    not_null(columns := (feed, delivered, rejected)),
    reject_share_is_bearable
  )
);

WITH counted AS (
  SELECT
    'users' AS feed,
    _ingest_date,
    COUNT(*) AS delivered,
    0 AS rejected
  FROM bronze.delivered_users
  WHERE
    _ingest_date BETWEEN @start_date AND @end_date
  GROUP BY
    _ingest_date
  UNION ALL
  SELECT
    'users' AS feed,
    _ingest_date,
    0 AS delivered,
    COUNT(*) AS rejected
  FROM quarantine.users
  WHERE
    _ingest_date BETWEEN @start_date AND @end_date
  GROUP BY
    _ingest_date
  UNION ALL
  SELECT
    'shows' AS feed,
    _ingest_date,
    COUNT(*) AS delivered,
    0 AS rejected
  FROM bronze.delivered_shows
  WHERE
    _ingest_date BETWEEN @start_date AND @end_date
  GROUP BY
    _ingest_date
  UNION ALL
  SELECT
    'shows' AS feed,
    _ingest_date,
    0 AS delivered,
    COUNT(*) AS rejected
  FROM quarantine.shows
  WHERE
    _ingest_date BETWEEN @start_date AND @end_date
  GROUP BY
    _ingest_date
  UNION ALL
  SELECT
    'watches' AS feed,
    _ingest_date,
    COUNT(*) AS delivered,
    0 AS rejected
  FROM bronze.delivered_watches
  WHERE
    _ingest_date BETWEEN @start_date AND @end_date
  GROUP BY
    _ingest_date
  UNION ALL
  SELECT
    'watches' AS feed,
    _ingest_date,
    0 AS delivered,
    COUNT(*) AS rejected
  FROM quarantine.watches
  WHERE
    _ingest_date BETWEEN @start_date AND @end_date
  GROUP BY
    _ingest_date
  UNION ALL
  SELECT
    'ratings' AS feed,
    _ingest_date,
    COUNT(*) AS delivered,
    0 AS rejected
  FROM bronze.delivered_ratings
  WHERE
    _ingest_date BETWEEN @start_date AND @end_date
  GROUP BY
    _ingest_date
  UNION ALL
  SELECT
    'ratings' AS feed,
    _ingest_date,
    0 AS delivered,
    COUNT(*) AS rejected
  FROM quarantine.ratings
  WHERE
    _ingest_date BETWEEN @start_date AND @end_date
  GROUP BY
    _ingest_date
)
SELECT
  feed::STRING, /* Name of the feed. */
  _ingest_date, /* Day of delivery, UTC. */
  SUM(delivered)::BIGINT AS delivered, /* Rows delivered. */
  SUM(rejected)::BIGINT AS rejected /* Rows in quarantine when the day was run; those that only waited for a key may have left since. */
FROM counted
GROUP BY
  feed,
  _ingest_date