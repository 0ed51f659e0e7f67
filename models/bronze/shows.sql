/*
A row is a delivered row of shows, once per delivery, in the types of silver: the rows of
bronze.delivered_shows with their hash. Only loading its day again changes a row.
Grain: one delivered row.
*/
MODEL (
  name bronze.shows,
  kind VIEW,
  tags (bronze, deliveries, personal_data),
  audits (
    not_null(columns := _ingest_date)
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
  _rescued_data /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
FROM bronze.delivered_shows AS deliveries
