/*
A row is a file that a delivery was read from, with what was loaded of it. It compares bronze with the
landing; only loading its day again changes a row. Gold is published only after all rows of every file
have been loaded.
Grain: feed, _ingest_date and path.
*/
MODEL (
  name quality.files,
  kind INCREMENTAL_BY_TIME_RANGE (
    time_column _ingest_date,
    partition_by_time_column FALSE
  ),
  grain (feed, _ingest_date, path),
  tags quality,
  clustered_by _ingest_date,
  audits (
    unique_combination_of_columns(columns := (feed, _ingest_date, path)),
    not_null(columns := (feed, path, rows, loaded_at)),
    every_file_is_loaded,
    feed_is_not_silent
  )
);

SELECT
  feed::STRING, /* Name of the feed. */
  _ingest_date::DATE, /* Day of delivery, UTC. */
  path::STRING, /* Path of the file, or the seed's name. */
  bytes::BIGINT, /* Size when it was read; NULL of a seed, and where it has changed since. */
  modified_at::TIMESTAMP_NTZ, /* When it had last been changed then, in UTC; NULL where the size is. */
  rows::BIGINT, /* Rows loaded. */
  absent::ARRAY<STRING>, /* The feed's columns that it lacks, sorted; NULL where the size is. */
  ignored::ARRAY<STRING>, /* Its columns that are not the feed's, sorted; NULL where the size is. */
  COALESCE(loaded_at, @execution_ts::TIMESTAMP_NTZ) AS loaded_at, /* When the load ran, in UTC. */
  _rows_in_file::BIGINT, /* Rows as the file's own format counts them. */
  _content::BIGINT /* Checksum of its bytes, by which a copy with another time is known. */
FROM @FILES_READ()
