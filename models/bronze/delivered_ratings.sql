MODEL (
  name bronze.delivered_ratings,
  kind INCREMENTAL_BY_TIME_RANGE (
    time_column _ingest_date
  ),
  description 'The deliveries of ratings as they are stored, without the hash that bronze.ratings adds. Grain: one delivered row, once per delivery.',
  tags (bronze, deliveries, internal),
  signals (
    day_is_delivered()
  ),
  audits (
    not_null(columns := (_loaded_at, _source)),
    feed_is_not_silent(deliveries := bronze.delivered_ratings)
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
  _rescued_data /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
FROM @delivery(
  'ratings',
  rating_id::BIGINT,
  user_id::BIGINT,
  show_id::BIGINT,
  watch_id::BIGINT,
  rating::INT,
  review::STRING,
  rated_at::TIMESTAMP_NTZ
)
WHERE
  _ingest_date BETWEEN @start_date AND @end_date