/*
A row is a delivered row of shows that breaks no rule, cleaned: silver.shows shows the newest of each
show. It comes from bronze.delivered_shows, and only loading its day again, or a changed rule, changes it.
Grain: one delivered row.
*/
MODEL (
  name silver.accepted_shows,
  kind INCREMENTAL_BY_TIME_RANGE (
    time_column _ingest_date,
    partition_by_time_column FALSE
  ),
  tags (silver, deliveries, internal),
  clustered_by _ingest_date,
  audits (
    not_null(columns := (show_id, _row_hash))
  )
);

SELECT
  show_id, /* Identifies the show. */
  @CLEAN(title) AS title, /* Title of the show. */
  LOWER(@CLEAN(genre)) AS genre, /* Genre of the show, in lower case. */
  release_year, /* Year of the first release. */
  seasons, /* Number of seasons. */
  rating_avg, /* Mean of the critics, 0 to 5. */
  updated_at, /* When the source last changed the row, in UTC. */
  _ingest_date, /* Day of delivery, UTC. */
  @ROW_HASH(@SHOWS_COLUMNS(), deliveries) AS _row_hash /* MD5 of the delivered values. */
FROM bronze.delivered_shows AS deliveries
WHERE
  _ingest_date BETWEEN @start_date AND @end_date
  AND @IS_ACCEPTABLE(@SHOWS_RULES(), deliveries)
