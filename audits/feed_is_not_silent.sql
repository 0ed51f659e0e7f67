AUDIT (
  name feed_is_not_silent
);

/* Next: The feed has delivered no file for longer than STREAMING_MAX_SILENCE_DAYS. Ask for its
   files. Those of days that were already run: restate bronze.delivered_<feed> for these days.
   No files to come: raise or empty the setting. Then run again. */
SELECT
  feed,
  last_delivery
FROM @EACH_FEED(
  feed -> (
    SELECT
      '@feed' AS feed,
      MAX(_ingest_date) AS last_delivery
    FROM quality.files
    WHERE
      feed = '@feed'
  )
)
WHERE
  DATEDIFF(DAY, COALESCE(last_delivery, '2026-01-01'::DATE), @end_date) > @MAX_SILENCE_DAYS()
