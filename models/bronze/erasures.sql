/*
A row is a delivered request that a user be forgotten, once per delivery: the rows of
bronze.delivered_erasures with their hash. quality.erasures says what came of it.
Grain: one delivered row.
*/
MODEL (
  name bronze.erasures,
  kind VIEW,
  tags (bronze, deliveries, personal_data),
  audits (
    not_null(columns := _ingest_date)
  )
);

SELECT
  user_id, /* The user who is to be forgotten. */
  requested_at, /* When it was asked for, in UTC. */
  _ingest_date, /* Day of delivery (dt), UTC. */
  _loaded_at, /* When the load ran, in UTC. */
  _source, /* Path of the delivered file. */
  @ROW_HASH(@ERASURES_COLUMNS(), deliveries) AS _row_hash, /* MD5 of the delivered values: equal rows have equal hashes. */
  _rescued_data /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
FROM bronze.delivered_erasures AS deliveries
