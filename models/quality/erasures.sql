/*
What became of a request for erasure. A row is a request: a user who asked to be forgotten, and when. It
comes from quality.erased_rows; the delivered files are those of now, since the user may be delivered again.
Grain: user_id, requested_at and _ingest_date.
*/
MODEL (
  name quality.erasures,
  kind VIEW,
  grain (user_id, requested_at, _ingest_date),
  tags quality,
  audits (
    unique_combination_of_columns(columns := (user_id, requested_at, _ingest_date)),
    not_null(columns := landed_files)
  )
);

WITH deliveries AS (
  SELECT
    user_id,
    _source
  FROM bronze.delivered_users
  UNION ALL
  SELECT
    user_id,
    _source
  FROM bronze.delivered_ratings
), landed AS (
  SELECT
    user_id,
    ARRAY_SORT(COLLECT_SET(_source)) AS files
  FROM deliveries
  WHERE
    user_id IN (
      SELECT
        user_id
      FROM quality.erased_rows
    )
  GROUP BY
    user_id
)
SELECT
  requests.user_id, /* The user who asked to be forgotten. */
  requests.requested_at, /* When they asked, in UTC. */
  requests._ingest_date, /* Day on which the request was delivered, UTC. */
  requests.erased_at, /* When what says who they are went out of the tables, in UTC. */
  requests.rows, /* JSON object: how many rows of theirs each table holds. */
  COALESCE(landed.files, ARRAY())::ARRAY<STRING> AS landed_files, /* The delivered files that have rows of theirs: whoever owns the landing erases these. */
  requests.retained_until /* The last day on which older files of the tables may still have the values. */
FROM quality.erased_rows AS requests
LEFT JOIN landed
  ON landed.user_id = requests.user_id
