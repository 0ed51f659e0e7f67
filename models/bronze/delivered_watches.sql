/*
A row is a delivered row of watches, once per delivery, as a day's load stored it. bronze.watches
adds its hash. Only loading its day again changes a row.
Grain: one delivered row.
*/
MODEL (
  name bronze.delivered_watches,
  kind INCREMENTAL_BY_TIME_RANGE (
    time_column _ingest_date,
    partition_by_time_column FALSE
  ),
  tags (bronze, deliveries, internal, personal_data),
  clustered_by _ingest_date,
  signals (
    day_is_delivered()
  ),
  audits (
    not_null(columns := (_loaded_at, _source)),
    file_is_not_replaced(feed := watches)
  )
);

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
  @execution_ts::TIMESTAMP_NTZ AS _loaded_at, /* When the load ran, in UTC. */
  _source, /* Path of the delivered file, or the seed's name. */
  _rescued_data, /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
  _file_state /* Checksum of the file's size and time when it was read; NULL of a seed. */
FROM @DELIVERY('watches', @WATCHES_COLUMNS())
WHERE
  _ingest_date BETWEEN @start_date AND @end_date;

@PERSONAL_DATA(device, _rescued_data)
