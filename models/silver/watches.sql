MODEL (
  name silver.watches,
  kind INCREMENTAL_BY_UNIQUE_KEY (
    unique_key watch_id
  ),
  description 'The watches as last delivered, of known users and shows. Grain: watch_id.',
  grain watch_id,
  tags (
    silver
  ),
  clustered_by watch_id,
  physical_properties (
    'delta.enableDeletionVectors' = 'true'
  ),
  signals (
    day_is_delivered()
  ),
  audits (
    grain_is_unique(key := watch_id, changed := silver.watches, changed_on := _accepted_on),
    not_null_in_changed(
      columns := (watch_id, user_id, show_id, watched_at, watch_date, completion_pct, status),
      changed_on := _accepted_on
    ),
    foreign_key(column := user_id, parent := silver.users, changed_on := _accepted_on),
    foreign_key(column := show_id, parent := silver.shows, changed_on := _accepted_on),
    assert_completion_pct_valid
  )
);

WITH waiting AS (
  SELECT
    watch_id,
    user_id,
    show_id
  FROM quarantine.held_watches
  WHERE
    _ingest_date < @start_date AND SIZE(_broken_rules) = 0
), released AS (
  /* watches that waited for a user or a show who became known in this interval */
  SELECT
    waiting.watch_id
  FROM waiting
  JOIN silver.users AS users
    ON users.user_id = waiting.user_id
  JOIN silver.shows AS shows
    ON shows.show_id = waiting.show_id
  WHERE
    GREATEST(users._known_on, shows._known_on) BETWEEN @start_date AND @end_date
), arrived AS (
  SELECT
    watch_id
  FROM bronze.delivered_watches
  WHERE
    _ingest_date BETWEEN @start_date AND @end_date AND NOT watch_id IS NULL
), repeated AS (
  /* watches of this interval that may have another delivery than the one that arrived */
  SELECT
    watch_id
  FROM released
  UNION ALL
  SELECT
    watch_id
  FROM arrived
  GROUP BY
    watch_id
  HAVING
    COUNT(*) > 1
  UNION ALL
  SELECT
    watch_id
  FROM bronze.delivered_watches
  WHERE
    _ingest_date < @start_date
    AND watch_id IN (
      SELECT
        watch_id
      FROM arrived
    )
), deliveries AS (
  /* nearly all watches are delivered once: only the others have to be ranked, and their hash computed */
  SELECT
    watch_id,
    user_id,
    show_id,
    watched_at,
    minutes_watched,
    completion_pct,
    status,
    device,
    _ingest_date,
    _rescued_data,
    FALSE AS is_repeated,
    NULL AS _row_hash
  FROM bronze.delivered_watches
  WHERE
    _ingest_date BETWEEN @start_date AND @end_date
    AND NOT watch_id IN (
      SELECT
        watch_id
      FROM repeated
    )
  UNION ALL
  SELECT
    watch_id,
    user_id,
    show_id,
    watched_at,
    minutes_watched,
    completion_pct,
    status,
    device,
    _ingest_date,
    _rescued_data,
    TRUE AS is_repeated,
    @ROW_HASH(
      watch_id::BIGINT,
      user_id::BIGINT,
      show_id::BIGINT,
      watched_at::TIMESTAMP_NTZ,
      minutes_watched::INT,
      completion_pct::DOUBLE,
      status::STRING,
      device::STRING
    ) AS _row_hash
  FROM bronze.delivered_watches
  WHERE
    watch_id IN (
      SELECT
        watch_id
      FROM repeated
    )
), accepted AS (
  SELECT
    deliveries.watch_id,
    deliveries.user_id,
    deliveries.show_id,
    deliveries.watched_at,
    deliveries.minutes_watched,
    deliveries.completion_pct,
    deliveries.status,
    deliveries.device,
    deliveries._ingest_date,
    deliveries.is_repeated,
    deliveries._row_hash,
    GREATEST(deliveries._ingest_date, users._known_on, shows._known_on) AS accepted_on
  FROM deliveries
  JOIN silver.users AS users
    ON users.user_id = deliveries.user_id
  JOIN silver.shows AS shows
    ON shows.show_id = deliveries.show_id
  WHERE
    @IS_ACCEPTABLE(@WATCHES_RULES(), deliveries)
    AND GREATEST(deliveries._ingest_date, users._known_on, shows._known_on) <= @end_date
), newest AS (
  SELECT
    *,
    accepted_on AS known_on,
    1 AS acceptable
  FROM accepted
  WHERE
    NOT is_repeated
  UNION ALL
  SELECT
    *,
    MIN(accepted_on) OVER (PARTITION BY watch_id) AS known_on,
    COUNT(*) OVER (PARTITION BY watch_id) AS acceptable
  FROM accepted
  WHERE
    is_repeated
  QUALIFY
    ROW_NUMBER() OVER (PARTITION BY watch_id ORDER BY _ingest_date DESC, _row_hash DESC) = 1
)
SELECT
  watch_id, /* Identifies the watch. */
  user_id, /* The user who watched. */
  show_id, /* The show that was watched. */
  watched_at, /* When the watch began, in UTC. */
  watched_at::DATE AS watch_date, /* Day on which the watch began, UTC. */
  minutes_watched, /* Minutes watched. */
  completion_pct, /* Share of the running time that was watched, 0 to 1. */
  LOWER(@CLEAN(status)) AS status, /* completed, in_progress or abandoned. */
  LOWER(@CLEAN(device)) AS device, /* Device on which it was watched, in lower case. */
  accepted_on AS _accepted_on, /* Day on which the delivery that is shown became acceptable: its own, or that on which its user or show became known if that is later. */
  known_on AS _known_on, /* Day on which the first delivery of the watch became acceptable. */
  acceptable::BIGINT AS _accepted_deliveries /* Number of acceptable deliveries of the watch. */
FROM newest;

@PRIMARY_KEY(watch_id)