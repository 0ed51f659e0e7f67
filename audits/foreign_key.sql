AUDIT (
  name foreign_key
);

/* Next: Rows of an unknown key go to quarantine before silver, so a rule or a model was changed,
   or the table of the parent by hand. Correct the change in dev, or restate
   bronze.delivered_<feed> of the parent for the days it lost; then run again. */
SELECT
  child.*
FROM @this_model AS child
LEFT JOIN @parent AS parent
  ON parent.@column = child.@column
WHERE
  child.@changed_on BETWEEN @start_date AND @end_date
  AND NOT child.@column IS NULL
  AND parent.@column IS NULL
