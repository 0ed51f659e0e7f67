/*
What became of a request for erasure. A row is a request: a user who asked to be forgotten, and when. It
counts what every table holds of them, right after it was erased; only loading its day changes it.
Grain: user_id, requested_at and _ingest_date.
*/
MODEL (
  name quality.erasures,
  kind INCREMENTAL_BY_TIME_RANGE (
    time_column _ingest_date,
    partition_by_time_column FALSE
  ),
  grain (user_id, requested_at, _ingest_date),
  tags quality,
  clustered_by _ingest_date,
  audits (
    unique_combination_of_columns(columns := (user_id, requested_at, _ingest_date)),
    not_null(columns := (user_id, erased_at, rows, landed_files, retained_until)),
    nothing_is_left
  )
);

WITH requests AS (
  SELECT
    user_id,
    requested_at,
    _ingest_date,
    MAX(_loaded_at) AS erased_at
  FROM bronze.delivered_erasures
  WHERE
    _ingest_date BETWEEN @start_date AND @end_date
  GROUP BY
    user_id,
    requested_at,
    _ingest_date
), held AS (
  SELECT
    user_id,
    ARRAY_JOIN(ARRAY_SORT(COLLECT_LIST('"' || table_name || '":' || rows)), ',') AS rows,
    SUM(unerased) AS unerased
  FROM @ROWS_OF_REQUESTS()
  GROUP BY
    user_id
), landed AS (
  SELECT
    user_id,
    ARRAY_SORT(COLLECT_SET(_source)) AS files
  FROM (
    SELECT
      user_id,
      _source
    FROM bronze.delivered_users
    UNION ALL
    SELECT
      user_id,
      _source
    FROM bronze.delivered_ratings
  ) AS deliveries
  WHERE
    user_id IN (
      SELECT
        user_id
      FROM requests
    )
  GROUP BY
    user_id
)
SELECT
  requests.user_id::BIGINT, /* The user who asked to be forgotten. */
  requests.requested_at::TIMESTAMP_NTZ, /* When they asked, in UTC. */
  requests._ingest_date::DATE, /* Day on which the request was delivered, UTC. */
  requests.erased_at::TIMESTAMP_NTZ, /* When what says who they are went out of the tables, in UTC. */
  (
    '{' || COALESCE(held.rows, '') || '}'
  )::STRING AS rows, /* JSON object: how many rows of theirs each table holds. */
  COALESCE(landed.files, ARRAY())::ARRAY<STRING> AS landed_files, /* The delivered files that had rows of theirs: whoever owns the landing erases these. */
  DATE_ADD(requests.erased_at::DATE, @RETENTION_DAYS())::DATE AS retained_until, /* The last day on which older files of the tables may still have the values. */
  COALESCE(held.unerased, 0)::BIGINT AS _unerased /* Rows that still say who they are; always 0. */
FROM requests
LEFT JOIN held
  ON held.user_id = requests.user_id
LEFT JOIN landed
  ON landed.user_id = requests.user_id
