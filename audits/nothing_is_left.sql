AUDIT (
  name nothing_is_left
);

/* Next: A table still says who a user is who asked to be forgotten. Somebody has changed it by hand.
   Load the request again: streaming erase <user_id>. */
SELECT
  *
FROM @this_model
WHERE
  _unerased > 0
