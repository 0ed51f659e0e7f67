/* The 20 most engaged users, without their names. */
SELECT
  engagement_rank,
  user_id,
  watches,
  minutes_watched,
  ratings
FROM analytics.top_users_by_engagement
WHERE
  engagement_rank <= 20
ORDER BY
  engagement_rank
