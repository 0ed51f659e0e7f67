/*
What was shown when. A row is a version of a user as silver.users showed them from one run to another. A
run ends the versions that silver.users no longer shows and adds those that are new; nothing corrects them
afterwards, so it cannot be built again.
Grain: user_id and valid_from.
*/
MODEL (
  name silver.users_snapshot,
  kind SCD_TYPE_2_BY_COLUMN (
    unique_key user_id,
    columns (name, email, country, subscription_plan, signed_up_on),
    execution_time_as_valid_from TRUE,
    invalidate_hard_deletes TRUE,
    time_data_type TIMESTAMP_NTZ
  ),
  grain (user_id, valid_from),
  column_descriptions (
    user_id = 'Identifies the user.',
    name = 'Full name, every word capitalised.',
    email = 'Email address, in lower case.',
    country = 'Country of residence; the empty text where it is not known.',
    subscription_plan = 'Plan; the empty text where it is not known.',
    signed_up_on = 'Day on which the user signed up.',
    valid_from = 'Time of the run that first showed the version, UTC.',
    valid_to = 'Time of the run that no longer showed it, UTC; NULL while it is shown.'
  ),
  tags (silver, history, personal_data),
  physical_properties ('delta.enableDeletionVectors' = 'true', 'delta.columnMapping.mode' = 'name'),
  signals (
    day_is_delivered()
  ),
  audits (
    unique_combination_of_columns(columns := (user_id, valid_from)),
    not_null(columns := (user_id, name, email, country, subscription_plan, valid_from)),
    open_version_is_shown
  )
);

SELECT
  user_id,
  name,
  email,
  COALESCE(country, '') AS country,
  COALESCE(subscription_plan, '') AS subscription_plan,
  signed_up_on
FROM silver.users;

@PERSONAL_DATA(name, email)
