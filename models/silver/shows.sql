MODEL (
  name silver.shows,
  kind INCREMENTAL_BY_UNIQUE_KEY (
    unique_key show_id
  ),
  description 'The shows as last delivered. Grain: show_id.',
  grain show_id,
  tags (
    silver
  ),
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

WITH touched AS (
  SELECT
    show_id
  FROM silver.accepted_shows
  WHERE
    _ingest_date BETWEEN @start_date AND @end_date
), deliveries AS (
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
    _ingest_date <= @end_date AND show_id IN (
      SELECT
        show_id
      FROM touched
    )
), ranked AS (
  SELECT
    *,
    ROW_NUMBER() OVER (PARTITION BY show_id ORDER BY updated_at DESC, _ingest_date DESC, _row_hash DESC) AS place,
    MIN(_ingest_date) OVER (PARTITION BY show_id) AS known_on,
    COUNT(*) OVER (PARTITION BY show_id) AS accepted
  FROM deliveries
), changes AS (
  SELECT
    show_id,
    MAX(_ingest_date) AS changed_on
  FROM @VERSIONS(deliveries, show_id, title, genre, rating_avg)
  GROUP BY
    show_id
)
SELECT
  ranked.show_id, /* Identifies the show. */
  ranked.title, /* Title of the show. */
  ranked.genre, /* Genre of the show, in lower case. */
  ranked.release_year, /* Year of the first release. */
  ranked.seasons, /* Number of seasons. */
  ranked.rating_avg, /* Mean of the critics, 0 to 5. */
  ranked.updated_at, /* When the source last changed the row, in UTC. */
  ranked._ingest_date AS _delivered_on, /* Day of the delivery that is shown. */
  ranked.known_on AS _known_on, /* Day of the first accepted delivery. */
  changes.changed_on AS _changed_on, /* Day since which title, genre and rating_avg are what they are. */
  ranked.accepted AS _accepted_deliveries /* Number of accepted deliveries of the show. */
FROM ranked
JOIN changes
  ON changes.show_id = ranked.show_id
WHERE
  ranked.place = 1;

@PRIMARY_KEY(show_id)