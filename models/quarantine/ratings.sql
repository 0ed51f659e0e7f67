/*
A row is a delivered row of ratings that is rejected, with every reason. It comes from
quarantine.held_ratings, which every run judges again: a row that breaks no rule leaves when the user, show
or watch that was unknown arrives.
Grain: one delivered row.
*/
MODEL (
  name quarantine.ratings,
  kind FULL,
  tags (quarantine, deliveries, personal_data),
  audits (
    not_null(columns := (_ingest_date, _row_hash, _rejected_for))
  )
);

SELECT
  held.rating_id, /* Identifies the rating. */
  held.user_id, /* The user who rated. */
  held.show_id, /* The show that was rated. */
  held.watch_id, /* The watch that was rated, if the rating is of one. */
  held.rating, /* Stars, 1 to 5. */
  held.review, /* What the user wrote. */
  held.rated_at, /* When the rating was given, in UTC. */
  held._ingest_date, /* Day of delivery (dt), UTC. */
  held._loaded_at, /* When the load ran, in UTC. */
  held._source, /* Path of the delivered file, or the seed's name. */
  held._row_hash, /* MD5 of the delivered values: equal rows have equal hashes. */
  held._rescued_data, /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
  @ALL_REASONS(held, users.user_id, shows.show_id, watches.watch_id)::ARRAY<STRING> AS _rejected_for /* Every reason that applies, sorted. */
FROM quarantine.held_ratings AS held
LEFT JOIN silver.users AS users
  ON users.user_id = held.user_id
LEFT JOIN silver.shows AS shows
  ON shows.show_id = held.show_id
LEFT JOIN silver.watches AS watches
  ON watches.watch_id = held.watch_id
WHERE
  SIZE(@ALL_REASONS(held, users.user_id, shows.show_id, watches.watch_id)) > 0;

@PERSONAL_DATA(review, _rescued_data)
