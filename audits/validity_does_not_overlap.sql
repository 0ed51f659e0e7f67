AUDIT (
  name validity_does_not_overlap
);

WITH versions AS (
  SELECT
    *,
    LEAD(valid_from) OVER (PARTITION BY user_id ORDER BY valid_from) AS next_from
  FROM @this_model
)
SELECT
  *
FROM versions
WHERE
  valid_to <= valid_from OR valid_to IS DISTINCT FROM next_from