/*
A row is a delivered row of ratings that could not be accepted on its day: it breaks a rule, or its user,
show or watch was not known yet. It comes from bronze.delivered_ratings and stays, whatever arrives later:
quarantine.ratings judges it again, and silver.ratings takes it when its keys are there.
Grain: one delivered row.
*/
MODEL (
  name quarantine.held_ratings,
  kind INCREMENTAL_BY_TIME_RANGE (
    time_column _ingest_date,
    partition_by_time_column FALSE
  ),
  tags (quarantine, deliveries, internal, personal_data),
  clustered_by _ingest_date,
  audits (
    not_null(columns := (_row_hash, _broken_rules))
  )
);

SELECT
  deliveries.rating_id, /* Identifies the rating. */
  deliveries.user_id, /* The user who rated. */
  deliveries.show_id, /* The show that was rated. */
  deliveries.watch_id, /* The watch that was rated, if the rating is of one. */
  deliveries.rating, /* Stars, 1 to 5. */
  deliveries.review, /* What the user wrote. */
  deliveries.rated_at, /* When the rating was given, in UTC. */
  deliveries._ingest_date, /* Day of delivery (dt), UTC. */
  deliveries._loaded_at, /* When the load ran, in UTC. */
  deliveries._source, /* Path of the delivered file, or the seed's name. */
  @ROW_HASH(@RATINGS_COLUMNS(), deliveries) AS _row_hash, /* MD5 of the delivered values: equal rows have equal hashes. */
  deliveries._rescued_data, /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
  @REASONS(@RATINGS_RULES(), deliveries)::ARRAY<STRING> AS _broken_rules /* Every reason that the row alone gives, sorted; empty where it only waits for a key. */
FROM bronze.delivered_ratings AS deliveries
LEFT JOIN silver.users AS users
  ON users.user_id = deliveries.user_id AND users._known_on <= deliveries._ingest_date
LEFT JOIN silver.shows AS shows
  ON shows.show_id = deliveries.show_id AND shows._known_on <= deliveries._ingest_date
LEFT JOIN silver.watches AS watches
  ON watches.watch_id = deliveries.watch_id
  AND watches._known_on <= deliveries._ingest_date
WHERE
  deliveries._ingest_date BETWEEN @start_date AND @end_date
  AND (
    NOT @IS_ACCEPTABLE(@RATINGS_RULES(), deliveries)
    OR users.user_id IS NULL
    OR shows.show_id IS NULL
    OR (
      NOT deliveries.watch_id IS NULL AND watches.watch_id IS NULL
    )
  );

@PERSONAL_DATA(review, _rescued_data)
