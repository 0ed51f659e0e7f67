/* What became of the rows that each feed delivered. */
SELECT
  feed,
  delivered,
  accepted,
  superseded,
  quarantined,
  unaccounted
FROM quality.reconciliation
ORDER BY
  feed
