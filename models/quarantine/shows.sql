/*
A row is a delivered row of shows that breaks a rule (macros/rules.py), with every reason. It comes from
bronze.delivered_shows, and only loading its day again, or a changed rule, changes it.
Grain: one delivered row.
*/
MODEL (
  name quarantine.shows,
  kind INCREMENTAL_BY_TIME_RANGE (
    time_column _ingest_date,
    partition_by_time_column FALSE
  ),
  tags (quarantine, deliveries, personal_data),
  clustered_by _ingest_date,
  audits (
    not_null(columns := (_row_hash, _rejected_for))
  )
);

SELECT
  show_id, /* Identifies the show. */
  title, /* Title of the show. */
  genre, /* Genre of the show. */
  release_year, /* Year of the first release. */
  seasons, /* Number of seasons. */
  rating_avg, /* Mean of the critics, 0 to 5. */
  updated_at, /* When the source last changed the row, in UTC. */
  _ingest_date, /* Day of delivery (dt), UTC. */
  _loaded_at, /* When the load ran, in UTC. */
  _source, /* Path of the delivered file, or the seed's name. */
  @ROW_HASH(@SHOWS_COLUMNS(), deliveries) AS _row_hash, /* MD5 of the delivered values: equal rows have equal hashes. */
  _rescued_data, /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
  @REASONS(@SHOWS_RULES(), deliveries)::ARRAY<STRING> AS _rejected_for /* Every reason that applies, sorted. */
FROM bronze.delivered_shows AS deliveries
WHERE
  _ingest_date BETWEEN @start_date AND @end_date
  AND NOT @IS_ACCEPTABLE(@SHOWS_RULES(), deliveries);

@PERSONAL_DATA(_rescued_data)
