AUDIT (
  name reject_share_is_bearable
);

SELECT
  *
FROM @this_model
WHERE
  delivered >= 1000 AND rejected > delivered * @MAX_REJECT_SHARE()