/*
The seed that is the delivery of devices while no landing is set. A row is a delivered row, as text.
Grain: one delivered row.
*/
MODEL (
  name bronze.raw_devices,
  kind SEED (
    path '../../seeds/raw_devices.csv',
    csv_settings (keep_default_na = FALSE)
  ),
  columns (
    device_id STRING,
    name STRING,
    updated_at STRING,
    delivered_on STRING
  ),
  column_descriptions (
    device_id = 'Identifies the device.',
    name = 'Name of the device.',
    updated_at = 'When the source last changed the row, in UTC.',
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

@PERSONAL_DATA(name)
