MODEL (
  name quarantine.ratings,
  kind FULL,
  description 'Every rejected delivered row of ratings, with every reason. A row whose unknown key arrives leaves. Grain: one delivered row.',
  tags (quarantine, deliveries),
  audits (
    not_null(columns := (_ingest_date, _row_hash, _rejected_for))
  )
);

WITH held AS (
  SELECT
    rating_id,
    user_id,
    show_id,
    watch_id,
    rating,
    review,
    rated_at,
    _ingest_date,
    _loaded_at,
    _source,
    _row_hash,
    _rescued_data,
    _broken_rules
  FROM quarantine.held_ratings
), users AS (
  SELECT
    user_id
  FROM silver.users
), shows AS (
  SELECT
    show_id
  FROM silver.shows
), watches AS (
  SELECT
    watch_id
  FROM silver.watches
), judged AS (
  SELECT
    held.*,
    ARRAY_SORT(
      ARRAY_COMPACT(
        ARRAY_APPEND(
          ARRAY_APPEND(
            ARRAY_APPEND(
              held._broken_rules,
              CASE WHEN held.user_id >= 1 AND users.user_id IS NULL THEN 'user_id_unknown' END
            ),
            CASE WHEN held.show_id >= 1 AND shows.show_id IS NULL THEN 'show_id_unknown' END
          ),
          CASE
            WHEN held.watch_id >= 1 AND watches.watch_id IS NULL
            THEN 'watch_id_unknown'
          END
        )
      )
    ) AS rejected_for
  FROM held
  LEFT JOIN users
    ON users.user_id = held.user_id
  LEFT JOIN shows
    ON shows.show_id = held.show_id
  LEFT JOIN watches
    ON watches.watch_id = held.watch_id
)
SELECT
  rating_id, /* Identifies the rating. */
  user_id, /* The user who rated. */
  show_id, /* The show that was rated. */
  watch_id, /* The watch that was rated, if the rating is of one. */
  rating, /* Stars, 1 to 5. */
  review, /* What the user wrote. */
  rated_at, /* When the rating was given, in UTC. */
  _ingest_date, /* Day of delivery (dt), UTC. */
  _loaded_at, /* When the load ran, in UTC. */
  _source, /* Path of the delivered file, or the seed's name. */
  _row_hash, /* MD5 of the delivered values: equal rows have equal hashes. */
  _rescued_data, /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
  rejected_for::ARRAY<STRING> AS _rejected_for /* Every reason that applies, sorted. */
FROM judged
WHERE
  SIZE(rejected_for) > 0