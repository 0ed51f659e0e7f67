AUDIT (
  name feed_is_not_silent
);

SELECT
  MAX(_ingest_date) AS last_delivery
FROM @deliveries
HAVING
  DATEDIFF(DAY, COALESCE(MAX(_ingest_date), '2026-01-01'::DATE), @end_date) > @MAX_SILENCE_DAYS()