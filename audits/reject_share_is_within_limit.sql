AUDIT (
  name reject_share_is_within_limit
);

/* Next: A day of a feed has too many rejects. Look at _rejected_for in quarantine.<feed>. Have the
   day delivered anew and restate bronze.delivered_<feed> for it; or accept it by a higher
   STREAMING_MAX_REJECT_SHARE, and run again. In a first build there is no prod to restate:
   correct the files and build into a fresh STREAMING_DATA_DIR. */
SELECT
  *
FROM @this_model
WHERE
  delivered >= 1000 AND rejected > delivered * @MAX_REJECT_SHARE()
