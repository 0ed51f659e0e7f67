/*
A row is a delivered row of watches that could not be accepted on its day: it breaks a rule, or its user
or show was not known yet. It comes from bronze.delivered_watches and stays, whatever arrives later:
quarantine.watches judges it again, and silver.watches takes it when its keys are there.
Grain: one delivered row.
*/
MODEL (
  name quarantine.held_watches,
  kind INCREMENTAL_BY_TIME_RANGE (
    time_column _ingest_date,
    partition_by_time_column FALSE
  ),
  tags (quarantine, deliveries, internal, personal_data),
  clustered_by _ingest_date,
  audits (
    not_null(columns := (_row_hash, _broken_rules))
  )
);

SELECT
  deliveries.watch_id, /* Identifies the watch. */
  deliveries.user_id, /* The user who watched. */
  deliveries.show_id, /* The show that was watched. */
  deliveries.watched_at, /* When the watch began, in UTC. */
  deliveries.minutes_watched, /* Minutes watched. */
  deliveries.completion_pct, /* Share of the running time that was watched, 0 to 1. */
  deliveries.status, /* completed, in_progress or abandoned. */
  deliveries.device, /* Device on which it was watched. */
  deliveries._ingest_date, /* Day of delivery (dt), UTC. */
  deliveries._loaded_at, /* When the load ran, in UTC. */
  deliveries._source, /* Path of the delivered file, or the seed's name. */
  @ROW_HASH(@WATCHES_COLUMNS(), deliveries) AS _row_hash, /* MD5 of the delivered values: equal rows have equal hashes. */
  deliveries._rescued_data, /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
  @REASONS(@WATCHES_RULES(), deliveries)::ARRAY<STRING> AS _broken_rules /* Every reason that the row alone gives, sorted; empty where it only waits for a key. */
FROM bronze.delivered_watches AS deliveries
LEFT JOIN silver.users AS users
  ON users.user_id = deliveries.user_id AND users._known_on <= deliveries._ingest_date
LEFT JOIN silver.shows AS shows
  ON shows.show_id = deliveries.show_id AND shows._known_on <= deliveries._ingest_date
WHERE
  deliveries._ingest_date BETWEEN @start_date AND @end_date
  AND (
    NOT @IS_ACCEPTABLE(@WATCHES_RULES(), deliveries)
    OR users.user_id IS NULL
    OR shows.show_id IS NULL
  );

@PERSONAL_DATA(device, _rescued_data)
