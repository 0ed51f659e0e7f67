AUDIT (
  name validity_does_not_overlap
);

/* Next: Versions of a user overlap or leave a gap: the table was changed by hand, or the model's
   last change is wrong. Nothing of gold is published. Restate bronze.delivered_users for the
   days of these users; if it comes back, correct the change in dev. */
WITH versions AS (
  SELECT
    *,
    LEAD(valid_from) OVER (PARTITION BY user_id ORDER BY valid_from) AS next_from
  FROM @this_model
  WHERE
    @IS_TOUCHED(user_id, silver.accepted_users, _ingest_date)
)
SELECT
  *
FROM versions
WHERE
  valid_to <= valid_from OR valid_to IS DISTINCT FROM next_from
