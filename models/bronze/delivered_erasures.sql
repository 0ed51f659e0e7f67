/*
A row is a delivered request that a user be forgotten. What says who the user is goes out of every table
when the request is loaded, and no load afterwards brings it in again. Nothing takes a request back: it
is granted for good, whatever becomes of its file.
Grain: one delivered row.
*/
MODEL (
  name bronze.delivered_erasures,
  kind INCREMENTAL_BY_TIME_RANGE (
    time_column _ingest_date,
    partition_by_time_column FALSE,
    disable_restatement TRUE
  ),
  tags (bronze, deliveries, internal, personal_data),
  clustered_by _ingest_date,
  signals (
    day_is_delivered()
  ),
  audits (
    not_null(columns := (_loaded_at, _source)),
    request_names_a_user,
    file_is_not_replaced(feed := erasures)
  )
);

SELECT
  user_id, /* The user who is to be forgotten. */
  requested_at, /* When it was asked for, in UTC. */
  _ingest_date, /* Day of delivery (dt), UTC. */
  @execution_ts::TIMESTAMP_NTZ AS _loaded_at, /* When the load ran, in UTC. */
  _source, /* Path of the delivered file. */
  _rescued_data, /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
  _file_state /* Checksum of the file's size and time when it was read. */
FROM @DELIVERY('erasures', @ERASURES_COLUMNS())
WHERE
  _ingest_date BETWEEN @start_date AND @end_date;

@ERASE_EVERYWHERE();

@PERSONAL_DATA(_rescued_data)
