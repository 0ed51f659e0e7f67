/*
A row is a watch, as its newest acceptable delivery shows it: one that breaks no rule, and whose user and
show are known. It comes from bronze.delivered_watches, and changes on a day that delivers the watch again,
or that makes a user or a show known for whom a delivery waited (quarantine.held_watches).
Grain: watch_id.
*/
MODEL (
  name silver.watches,
  kind INCREMENTAL_BY_UNIQUE_KEY (
    unique_key watch_id
  ),
  grain watch_id,
  tags (silver, personal_data),
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

WITH touches AS (
  /* days that may change a watch: of its deliveries, and of keys that became known to one that waited */
  SELECT
    watch_id,
    _ingest_date AS day
  FROM bronze.delivered_watches
  UNION ALL
  SELECT
    held.watch_id,
    GREATEST(users._known_on, shows._known_on) AS day
  FROM quarantine.held_watches AS held
  JOIN silver.users AS users
    ON users.user_id = held.user_id
  JOIN silver.shows AS shows
    ON shows.show_id = held.show_id
  WHERE
    SIZE(held._broken_rules) = 0
), deliveries AS (
  SELECT
    watch_id,
    user_id,
    show_id,
    watched_at,
    minutes_watched,
    completion_pct,
    status,
    device,
    _rescued_data,
    _ingest_date
  FROM bronze.delivered_watches
  WHERE
    @IS_TOUCHED(watch_id, touches, day)
), acceptable AS (
  SELECT
    deliveries.*,
    GREATEST(deliveries._ingest_date, users._known_on, shows._known_on) AS accepted_on
  FROM deliveries
  JOIN silver.users AS users
    ON users.user_id = deliveries.user_id
  JOIN silver.shows AS shows
    ON shows.show_id = deliveries.show_id
  WHERE
    @IS_ACCEPTABLE(@WATCHES_RULES(), deliveries)
    AND GREATEST(deliveries._ingest_date, users._known_on, shows._known_on) <= @end_date
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
  deliveries::BIGINT AS _accepted_deliveries /* Number of acceptable deliveries of the watch. */
FROM @NEWEST(acceptable, watch_id, @WATCHES_COLUMNS());

@PRIMARY_KEY(watch_id);

@PERSONAL_DATA(device)
