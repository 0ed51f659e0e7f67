MODEL (
  name silver.ratings,
  kind INCREMENTAL_BY_UNIQUE_KEY (
    unique_key rating_id
  ),
  description 'The ratings as last delivered, of known users, shows and watches. Grain: rating_id.',
  grain rating_id,
  tags (
    silver
  ),
  clustered_by rating_id,
  physical_properties (
    'delta.enableDeletionVectors' = 'true'
  ),
  signals (
    day_is_delivered()
  ),
  audits (
    grain_is_unique(key := rating_id, changed := silver.ratings, changed_on := _accepted_on),
    not_null_in_changed(
      columns := (rating_id, user_id, show_id, rating, rating_sentiment, rated_at, rating_date),
      changed_on := _accepted_on
    ),
    foreign_key(column := user_id, parent := silver.users, changed_on := _accepted_on),
    foreign_key(column := show_id, parent := silver.shows, changed_on := _accepted_on),
    foreign_key(column := watch_id, parent := silver.watches, changed_on := _accepted_on),
    assert_ratings_valid_range
  )
);

WITH waiting AS (
  SELECT
    rating_id,
    user_id,
    show_id,
    watch_id
  FROM quarantine.held_ratings
  WHERE
    _ingest_date < @start_date AND SIZE(_broken_rules) = 0
), released AS (
  /* ratings that waited for a user, show or watch that became known in this interval */
  SELECT
    waiting.rating_id
  FROM waiting
  JOIN silver.users AS users
    ON users.user_id = waiting.user_id
  JOIN silver.shows AS shows
    ON shows.show_id = waiting.show_id
  LEFT JOIN silver.watches AS watches
    ON watches.watch_id = waiting.watch_id
  WHERE
    GREATEST(users._known_on, shows._known_on, COALESCE(watches._known_on, users._known_on)) BETWEEN @start_date AND @end_date
), touched AS (
  SELECT
    rating_id
  FROM released
  UNION ALL
  SELECT
    rating_id
  FROM bronze.delivered_ratings
  WHERE
    _ingest_date BETWEEN @start_date AND @end_date
), deliveries AS (
  SELECT
    rating_id,
    user_id,
    show_id,
    watch_id,
    rating,
    review,
    rated_at,
    _ingest_date,
    _rescued_data,
    @ROW_HASH(
      rating_id::BIGINT,
      user_id::BIGINT,
      show_id::BIGINT,
      watch_id::BIGINT,
      rating::INT,
      review::STRING,
      rated_at::TIMESTAMP_NTZ
    ) AS _row_hash
  FROM bronze.delivered_ratings
  WHERE
    rating_id IN (
      SELECT
        rating_id
      FROM touched
    )
), accepted AS (
  SELECT
    deliveries.rating_id,
    deliveries.user_id,
    deliveries.show_id,
    deliveries.watch_id,
    deliveries.rating,
    deliveries.review,
    deliveries.rated_at,
    deliveries._ingest_date,
    deliveries._row_hash,
    GREATEST(
      deliveries._ingest_date,
      users._known_on,
      shows._known_on,
      COALESCE(watches._known_on, users._known_on)
    ) AS accepted_on
  FROM deliveries
  JOIN silver.users AS users
    ON users.user_id = deliveries.user_id
  JOIN silver.shows AS shows
    ON shows.show_id = deliveries.show_id
  LEFT JOIN silver.watches AS watches
    ON watches.watch_id = deliveries.watch_id
  WHERE
    @IS_ACCEPTABLE(@RATINGS_RULES(), deliveries)
    AND (
      deliveries.watch_id IS NULL OR NOT watches.watch_id IS NULL
    )
    AND GREATEST(
      deliveries._ingest_date,
      users._known_on,
      shows._known_on,
      COALESCE(watches._known_on, users._known_on)
    ) <= @end_date
), summed AS (
  SELECT
    rating_id,
    COUNT(*) AS acceptable,
    COLLECT_SET(watch_id) AS watch_ids
  FROM accepted
  GROUP BY
    rating_id
), newest AS (
  SELECT
    *
  FROM accepted
  QUALIFY
    ROW_NUMBER() OVER (PARTITION BY rating_id ORDER BY _ingest_date DESC, _row_hash DESC) = 1
)
SELECT
  newest.rating_id, /* Identifies the rating. */
  newest.user_id, /* The user who rated. */
  newest.show_id, /* The show that was rated. */
  newest.watch_id, /* The watch that was rated, if the rating is of one. */
  newest.rating, /* Stars, 1 to 5. */
  CASE WHEN newest.rating >= 4 THEN 'Positive' ELSE 'Neutral' END AS rating_sentiment, /* Positive for 4 and 5 stars, else Neutral. */
  newest.review, /* What the user wrote. */
  newest.rated_at, /* When the rating was given, in UTC. */
  newest.rated_at::DATE AS rating_date, /* Day on which the rating was given, UTC. */
  newest.accepted_on AS _accepted_on, /* Day on which the delivery that is shown became acceptable. */
  COALESCE(summed.watch_ids, ARRAY())::ARRAY<BIGINT> AS _watch_ids, /* Every watch that an acceptable delivery of the rating named: it may have moved from one to another. */
  summed.acceptable AS _accepted_deliveries /* Number of acceptable deliveries of the rating. */
FROM newest
JOIN summed
  ON summed.rating_id = newest.rating_id;

@PRIMARY_KEY(rating_id)