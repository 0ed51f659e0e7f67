AUDIT (
  name nothing_is_left
);

/* Next: A table still says who a user is who asked to be forgotten. Somebody has changed it by hand, or
   a new column is not in ERASED of macros/erasure.py. Add it there, then load the request again:
   streaming erase <user_id>. */
SELECT
  *
FROM @this_model
WHERE
  _unerased > 0
