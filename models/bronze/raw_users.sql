/*
The seed that is the delivery of users while no landing is set. A row is a delivered row, as text.
Grain: one delivered row.
*/
MODEL (
  name bronze.raw_users,
  kind SEED (
    path '../../seeds/raw_users.csv',
    csv_settings (keep_default_na = FALSE)
  ),
  columns (
    user_id STRING,
    name STRING,
    email STRING,
    country STRING,
    subscription_plan STRING,
    signed_up_on STRING,
    updated_at STRING,
    delivered_on STRING
  ),
  column_descriptions (
    user_id = 'Identifies the user.',
    name = 'Full name.',
    email = 'Email address.',
    country = 'Country of residence, two letters of ISO 3166.',
    subscription_plan = 'Plan: free, basic, standard or premium.',
    signed_up_on = 'Day on which the user signed up.',
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

@PERSONAL_DATA(name, email)
