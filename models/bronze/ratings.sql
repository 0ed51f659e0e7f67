/*
A row is a delivered row of ratings, once per delivery, in the types of silver: the rows of
bronze.delivered_ratings with their hash. Only loading its day again changes a row.
Grain: one delivered row.
*/
MODEL (
  name bronze.ratings,
  kind VIEW,
  tags (bronze, deliveries, personal_data),
  audits (
    not_null(columns := _ingest_date)
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
  _loaded_at, /* When the load ran, in UTC. */
  _source, /* Path of the delivered file, or the seed's name. */
  @ROW_HASH(@RATINGS_COLUMNS(), deliveries) AS _row_hash, /* MD5 of the delivered values: equal rows have equal hashes. */
  _rescued_data /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
FROM bronze.delivered_ratings AS deliveries
