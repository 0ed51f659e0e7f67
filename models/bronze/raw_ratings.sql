/*
The seed that is the delivery of ratings while no landing is set. A row is a delivered row, as text.
Grain: one delivered row.
*/
MODEL (
  name bronze.raw_ratings,
  kind SEED (
    path '../../seeds/raw_ratings.csv',
    csv_settings (keep_default_na = FALSE)
  ),
  columns (
    rating_id STRING,
    user_id STRING,
    show_id STRING,
    watch_id STRING,
    rating STRING,
    review STRING,
    rated_at STRING,
    delivered_on STRING
  ),
  column_descriptions (
    rating_id = 'Identifies the rating.',
    user_id = 'The user who rated.',
    show_id = 'The show that was rated.',
    watch_id = 'The watch that was rated, if the rating is of one.',
    rating = 'Stars, 1 to 5.',
    review = 'What the user wrote.',
    rated_at = 'When the rating was given, in UTC.',
    delivered_on = 'Day of delivery, as dt is in a landing.'
  ),
  ignored_rules (
    nomissingunittest
  ),
  tags (bronze, seed, personal_data),
  audits (
    not_null(columns := delivered_on)
  )
);

@INSERT_SEED();

@PERSONAL_DATA(review)
