MODEL (
  name bronze.watches,
  kind VIEW,
  description 'Every delivered row of watches, once per delivery, in the types of silver. Grain: one delivered row, once per delivery.',
  tags (bronze, deliveries),
  audits (
    not_null(columns := (
      _ingest_date
    ))
  )
);

WITH delivered AS (
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
)
SELECT
  watch_id, /* Identifies the watch. */
  user_id, /* The user who watched. */
  show_id, /* The show that was watched. */
  watched_at, /* When the watch began, in UTC. */
  minutes_watched, /* Minutes watched. */
  completion_pct, /* Share of the running time that was watched, 0 to 1. */
  status, /* completed, in_progress or abandoned. */
  device, /* Device on which it was watched. */
  _ingest_date, /* Day of delivery (dt), UTC. */
  _loaded_at, /* When the load ran, in UTC. */
  _source, /* Path of the delivered file, or the seed's name. */
  @row_hash(
    watch_id::BIGINT,
    user_id::BIGINT,
    show_id::BIGINT,
    watched_at::TIMESTAMP_NTZ,
    minutes_watched::INT,
    completion_pct::DOUBLE,
    status::STRING,
    device::STRING
  ) AS _row_hash, /* MD5 of the delivered values: equal rows have equal hashes. */
  _rescued_data /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
FROM delivered