AUDIT (
  name file_is_not_replaced
);

/* Next: A file was replaced, or taken away, while it was read, so that some of its rows may be old
   and some new. Nothing of the day counts as loaded. Let the deliverer finish, then run again. */
SELECT
  *
FROM @FILES_REPLACED(@feed)
