MODEL (
  name gold.fct_ratings,
  kind INCREMENTAL_BY_UNIQUE_KEY (
    unique_key rating_id
  ),
  description 'The ratings, with the show and the watch as they are and the user as of rating. Grain: rating_id.',
  grain rating_id,
  tags (
    gold
  ),
  depends_on (quality.deliveries, quality.reconciliation),
  clustered_by (rating_date, rating_id),
  physical_properties (
    'delta.enableDeletionVectors' = 'true'
  ),
  signals (
    day_is_delivered()
  ),
  audits (
    grain_is_unique(key := rating_id, changed := silver.ratings, changed_on := _accepted_on)
  )
);

WITH dim_shows AS (
  SELECT
    show_id,
    title,
    genre,
    quality_tier
  FROM gold.dim_shows
), watches AS (
  SELECT
    watch_id,
    completion_pct,
    status
  FROM silver.watches
), users AS (
  SELECT
    user_id,
    country,
    subscription_plan,
    _holds_from,
    _holds_to
  FROM silver.users_history
), changed_shows AS (
  SELECT
    show_id
  FROM silver.shows
  WHERE
    _changed_on BETWEEN @start_date AND @end_date
), changed_watches AS (
  SELECT
    watch_id
  FROM silver.watches
  WHERE
    _accepted_on BETWEEN @start_date AND @end_date
), changed_users AS (
  SELECT
    user_id
  FROM silver.users_history
  WHERE
    valid_from::DATE BETWEEN @start_date AND @end_date
), ratings AS (
  SELECT
    rating_id,
    user_id,
    show_id,
    watch_id,
    rating,
    rating_sentiment,
    review,
    rated_at,
    rating_date
  FROM silver.ratings
  WHERE
    _accepted_on <= @end_date
    AND (
      @MANY_DAYS()
      OR _accepted_on >= @start_date
      OR show_id IN (
        SELECT
          show_id
        FROM changed_shows
      )
      OR watch_id IN (
        SELECT
          watch_id
        FROM changed_watches
      )
      OR (
        rated_at >= @start_date
        AND user_id IN (
          SELECT
            user_id
          FROM changed_users
        )
      )
    )
)
SELECT
  ratings.rating_id, /* Identifies the rating. */
  ratings.user_id, /* The user who rated. */
  ratings.show_id, /* The show that was rated. */
  ratings.watch_id, /* The watch that was rated, if the rating is of one. */
  ratings.rated_at, /* When the rating was given, in UTC. */
  ratings.rating_date, /* Day on which the rating was given, UTC. */
  ratings.rating, /* Stars, 1 to 5. */
  ratings.rating_sentiment, /* Positive for 4 and 5 stars, else Neutral. */
  ratings.review, /* What the user wrote. */
  dim_shows.title AS show_title, /* Title of the show. */
  dim_shows.genre AS show_genre, /* Genre of the show, in lower case. */
  dim_shows.quality_tier AS show_quality_tier, /* Tier of quality of the show. */
  watches.completion_pct AS watch_completion_pct, /* Share of the running time that was watched, 0 to 1. */
  watches.status AS watch_status, /* Status of the watch. */
  users.country AS user_country, /* Country of the user when rating. */
  users.subscription_plan AS user_subscription_plan /* Plan of the user when rating. */
FROM ratings
LEFT JOIN dim_shows
  ON dim_shows.show_id = ratings.show_id
LEFT JOIN watches
  ON watches.watch_id = ratings.watch_id
LEFT JOIN users
  ON users.user_id = ratings.user_id
  AND users._holds_from <= ratings.rated_at
  AND users._holds_to >= ratings.rated_at;

@PRIMARY_KEY(rating_id)