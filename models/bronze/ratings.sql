MODEL (
  name bronze.ratings,
  kind VIEW,
  description 'Every delivered row of ratings, once per delivery, in the types of silver. Grain: one delivered row, once per delivery.',
  tags (bronze, deliveries),
  audits (
    not_null(columns := (
      _ingest_date
    ))
  )
);

WITH delivered AS (
  SELECT
    rating_id,
    user_id,
    show_id,
    watch_id,
    rating,
    review,
    rated_at,
    _ingest_date,
    _loaded_at,
    _source,
    _rescued_data
  FROM bronze.delivered_ratings
)
SELECT
  rating_id, /* Identifies the rating. */
  user_id, /* The user who rated. */
  show_id, /* The show that was rated. */
  watch_id, /* The watch that was rated, if the rating is of one. */
  rating, /* Stars, 1 to 5. */
  review, /* What the user wrote. */
  rated_at, /* When the rating was given, in UTC. */
  _ingest_date, /* Day of delivery (dt), UTC. */
  _loaded_at, /* When the load ran, in UTC. */
  _source, /* Path of the delivered file, or the seed's name. */
  @row_hash(
    rating_id::BIGINT,
    user_id::BIGINT,
    show_id::BIGINT,
    watch_id::BIGINT,
    rating::INT,
    review::STRING,
    rated_at::TIMESTAMP_NTZ
  ) AS _row_hash, /* MD5 of the delivered values: equal rows have equal hashes. */
  _rescued_data /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
FROM delivered