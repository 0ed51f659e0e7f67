MODEL (
  name silver.accepted_shows,
  kind VIEW,
  description 'The deliveries of shows that can be accepted, in the form of silver. Audited where they are stored: silver.shows. Grain: one delivered row.',
  tags (silver, deliveries, internal),
  ignored_rules (
    nomissingaudits
  )
);

WITH deliveries AS (
  SELECT
    *
  FROM bronze.shows
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
  _row_hash /* MD5 of the delivered values. */
FROM deliveries
WHERE
  @IS_ACCEPTABLE(@SHOWS_RULES(), deliveries)