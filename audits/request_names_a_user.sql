AUDIT (
  name request_names_a_user
);

/* Next: A request for erasure names no user: its user_id is missing, is no whole number or is under 1.
   Nothing of the day is loaded before it is right, so that nobody is left unerased. Correct the file
   that _source names, then run again. */
SELECT
  *
FROM @this_model
WHERE
  user_id IS NULL OR user_id < 1
