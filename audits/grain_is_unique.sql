AUDIT (
  name grain_is_unique
);

SELECT
  @key,
  COUNT(*) AS times
FROM @this_model
WHERE
  @key IN (
    SELECT
      @key
    FROM @changed
    WHERE
      @changed_on BETWEEN @start_date AND @end_date
  )
GROUP BY
  @key
HAVING
  COUNT(*) > 1