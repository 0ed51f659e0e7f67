MODEL (
  name quarantine.held_ratings,
  kind INCREMENTAL_BY_TIME_RANGE (
    time_column _ingest_date
  ),
  description 'The ratings that could not be accepted on the day of their delivery: they break a rule, or their user, show or watch was not known yet. Grain: one delivered row.',
  tags (quarantine, deliveries, internal),
  audits (
    not_null(columns := (_row_hash, _broken_rules))
  )
);

WITH deliveries AS (
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
), users AS (
  SELECT
    user_id,
    _known_on
  FROM silver.users
), shows AS (
  SELECT
    show_id,
    _known_on
  FROM silver.shows
), watches AS (
  SELECT
    watch_id,
    _known_on
  FROM silver.watches
)
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
  @ROW_HASH(
    deliveries.rating_id::BIGINT,
    deliveries.user_id::BIGINT,
    deliveries.show_id::BIGINT,
    deliveries.watch_id::BIGINT,
    deliveries.rating::INT,
    deliveries.review::STRING,
    deliveries.rated_at::TIMESTAMP_NTZ
  ) AS _row_hash, /* MD5 of the delivered values: equal rows have equal hashes. */
  deliveries._rescued_data, /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
  @REASONS(@RATINGS_RULES(), deliveries)::ARRAY<STRING> AS _broken_rules /* Every reason that the row alone gives, sorted; empty where it only waits for a key. */
FROM deliveries
LEFT JOIN users
  ON users.user_id = deliveries.user_id AND users._known_on <= deliveries._ingest_date
LEFT JOIN shows
  ON shows.show_id = deliveries.show_id AND shows._known_on <= deliveries._ingest_date
LEFT JOIN watches
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
  )