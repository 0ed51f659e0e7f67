/*
A row is a delivered row of ratings, once per delivery, as a day's load stored it. bronze.ratings
adds its hash. Only loading its day again changes a row.
Grain: one delivered row.
*/
MODEL (
  name bronze.delivered_ratings,
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
    file_is_not_replaced(feed := ratings)
  )
);

SELECT
  rating_id, /* Identifies the rating. */
  user_id, /* The user who rated. */
  show_id, /* The show that was rated. */
  watch_id, /* The watch that was rated, if the rating is of one. */
  rating, /* Stars, 1 to 5. */
  review, /* What the user wrote. */
  rated_at, /* When the rating was given, in UTC. */
  _ingest_date, /* Day of delivery (dt), UTC. */
  @execution_ts::TIMESTAMP_NTZ AS _loaded_at, /* When the load ran, in UTC. */
  _source, /* Path of the delivered file, or the seed's name. */
  _rescued_data, /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
  _file_state, /* Checksum of the file's size and time when it was read; NULL of a seed. */
  _hash_before /* Of an erased row, how its hash began: it tells which delivery of a day is the newest; else NULL. */
FROM @DELIVERY('ratings', @RATINGS_COLUMNS())
WHERE
  _ingest_date BETWEEN @start_date AND @end_date;

@PERSONAL_DATA(review, _rescued_data)
