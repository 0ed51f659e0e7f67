MODEL (
  name quarantine.held_watches,
  kind INCREMENTAL_BY_TIME_RANGE (
    time_column _ingest_date
  ),
  description 'The watches that could not be accepted on the day of their delivery: they break a rule, or their user or show was not known yet. Grain: one delivered row.',
  tags (quarantine, deliveries, internal),
  audits (
    not_null(columns := (_row_hash, _broken_rules))
  )
);

WITH deliveries AS (
  SELECT
    watch_id,
    user_id,
    show_id,
    watched_at,
    minutes_watched,
    completion_pct,
    status,
    device,
    _ingest_date,
    _loaded_at,
    _source,
    _rescued_data
  FROM bronze.delivered_watches
), users AS (
  SELECT
    user_id,
    _known_on
  FROM silver.users
), shows AS (
  SELECT
    show_id,
    _known_on
  FROM silver.shows
)
SELECT
  deliveries.watch_id, /* Identifies the watch. */
  deliveries.user_id, /* The user who watched. */
  deliveries.show_id, /* The show that was watched. */
  deliveries.watched_at, /* When the watch began, in UTC. */
  deliveries.minutes_watched, /* Minutes watched. */
  deliveries.completion_pct, /* Share of the running time that was watched, 0 to 1. */
  deliveries.status, /* completed, in_progress or abandoned. */
  deliveries.device, /* Device on which it was watched. */
  deliveries._ingest_date, /* Day of delivery (dt), UTC. */
  deliveries._loaded_at, /* When the load ran, in UTC. */
  deliveries._source, /* Path of the delivered file, or the seed's name. */
  @ROW_HASH(
    deliveries.watch_id::BIGINT,
    deliveries.user_id::BIGINT,
    deliveries.show_id::BIGINT,
    deliveries.watched_at::TIMESTAMP_NTZ,
    deliveries.minutes_watched::INT,
    deliveries.completion_pct::DOUBLE,
    deliveries.status::STRING,
    deliveries.device::STRING
  ) AS _row_hash, /* MD5 of the delivered values: equal rows have equal hashes. */
  deliveries._rescued_data, /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
  @REASONS(@WATCHES_RULES(), deliveries)::ARRAY<STRING> AS _broken_rules /* Every reason that the row alone gives, sorted; empty where it only waits for a key. */
FROM deliveries
LEFT JOIN users
  ON users.user_id = deliveries.user_id AND users._known_on <= deliveries._ingest_date
LEFT JOIN shows
  ON shows.show_id = deliveries.show_id AND shows._known_on <= deliveries._ingest_date
WHERE
  deliveries._ingest_date BETWEEN @start_date AND @end_date
  AND (
    NOT @IS_ACCEPTABLE(@WATCHES_RULES(), deliveries)
    OR users.user_id IS NULL
    OR shows.show_id IS NULL
  )