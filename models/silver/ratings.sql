/*
A row is a rating, as its newest acceptable delivery shows it: one that breaks no rule, and whose user,
show and watch are known. It comes from bronze.delivered_ratings, and changes on a day that delivers the
rating again, or that makes a key known for which a delivery waited (quarantine.held_ratings).
Grain: rating_id.
*/
MODEL (
  name silver.ratings,
  kind INCREMENTAL_BY_UNIQUE_KEY (
    unique_key rating_id
  ),
  grain rating_id,
  tags (silver, personal_data),
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

WITH touches AS (
  /* days that may change a rating: of its deliveries, and of keys that became known to one that waited */
  SELECT
    rating_id,
    _ingest_date AS day
  FROM bronze.delivered_ratings
  UNION ALL
  SELECT
    held.rating_id,
    GREATEST(users._known_on, shows._known_on, COALESCE(watches._known_on, users._known_on)) AS day
  FROM quarantine.held_ratings AS held
  JOIN silver.users AS users
    ON users.user_id = held.user_id
  JOIN silver.shows AS shows
    ON shows.show_id = held.show_id
  LEFT JOIN silver.watches AS watches
    ON watches.watch_id = held.watch_id
  WHERE
    SIZE(held._broken_rules) = 0
), deliveries AS (
  SELECT
    rating_id,
    user_id,
    show_id,
    watch_id,
    rating,
    review,
    rated_at,
    _rescued_data,
    _ingest_date,
    _hash_before
  FROM bronze.delivered_ratings
  WHERE
    @IS_TOUCHED(rating_id, touches, day)
), acceptable AS (
  SELECT
    deliveries.*,
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
), named AS (
  /* the watches that the acceptable deliveries of a rating named */
  SELECT
    rating_id,
    COLLECT_SET(watch_id) AS watch_ids
  FROM acceptable
  GROUP BY
    rating_id
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
  COALESCE(named.watch_ids, ARRAY())::ARRAY<BIGINT> AS _watch_ids, /* Every watch that an acceptable delivery of the rating named: it may have moved from one to another. */
  newest.deliveries::BIGINT AS _accepted_deliveries /* Number of acceptable deliveries of the rating. */
FROM @NEWEST(acceptable, rating_id, @RATINGS_COLUMNS(), _hash_before)
JOIN named
  ON named.rating_id = newest.rating_id;

@PRIMARY_KEY(rating_id);

@PERSONAL_DATA(review)
