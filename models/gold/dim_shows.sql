/*
A row is a show, with its tier by the critics and its length. It comes from silver.shows, and every run
builds the table anew.
It depends on quality.deliveries and quality.reconciliation, because nothing is published before their
audits pass, and on silver.users_history, so that a day whose history fails leaves all of gold as it was.
Grain: show_id.
*/
MODEL (
  name gold.dim_shows,
  kind FULL,
  grain show_id,
  tags gold,
  depends_on (quality.deliveries, quality.reconciliation, silver.users_history),
  audits (unique_values(columns := show_id), not_null(columns := (show_id, title)))
);

SELECT
  show_id, /* Identifies the show. */
  title, /* Title of the show. */
  genre, /* Genre of the show, in lower case. */
  release_year, /* Year of the first release. */
  seasons, /* Number of seasons. */
  rating_avg, /* Mean of the critics, 0 to 5. */
  CASE
    WHEN rating_avg IS NULL
    THEN 'Unrated'
    WHEN rating_avg >= 4.5
    THEN 'Excellent'
    WHEN rating_avg >= 3.5
    THEN 'Good'
    WHEN rating_avg >= 2.5
    THEN 'Average'
    ELSE 'Poor'
  END AS quality_tier, /* Excellent from 4.5, Good from 3.5, Average from 2.5, Poor below, Unrated without a mean. */
  CASE
    WHEN seasons IS NULL
    THEN 'Unknown'
    WHEN seasons >= 8
    THEN 'Long'
    WHEN seasons >= 4
    THEN 'Medium'
    WHEN seasons >= 2
    THEN 'Short'
    ELSE 'Limited'
  END AS series_length /* Limited 1 season, Short 2 to 3, Medium 4 to 7, Long from 8, Unknown without a number. */
FROM silver.shows
