AUDIT (
  name every_row_is_accounted_for
);

/* Next: Delivered rows are neither in silver nor in quarantine: a table was changed by hand, or a
   model is wrong. Restate bronze.delivered_<feed> for the days concerned. If it comes back, it
   is a defect of the last change of silver.<feed> or quarantine.<feed>. */
SELECT
  *
FROM @this_model
WHERE
  unaccounted <> 0
