AUDIT (
  name foreign_key
);

SELECT
  child.*
FROM @this_model AS child
LEFT JOIN @parent AS parent
  ON parent.@column = child.@column
WHERE
  child.@changed_on BETWEEN @start_date AND @end_date
  AND NOT child.@column IS NULL
  AND parent.@column IS NULL