/*
A row is a delivered row of watches that is rejected, with every reason. It comes from
quarantine.held_watches, which every run judges again: a row that breaks no rule leaves when the user or
show that was unknown arrives.
Grain: one delivered row.
*/
MODEL (
  name quarantine.watches,
  kind FULL,
  tags (quarantine, deliveries, personal_data),
  audits (
    not_null(columns := (_ingest_date, _row_hash, _rejected_for))
  )
);

SELECT
  held.watch_id, /* Identifies the watch. */
  held.user_id, /* The user who watched. */
  held.show_id, /* The show that was watched. */
  held.watched_at, /* When the watch began, in UTC. */
  held.minutes_watched, /* Minutes watched. */
  held.completion_pct, /* Share of the running time that was watched, 0 to 1. */
  held.status, /* completed, in_progress or abandoned. */
  held.device, /* Device on which it was watched. */
  held._ingest_date, /* Day of delivery (dt), UTC. */
  held._loaded_at, /* When the load ran, in UTC. */
  held._source, /* Path of the delivered file, or the seed's name. */
  held._row_hash, /* MD5 of the delivered values: equal rows have equal hashes. */
  held._rescued_data, /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
  @ALL_REASONS(held, users.user_id, shows.show_id)::ARRAY<STRING> AS _rejected_for /* Every reason that applies, sorted. */
FROM quarantine.held_watches AS held
LEFT JOIN silver.users AS users
  ON users.user_id = held.user_id
LEFT JOIN silver.shows AS shows
  ON shows.show_id = held.show_id
WHERE
  SIZE(@ALL_REASONS(held, users.user_id, shows.show_id)) > 0;

@PERSONAL_DATA(device, _rescued_data)
