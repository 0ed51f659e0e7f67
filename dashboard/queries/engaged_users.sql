/* The most engaged users. */
SELECT
  engagement_rank,
  user_id,
  name,
  watches,
  minutes_watched,
  ratings
FROM analytics.top_users_by_engagement
WHERE
  engagement_rank <= 10
ORDER BY
  engagement_rank
