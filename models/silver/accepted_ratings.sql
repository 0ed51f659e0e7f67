MODEL (
  name silver.accepted_ratings,
  kind VIEW,
  description 'The deliveries of ratings that can be accepted, their user, show and watch being known, in the form of silver. Audited where they are stored: silver.ratings. Grain: one delivered row.',
  tags (silver, deliveries, internal),
  ignored_rules (
    nomissingaudits
  )
);

WITH deliveries AS (
  SELECT
    *
  FROM bronze.ratings
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
  CASE WHEN deliveries.rating >= 4 THEN 'Positive' ELSE 'Neutral' END AS rating_sentiment, /* Positive for 4 and 5 stars, else Neutral. */
  deliveries.review, /* What the user wrote. */
  deliveries.rated_at, /* When the rating was given, in UTC. */
  deliveries.rated_at::DATE AS rating_date, /* Day on which the rating was given, UTC. */
  deliveries._ingest_date, /* Day of delivery, UTC. */
  deliveries._row_hash, /* MD5 of the delivered values. */
  GREATEST(
    deliveries._ingest_date,
    users._known_on,
    shows._known_on,
    COALESCE(watches._known_on, users._known_on)
  ) AS _accepted_on /* Day on which the delivery became acceptable: its own, or that on which its user, show or watch became known if that is later. */
FROM deliveries
JOIN users
  ON users.user_id = deliveries.user_id
JOIN shows
  ON shows.show_id = deliveries.show_id
LEFT JOIN watches
  ON watches.watch_id = deliveries.watch_id
WHERE
  @IS_ACCEPTABLE(@RATINGS_RULES(), deliveries)
  AND (
    deliveries.watch_id IS NULL OR NOT watches.watch_id IS NULL
  )