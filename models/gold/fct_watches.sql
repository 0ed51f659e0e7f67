/*
A row is a watch, with its newest rating, and its user as of the watch. It comes from silver.watches, and
changes on a day that changes the watch, a rating of it or the user's history.
It depends on quality.deliveries and quality.reconciliation, because nothing is published before their
audits pass.
Grain: watch_id.
*/
MODEL (
  name gold.fct_watches,
  kind INCREMENTAL_BY_UNIQUE_KEY (
    unique_key watch_id
  ),
  grain watch_id,
  tags (gold, personal_data),
  depends_on (quality.deliveries, quality.reconciliation),
  clustered_by (watch_date, watch_id),
  physical_properties (
    'delta.enableDeletionVectors' = 'true'
  ),
  signals (
    day_is_delivered()
  ),
  audits (
    grain_is_unique(key := watch_id, changed := silver.watches, changed_on := _accepted_on),
    every_row_is_shown(key := watch_id, below := silver.watches, changed_on := _accepted_on),
    assert_fct_watches_valid_ratings,
    assert_completed_watches_have_ratings
  )
);

WITH rated AS (
  /* the watches that a rating names or named, and the day on which the rating changed */
  SELECT
    EXPLODE(_watch_ids) AS watch_id,
    _accepted_on AS day
  FROM silver.ratings
), watches AS (
  SELECT
    watch_id,
    user_id,
    show_id,
    watched_at,
    watch_date,
    minutes_watched,
    completion_pct,
    status,
    device
  FROM silver.watches
  WHERE
    _accepted_on <= @end_date
    AND (
      _accepted_on >= @start_date
      OR @IS_TOUCHED(watch_id, rated, day)
      OR (
        watched_at >= @start_date
        AND @IS_TOUCHED(user_id, silver.users_history, valid_from::DATE)
      )
    )
), ratings AS (
  SELECT
    watch_id,
    rating,
    rating_sentiment
  FROM silver.ratings
  WHERE
    @IS_TOUCHED(watch_id, watches)
  QUALIFY
    ROW_NUMBER() OVER (PARTITION BY watch_id ORDER BY rated_at DESC, rating_id DESC) = 1
)
SELECT
  watches.watch_id, /* Identifies the watch. */
  watches.user_id, /* The user who watched. */
  watches.show_id, /* The show that was watched. */
  watches.watched_at, /* When the watch began, in UTC. */
  watches.watch_date, /* Day on which the watch began, UTC. */
  YEAR(watches.watch_date)::INT AS watch_year, /* Year of watch_date. */
  MONTH(watches.watch_date)::INT AS watch_month, /* Month of watch_date, 1 to 12. */
  @ISO_DAY_OF_WEEK(watches.watch_date) AS watch_day_of_week, /* Day of the week of watch_date, Monday 1 to Sunday 7. */
  HOUR(watches.watched_at)::INT AS watch_hour, /* Hour of watched_at, 0 to 23. */
  @ISO_DAY_OF_WEEK(watches.watch_date) >= 6 AS is_weekend, /* Watched on a Saturday or Sunday. */
  watches.minutes_watched, /* Minutes watched. */
  watches.completion_pct, /* Share of the running time that was watched, 0 to 1. */
  watches.status, /* completed, in_progress or abandoned. */
  watches.status = 'completed' AS is_completed, /* The status is completed. */
  watches.device, /* Device on which it was watched, in lower case. */
  ratings.rating, /* Stars of the watch's newest rating; NULL without one. */
  ratings.rating_sentiment, /* Sentiment of the watch's newest rating; NULL without one. */
  users.country AS user_country, /* Country of the user at the time of the watch. */
  users.subscription_plan AS user_subscription_plan /* Plan of the user at the time of the watch. */
FROM watches
LEFT JOIN ratings
  ON ratings.watch_id = watches.watch_id
LEFT JOIN silver.users_history AS users
  ON users.user_id = watches.user_id
  AND users._holds_from <= watches.watched_at
  AND users._holds_to >= watches.watched_at;

@PRIMARY_KEY(watch_id);

@PERSONAL_DATA(device)
