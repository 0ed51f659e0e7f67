AUDIT (
  name every_row_is_accounted_for
);

SELECT
  *
FROM @this_model
WHERE
  unaccounted <> 0