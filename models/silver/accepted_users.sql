MODEL (
  name silver.accepted_users,
  kind VIEW,
  description 'The deliveries of users that can be accepted, in the form of silver. Audited where they are stored: silver.users and silver.users_history. Grain: one delivered row.',
  tags (silver, deliveries, internal, personal_data),
  ignored_rules (
    nomissingaudits
  )
);

WITH deliveries AS (
  SELECT
    *
  FROM bronze.users
)
SELECT
  user_id, /* Identifies the user. */
  @CAPITALISED(@CLEAN(name)) AS name, /* Full name, every word capitalised. */
  LOWER(@CLEAN(email)) AS email, /* Address of electronic mail, in lower case. */
  UPPER(@CLEAN(country)) AS country, /* Country of residence, two letters of ISO 3166. */
  LOWER(@CLEAN(subscription_plan)) AS subscription_plan, /* Plan: free, basic, standard or premium. */
  signed_up_on, /* Day on which the user signed up. */
  updated_at, /* When the source last changed the row, in UTC. */
  _ingest_date, /* Day of delivery, UTC. */
  _row_hash /* MD5 of the delivered values. */
FROM deliveries
WHERE
  @IS_ACCEPTABLE(@USERS_RULES(), deliveries)