AUDIT (
  name every_row_is_shown
);

/* Next: Gold lacks a row of silver, or has more rows than silver. A table was changed by hand, or
   the model is wrong. Restate the model of gold; if it comes back, it is a defect of its last
   change. */
SELECT
  below.@key
FROM @below AS below
LEFT JOIN @this_model AS shown
  ON shown.@key = below.@key
WHERE
  below.@changed_on BETWEEN @start_date AND @end_date AND shown.@key IS NULL
UNION ALL
SELECT
  shown.number - below.number
FROM (
  SELECT
    COUNT(*) AS number
  FROM @this_model
) AS shown
CROSS JOIN (
  SELECT
    COUNT(*) AS number
  FROM @below
) AS below
WHERE
  shown.number > below.number
