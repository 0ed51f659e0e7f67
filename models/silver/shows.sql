/*
A row is a show, as its newest accepted delivery shows it. It comes from silver.accepted_shows, and
changes on a day that delivers the show again.
Grain: show_id.
*/
MODEL (
  name silver.shows,
  kind INCREMENTAL_BY_UNIQUE_KEY (
    unique_key show_id
  ),
  grain show_id,
  tags silver,
  clustered_by show_id,
  physical_properties (
    'delta.enableDeletionVectors' = 'true'
  ),
  signals (
    day_is_delivered()
  ),
  audits (
    grain_is_unique(key := show_id, changed := silver.shows, changed_on := _delivered_on),
    not_null(columns := (show_id, title, updated_at)),
    accepted_range(column := rating_avg, min_v := 0, max_v := 5)
  )
);

WITH deliveries AS (
  SELECT
    show_id,
    title,
    genre,
    release_year,
    seasons,
    rating_avg,
    updated_at,
    _ingest_date,
    _row_hash
  FROM silver.accepted_shows
  WHERE
    _ingest_date <= @end_date
    AND @IS_TOUCHED(show_id, silver.accepted_shows, _ingest_date)
), changes AS (
  SELECT
    show_id,
    MAX(_ingest_date) AS changed_on
  FROM @VERSIONS(deliveries, show_id, title, genre, rating_avg)
  GROUP BY
    show_id
)
SELECT
  deliveries.show_id, /* Identifies the show. */
  deliveries.title, /* Title of the show. */
  deliveries.genre, /* Genre of the show, in lower case. */
  deliveries.release_year, /* Year of the first release. */
  deliveries.seasons, /* Number of seasons. */
  deliveries.rating_avg, /* Mean of the critics, 0 to 5. */
  deliveries.updated_at, /* When the source last changed the row, in UTC. */
  deliveries._ingest_date AS _delivered_on, /* Day of the delivery that is shown. */
  MIN(deliveries._ingest_date) OVER (PARTITION BY deliveries.show_id) AS _known_on, /* Day of the first accepted delivery. */
  changes.changed_on AS _changed_on, /* Day since which title, genre and rating_avg are what they are. */
  COUNT(*) OVER (PARTITION BY deliveries.show_id) AS _accepted_deliveries /* Number of accepted deliveries of the show. */
FROM deliveries
JOIN changes
  ON changes.show_id = deliveries.show_id
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY deliveries.show_id
    ORDER BY deliveries.updated_at DESC, deliveries._ingest_date DESC, deliveries._row_hash DESC
  ) = 1;

@PRIMARY_KEY(show_id)
