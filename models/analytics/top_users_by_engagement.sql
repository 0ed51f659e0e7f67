/*
A row is a user who has watched or rated anything, with their place among all. It is a view on
gold.fct_watches and gold.fct_ratings, with the names of silver.users, and changes with them.
Grain: user_id.
*/
MODEL (
  name analytics.top_users_by_engagement,
  kind VIEW,
  grain user_id,
  tags (analytics, personal_data),
  audits (
    unique_combination_of_columns(columns := user_id),
    not_null(columns := (user_id, name))
  )
);

WITH watches AS (
  SELECT
    user_id,
    COUNT(*) AS watches,
    SUM(minutes_watched) AS minutes_watched
  FROM gold.fct_watches
  GROUP BY
    user_id
), ratings AS (
  SELECT
    user_id,
    COUNT(*) AS ratings
  FROM gold.fct_ratings
  GROUP BY
    user_id
), engagement AS (
  SELECT
    users.user_id,
    users.name,
    COALESCE(watches.watches, 0) AS watches,
    COALESCE(watches.minutes_watched, 0)::BIGINT AS minutes_watched,
    COALESCE(ratings.ratings, 0) AS ratings
  FROM silver.users AS users
  LEFT JOIN watches
    ON watches.user_id = users.user_id
  LEFT JOIN ratings
    ON ratings.user_id = users.user_id
  WHERE
    NOT watches.user_id IS NULL OR NOT ratings.user_id IS NULL
)
SELECT
  user_id, /* Identifies the user. */
  name, /* Full name, every word capitalised. */
  watches, /* Number of watches. */
  minutes_watched, /* Minutes watched. */
  ratings, /* Number of ratings. */
  ROW_NUMBER() OVER (ORDER BY minutes_watched DESC, watches DESC, ratings DESC, user_id ASC)::BIGINT AS engagement_rank /* 1 is the most engaged: by minutes watched, then watches, then ratings. */
FROM engagement
