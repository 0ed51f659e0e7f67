MODEL (
  name quality.reconciliation,
  kind FULL,
  description 'What became of every delivered row, feed by feed: nothing may be unaccounted for. Gold is published only after this holds. Grain: feed.',
  grain feed,
  tags (
    quality
  ),
  audits (
    unique_values(columns := (
      feed
    )),
    not_null(columns := (feed, delivered, accepted, superseded, quarantined, unaccounted)),
    every_row_is_accounted_for
  )
);

WITH delivered AS (
  SELECT
    'users' AS feed,
    COUNT(*) AS delivered
  FROM bronze.delivered_users
  UNION ALL
  SELECT
    'shows' AS feed,
    COUNT(*) AS delivered
  FROM bronze.delivered_shows
  UNION ALL
  SELECT
    'watches' AS feed,
    COUNT(*) AS delivered
  FROM bronze.delivered_watches
  UNION ALL
  SELECT
    'ratings' AS feed,
    COUNT(*) AS delivered
  FROM bronze.delivered_ratings
), accepted AS (
  SELECT
    'users' AS feed,
    COUNT(*) AS accepted,
    SUM(_accepted_deliveries) AS acceptable
  FROM silver.users
  UNION ALL
  SELECT
    'shows' AS feed,
    COUNT(*) AS accepted,
    SUM(_accepted_deliveries) AS acceptable
  FROM silver.shows
  UNION ALL
  SELECT
    'watches' AS feed,
    COUNT(*) AS accepted,
    SUM(_accepted_deliveries) AS acceptable
  FROM silver.watches
  UNION ALL
  SELECT
    'ratings' AS feed,
    COUNT(*) AS accepted,
    SUM(_accepted_deliveries) AS acceptable
  FROM silver.ratings
), quarantined AS (
  SELECT
    'users' AS feed,
    COUNT(*) AS quarantined
  FROM quarantine.users
  UNION ALL
  SELECT
    'shows' AS feed,
    COUNT(*) AS quarantined
  FROM quarantine.shows
  UNION ALL
  SELECT
    'watches' AS feed,
    COUNT(*) AS quarantined
  FROM quarantine.watches
  UNION ALL
  SELECT
    'ratings' AS feed,
    COUNT(*) AS quarantined
  FROM quarantine.ratings
), final AS (
  SELECT
    delivered.feed,
    delivered.delivered,
    accepted.accepted,
    COALESCE(accepted.acceptable, 0) - accepted.accepted AS superseded,
    quarantined.quarantined
  FROM delivered
  JOIN accepted
    ON accepted.feed = delivered.feed
  JOIN quarantined
    ON quarantined.feed = delivered.feed
)
SELECT
  feed::STRING, /* Name of the feed. */
  delivered::BIGINT, /* Rows of bronze. */
  accepted::BIGINT, /* Rows of silver. */
  superseded::BIGINT, /* Valid rows that repeat an accepted one or are older than it. */
  quarantined::BIGINT, /* Rows of quarantine. */
  (
    delivered - accepted - superseded - quarantined
  )::BIGINT AS unaccounted /* Rows that are nowhere; always 0. */
FROM final