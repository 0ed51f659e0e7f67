AUDIT (
  name every_file_is_loaded
);

/* Next: A file holds more or fewer rows, as its own format counts them, than were loaded of it. Look
   for a line break within quotes at the place where the rows part, or deliver the file as parquet;
   then restate bronze.delivered_<feed> for the day. If it comes back, it is a defect of the reading
   of files: macros/reading. */
SELECT
  *
FROM @this_model
WHERE
  rows <> _rows_in_file
