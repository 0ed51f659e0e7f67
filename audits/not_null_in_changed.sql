AUDIT (
  name not_null_in_changed
);

SELECT
  *
FROM @this_model
WHERE
  @changed_on BETWEEN @start_date AND @end_date
  AND @REDUCE(@EACH(@columns, column -> column IS NULL), (left, right) -> left OR right)