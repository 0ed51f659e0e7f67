MODEL (
  name silver.accepted_shows,
  kind INCREMENTAL_BY_TIME_RANGE (
    time_column _ingest_date
  ),
  description 'The deliveries of shows that can be accepted, in the form of silver. Grain: one delivered row.',
  tags (silver, deliveries, internal),
  audits (
    not_null(columns := (show_id, _row_hash))
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
    _rescued_data
  FROM bronze.delivered_shows
)
SELECT
  show_id, /* Identifies the show. */
  @CLEAN(title) AS title, /* Title of the show. */
  LOWER(@CLEAN(genre)) AS genre, /* Genre of the show, in lower case. */
  release_year, /* Year of the first release. */
  seasons, /* Number of seasons. */
  rating_avg, /* Mean of the critics, 0 to 5. */
  updated_at, /* When the source last changed the row, in UTC. */
  _ingest_date, /* Day of delivery, UTC. */
  @ROW_HASH(
    deliveries.show_id::BIGINT,
    deliveries.title::STRING,
    deliveries.genre::STRING,
    deliveries.release_year::INT,
    deliveries.seasons::INT,
    deliveries.rating_avg::DOUBLE,
    deliveries.updated_at::TIMESTAMP_NTZ
  ) AS _row_hash /* MD5 of the delivered values. */
FROM deliveries
WHERE
  _ingest_date BETWEEN @start_date AND @end_date
  AND @IS_ACCEPTABLE(@SHOWS_RULES(), deliveries)