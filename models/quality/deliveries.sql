/*
A row says how much a feed delivered on a day, and how much of it was rejected when the day was run. It
adds up quality.files, where a file without rows is a delivery too, and counts quarantine; only loading
the day again changes it. Gold is published only after the audits of the day pass.
Grain: feed and _ingest_date.
*/
MODEL (
  name quality.deliveries,
  kind INCREMENTAL_BY_TIME_RANGE (
    time_column _ingest_date,
    partition_by_time_column FALSE
  ),
  grain (feed, _ingest_date),
  tags quality,
  clustered_by _ingest_date,
  audits (
    unique_combination_of_columns(columns := (feed, _ingest_date)),
    not_null(columns := (feed, delivered, rejected)),
    reject_share_is_within_limit
  )
);

SELECT
  feed::STRING, /* Name of the feed. */
  _ingest_date, /* Day of delivery, UTC. */
  SUM(delivered)::BIGINT AS delivered, /* Rows delivered. */
  SUM(rejected)::BIGINT AS rejected /* Rows in quarantine when the day was run; those that only waited for a key may have left since. */
FROM (
  SELECT
    feed,
    _ingest_date,
    rows AS delivered,
    0 AS rejected
  FROM quality.files
  UNION ALL
  SELECT
    feed,
    _ingest_date,
    0 AS delivered,
    1 AS rejected
  FROM @EACH_FEED(
    feed -> (
      SELECT
        '@feed' AS feed,
        _ingest_date
      FROM quarantine.@feed
    )
  )
) AS counted
WHERE
  _ingest_date BETWEEN @start_date AND @end_date
GROUP BY
  feed,
  _ingest_date
