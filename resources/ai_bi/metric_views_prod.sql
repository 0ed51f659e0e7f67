CREATE OR REPLACE VIEW streaming_prod.analytics.ratings_metrics
WITH METRICS
LANGUAGE YAML
AS $$
version: 1.1
comment: How what was watched is rated.
source: streaming_prod.gold.fct_ratings
dimensions:
  - name: day
    expr: source.rating_date
    comment: Day of the rating, UTC.
  - name: month
    expr: CAST(DATE_TRUNC('MONTH', source.rating_date) AS DATE)
    comment: First day of the month of the rating.
  - name: country
    expr: COALESCE(source.user_country, 'unknown')
    comment: Country of the user at the time of the rating.
  - name: plan
    expr: COALESCE(source.user_subscription_plan, 'unknown')
    comment: Plan of the user at the time of the rating.
  - name: genre
    expr: COALESCE(source.show_genre, 'unknown')
    comment: Genre of the show.
measures:
  - name: ratings
    expr: COUNT(*)
    comment: Number of ratings.
  - name: shows
    expr: COUNT(DISTINCT source.show_id)
    comment: Number of different shows rated.
  - name: avg_rating
    expr: AVG(source.rating)
    comment: Mean of the stars, 1 to 5.
  - name: positive_share
    expr: AVG(CASE WHEN source.rating_sentiment = 'Positive' THEN 1.0D ELSE 0.0D END)
    comment: Share of the ratings with 4 or 5 stars, 0 to 1.
$$;

CREATE OR REPLACE VIEW streaming_prod.analytics.viewing_metrics
WITH METRICS
LANGUAGE YAML
AS $$
version: 1.1
comment: What is watched, by whom, and how far.
source: streaming_prod.gold.fct_watches
joins:
  - name: shows
    source: streaming_prod.gold.dim_shows
    on: shows.show_id = source.show_id
dimensions:
  - name: day
    expr: source.watch_date
    comment: Day on which the watch began, UTC.
  - name: month
    expr: CAST(DATE_TRUNC('MONTH', source.watch_date) AS DATE)
    comment: First day of the month of the watch.
  - name: weekday
    expr: source.watch_day_of_week
    comment: Day of the week, Monday 1 to Sunday 7.
  - name: hour
    expr: source.watch_hour
    comment: Hour in which the watch began, 0 to 23, UTC.
  - name: country
    expr: COALESCE(source.user_country, 'unknown')
    comment: Country of the user at the time of the watch.
  - name: plan
    expr: COALESCE(source.user_subscription_plan, 'unknown')
    comment: Plan of the user at the time of the watch.
  - name: device
    expr: COALESCE(source.device, 'unknown')
    comment: Device on which it was watched.
  - name: genre
    expr: COALESCE(shows.genre, 'unknown')
    comment: Genre of the show.
  - name: series_length
    expr: shows.series_length
    comment: Limited 1 season, Short 2-3, Medium 4-7, Long from 8, Unknown without.
measures:
  - name: watches
    expr: COUNT(*)
    comment: Number of watches.
  - name: viewers
    expr: COUNT(DISTINCT source.user_id)
    comment: Number of different users who watched.
  - name: minutes_watched
    expr: CAST(COALESCE(SUM(source.minutes_watched), 0) AS BIGINT)
    comment: Minutes watched.
  - name: avg_completion_pct
    expr: AVG(source.completion_pct)
    comment: Mean share of the running time that was watched, 0 to 1.
  - name: completion_rate
    expr: AVG(CASE WHEN source.is_completed THEN 1.0D ELSE 0.0D END)
    comment: Share of the watches that are completed, 0 to 1.
$$;
