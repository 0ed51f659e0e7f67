/*
The seed that is the delivery of shows while no landing is set. A row is a delivered row, as text.
Grain: one delivered row.
*/
MODEL (
  name bronze.raw_shows,
  kind SEED (
    path '../../seeds/raw_shows.csv',
    csv_settings (keep_default_na = FALSE)
  ),
  columns (
    show_id STRING,
    title STRING,
    genre STRING,
    release_year STRING,
    seasons STRING,
    rating_avg STRING,
    updated_at STRING,
    delivered_on STRING
  ),
  column_descriptions (
    show_id = 'Identifies the show.',
    title = 'Title of the show.',
    genre = 'Genre of the show.',
    release_year = 'Year of the first release.',
    seasons = 'Number of seasons.',
    rating_avg = 'Mean of the critics, 0 to 5.',
    updated_at = 'When the source last changed the row, in UTC.',
    delivered_on = 'Day of delivery, as dt is in a landing.'
  ),
  ignored_rules (
    nomissingunittest
  ),
  tags (bronze, seed),
  audits (
    not_null(columns := delivered_on)
  )
)
