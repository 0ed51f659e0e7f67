AUDIT (
  name grain_is_unique
);

/* Next: A key has several rows: the model's last change multiplies rows in a join, or the table
   was changed by hand. Correct the change in dev, or restate bronze.delivered_<feed> for the
   days of these keys; then run again. */
SELECT
  @key,
  COUNT(*) AS times
FROM @this_model
WHERE
  @IS_TOUCHED(@key, @changed, @changed_on)
GROUP BY
  @key
HAVING
  COUNT(*) > 1
