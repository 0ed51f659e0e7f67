/*
The seed that is the delivery of watches while no landing is set. A row is a delivered row, as text.
Grain: one delivered row.
*/
MODEL (
  name bronze.raw_watches,
  kind SEED (
    path '../../seeds/raw_watches.csv',
    csv_settings (keep_default_na = FALSE)
  ),
  columns (
    watch_id STRING,
    user_id STRING,
    show_id STRING,
    watched_at STRING,
    minutes_watched STRING,
    completion_pct STRING,
    status STRING,
    device STRING,
    delivered_on STRING
  ),
  column_descriptions (
    watch_id = 'Identifies the watch.',
    user_id = 'The user who watched.',
    show_id = 'The show that was watched.',
    watched_at = 'When the watch began, in UTC.',
    minutes_watched = 'Minutes watched.',
    completion_pct = 'Share of the running time that was watched, 0 to 1.',
    status = 'completed, in_progress or abandoned.',
    device = 'Device on which it was watched.',
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

@PERSONAL_DATA(device)
