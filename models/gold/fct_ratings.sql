/*
A row is a rating, with its show and watch as they are now, and its user as of the rating. It comes from
silver.ratings, and changes on a day that changes the rating, its show, its watch or the user's history.
It depends on quality.deliveries and quality.reconciliation, because nothing is published before their
audits pass.
Grain: rating_id.
*/
MODEL (
  name gold.fct_ratings,
  kind INCREMENTAL_BY_UNIQUE_KEY (
    unique_key rating_id
  ),
  grain rating_id,
  tags (gold, personal_data),
  depends_on (quality.deliveries, quality.reconciliation),
  clustered_by (rating_date, rating_id),
  physical_properties (
    'delta.enableDeletionVectors' = 'true'
  ),
  signals (
    day_is_delivered()
  ),
  audits (
    grain_is_unique(key := rating_id, changed := silver.ratings, changed_on := _accepted_on),
    every_row_is_shown(key := rating_id, below := silver.ratings, changed_on := _accepted_on)
  )
);

WITH ratings AS (
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
      _accepted_on >= @start_date
      OR @IS_TOUCHED(show_id, silver.shows, _changed_on)
      OR @IS_TOUCHED(watch_id, silver.watches, _accepted_on)
      OR (
        rated_at >= @start_date
        AND @IS_TOUCHED(user_id, silver.users_history, valid_from::DATE)
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
  shows.title AS show_title, /* Title of the show. */
  shows.genre AS show_genre, /* Genre of the show, in lower case. */
  shows.quality_tier AS show_quality_tier, /* Tier of the show by the critics: Excellent, Good, Average, Poor or Unrated. */
  watches.completion_pct AS watch_completion_pct, /* Share of the running time that was watched, 0 to 1. */
  watches.status AS watch_status, /* Status of the watch. */
  users.country AS user_country, /* Country of the user at the time of the rating. */
  users.subscription_plan AS user_subscription_plan /* Plan of the user at the time of the rating. */
FROM ratings
LEFT JOIN gold.dim_shows AS shows
  ON shows.show_id = ratings.show_id
LEFT JOIN silver.watches AS watches
  ON watches.watch_id = ratings.watch_id
LEFT JOIN silver.users_history AS users
  ON users.user_id = ratings.user_id
  AND users._holds_from <= ratings.rated_at
  AND users._holds_to >= ratings.rated_at;

@PRIMARY_KEY(rating_id);

@PERSONAL_DATA(review)
