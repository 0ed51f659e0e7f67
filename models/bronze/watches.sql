/*
A row is a delivered row of watches, once per delivery, in the types of silver: the rows of
bronze.delivered_watches with their hash. Only loading its day again changes a row.
Grain: one delivered row.
*/
MODEL (
  name bronze.watches,
  kind VIEW,
  tags (bronze, deliveries, personal_data),
  audits (
    not_null(columns := _ingest_date)
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
  _loaded_at, /* When the load ran, in UTC. */
  _source, /* Path of the delivered file, or the seed's name. */
  @ROW_HASH(@WATCHES_COLUMNS(), deliveries) AS _row_hash, /* MD5 of the delivered values: equal rows have equal hashes. */
  _rescued_data /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
FROM bronze.delivered_watches AS deliveries
