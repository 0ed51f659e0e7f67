/*
A row says what became of all rows that a feed ever delivered: none may be unaccounted for. It counts
bronze, silver and quarantine, every run anew, and gold is published only after it holds.
Grain: feed.
*/
MODEL (
  name quality.reconciliation,
  kind FULL,
  grain feed,
  tags quality,
  audits (
    unique_values(columns := feed),
    not_null(columns := (feed, delivered, accepted, superseded, quarantined, unaccounted)),
    every_row_is_accounted_for
  )
);

SELECT
  feed::STRING, /* Name of the feed. */
  delivered::BIGINT, /* Rows of bronze. */
  accepted::BIGINT, /* Rows of silver. */
  superseded::BIGINT, /* Valid rows that repeat an accepted one or are older than it. */
  quarantined::BIGINT, /* Rows of quarantine. */
  (
    delivered - accepted - superseded - quarantined
  )::BIGINT AS unaccounted /* Rows that are nowhere; always 0. */
FROM @EACH_FEED(
  feed -> (
    SELECT
      '@feed' AS feed,
      (
        SELECT
          COUNT(*)
        FROM bronze.delivered_@feed
      ) AS delivered,
      COUNT(*) AS accepted,
      COALESCE(SUM(_accepted_deliveries), 0) - COUNT(*) AS superseded,
      (
        SELECT
          COUNT(*)
        FROM quarantine.@feed
      ) AS quarantined
    FROM silver.@feed
  )
)
