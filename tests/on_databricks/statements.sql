ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__dim_shows` ALTER COLUMN `show_id`, `title`, `genre`, `release_year`, `seasons`, `rating_avg`, `quality_tier`, `series_length`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_ratings` ADD CONSTRAINT `pk_gold__fct_ratings` PRIMARY KEY (`rating_id`) RELY
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_ratings` ALTER COLUMN `rating_id` SET NOT NULL
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_ratings` ALTER COLUMN `rating_id`, `user_id`, `show_id`, `watch_id`, `rated_at`, `rating_date`, `rating`, `rating_sentiment`, `review`, `show_title`, `show_genre`, `show_quality_tier`, `watch_completion_pct`, `watch_status`, `user_country`, `user_subscription_plan`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` ADD CONSTRAINT `pk_gold__fct_watches` PRIMARY KEY (`watch_id`) RELY
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` ALTER COLUMN `watch_id` SET NOT NULL
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` ALTER COLUMN `watch_id`, `user_id`, `show_id`, `watched_at`, `watch_date`, `watch_year`, `watch_month`, `watch_day_of_week`, `watch_hour`, `is_weekend`, `minutes_watched`, `completion_pct`, `status`, `is_completed`, `device`, `rating`, `rating_sentiment`, `user_country`, `user_subscription_plan`
ALTER TABLE `streaming_prod`.`sqlmesh__quality`.`quality__reconciliation` ALTER COLUMN `feed`, `delivered`, `accepted`, `superseded`, `quarantined`, `unaccounted`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__ratings` ALTER COLUMN `rating_id`, `user_id`, `show_id`, `watch_id`, `rating`, `review`, `rated_at`, `_ingest_date`, `_loaded_at`, `_source`, `_row_hash`, `_rescued_data`, `_rejected_for`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__watches` ALTER COLUMN `watch_id`, `user_id`, `show_id`, `watched_at`, `minutes_watched`, `completion_pct`, `status`, `device`, `_ingest_date`, `_loaded_at`, `_source`, `_row_hash`, `_rescued_data`, `_rejected_for`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__ratings` ADD CONSTRAINT `pk_silver__ratings` PRIMARY KEY (`rating_id`) RELY
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__ratings` ALTER COLUMN `rating_id` SET NOT NULL
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__ratings` ALTER COLUMN `rating_id`, `user_id`, `show_id`, `watch_id`, `rating`, `rating_sentiment`, `review`, `rated_at`, `rating_date`, `_accepted_on`, `_watch_ids`, `_accepted_deliveries`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__shows` ADD CONSTRAINT `pk_silver__shows` PRIMARY KEY (`show_id`) RELY
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__shows` ALTER COLUMN `show_id` SET NOT NULL
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__shows` ALTER COLUMN `show_id`, `title`, `genre`, `release_year`, `seasons`, `rating_avg`, `updated_at`, `_delivered_on`, `_known_on`, `_changed_on`, `_accepted_deliveries`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_history` ADD CONSTRAINT `pk_silver__users_history` PRIMARY KEY (`user_id`, `valid_from`) RELY
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_history` ALTER COLUMN `user_id` SET NOT NULL
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_history` ALTER COLUMN `user_id`, `name`, `email`, `country`, `subscription_plan`, `signed_up_on`, `valid_from`, `valid_to`, `_holds_from`, `_holds_to`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_history` ALTER COLUMN `valid_from` SET NOT NULL
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_schema_tmp` ADD CONSTRAINT `pk_silver__users_schema_tmp` PRIMARY KEY (`user_id`) RELY
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_schema_tmp` ALTER COLUMN `user_id` SET NOT NULL
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users` ADD CONSTRAINT `pk_silver__users` PRIMARY KEY (`user_id`) RELY
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users` ALTER COLUMN `user_id` SET NOT NULL
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users` ALTER COLUMN `user_id`, `name`, `email`, `country`, `subscription_plan`, `signed_up_on`, `updated_at`, `_delivered_on`, `_known_on`, `_accepted_deliveries`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__watches` ADD CONSTRAINT `pk_silver__watches` PRIMARY KEY (`watch_id`) RELY
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__watches` ALTER COLUMN `watch_id` SET NOT NULL
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__watches` ALTER COLUMN `watch_id`, `user_id`, `show_id`, `watched_at`, `watch_date`, `minutes_watched`, `completion_pct`, `status`, `device`, `_accepted_on`, `_known_on`, `_accepted_deliveries`
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_erasures_schema_tmp` (`user_id` BIGINT, `requested_at` TIMESTAMP_NTZ, `_ingest_date` DATE, `_loaded_at` TIMESTAMP_NTZ, `_source` STRING, `_rescued_data` STRING, `_file_state` BIGINT) CLUSTER BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_erasures` (`user_id` BIGINT, `requested_at` TIMESTAMP_NTZ, `_ingest_date` DATE, `_loaded_at` TIMESTAMP_NTZ, `_source` STRING, `_rescued_data` STRING, `_file_state` BIGINT) CLUSTER BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_ratings` (`rating_id` BIGINT, `user_id` BIGINT, `show_id` BIGINT, `watch_id` BIGINT, `rating` INT, `review` STRING, `rated_at` TIMESTAMP_NTZ, `_ingest_date` DATE, `_loaded_at` TIMESTAMP_NTZ, `_source` STRING, `_rescued_data` STRING, `_file_state` BIGINT, `_hash_before` STRING) CLUSTER BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_shows` (`show_id` BIGINT, `title` STRING, `genre` STRING, `release_year` INT, `seasons` INT, `rating_avg` DOUBLE, `updated_at` TIMESTAMP_NTZ, `_ingest_date` DATE, `_loaded_at` TIMESTAMP_NTZ, `_source` STRING, `_rescued_data` STRING, `_file_state` BIGINT) CLUSTER BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_users_schema_tmp` (`user_id` BIGINT, `name` STRING, `email` STRING, `country` STRING, `subscription_plan` STRING, `signed_up_on` DATE, `updated_at` TIMESTAMP_NTZ, `_ingest_date` DATE, `_loaded_at` TIMESTAMP_NTZ, `_source` STRING, `_rescued_data` STRING, `_file_state` BIGINT, `_hash_before` STRING, `_version` STRING, `_broken_rules` ARRAY<STRING>) CLUSTER BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_users` (`user_id` BIGINT, `name` STRING, `email` STRING, `country` STRING, `subscription_plan` STRING, `signed_up_on` DATE, `updated_at` TIMESTAMP_NTZ, `_ingest_date` DATE, `_loaded_at` TIMESTAMP_NTZ, `_source` STRING, `_rescued_data` STRING, `_file_state` BIGINT, `_hash_before` STRING, `_version` STRING, `_broken_rules` ARRAY<STRING>) CLUSTER BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_watches` (`watch_id` BIGINT, `user_id` BIGINT, `show_id` BIGINT, `watched_at` TIMESTAMP_NTZ, `minutes_watched` INT, `completion_pct` DOUBLE, `status` STRING, `device` STRING, `_ingest_date` DATE, `_loaded_at` TIMESTAMP_NTZ, `_source` STRING, `_rescued_data` STRING, `_file_state` BIGINT) CLUSTER BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__bronze`.`bronze__raw_ratings` (`rating_id` STRING, `user_id` STRING, `show_id` STRING, `watch_id` STRING, `rating` STRING, `review` STRING, `rated_at` STRING, `delivered_on` STRING)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__bronze`.`bronze__raw_shows` (`show_id` STRING, `title` STRING, `genre` STRING, `release_year` STRING, `seasons` STRING, `rating_avg` STRING, `updated_at` STRING, `delivered_on` STRING)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__bronze`.`bronze__raw_users` (`user_id` STRING, `name` STRING, `email` STRING, `country` STRING, `subscription_plan` STRING, `signed_up_on` STRING, `updated_at` STRING, `delivered_on` STRING)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__bronze`.`bronze__raw_watches` (`watch_id` STRING, `user_id` STRING, `show_id` STRING, `watched_at` STRING, `minutes_watched` STRING, `completion_pct` STRING, `status` STRING, `device` STRING, `delivered_on` STRING)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__bronze`.`erased_users` (`user_id` BIGINT, `requested_at` TIMESTAMP_NTZ, `_ingest_date` DATE, `erased_at` TIMESTAMP_NTZ)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__gold`.`gold__dim_shows`
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__gold`.`gold__fct_ratings` CLUSTER BY (`rating_date`, `rating_id`) TBLPROPERTIES ('delta.enableDeletionVectors'='true')
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` CLUSTER BY (`watch_date`, `watch_id`) TBLPROPERTIES ('delta.enableDeletionVectors'='true')
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__quality`.`quality__deliveries` (`feed` STRING, `_ingest_date` DATE, `delivered` BIGINT, `rejected` BIGINT) CLUSTER BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__quality`.`quality__erased_rows` (`user_id` BIGINT, `requested_at` TIMESTAMP_NTZ, `_ingest_date` DATE, `erased_at` TIMESTAMP_NTZ, `rows` STRING, `retained_until` DATE, `_unerased` BIGINT) CLUSTER BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__quality`.`quality__files` (`feed` STRING, `_ingest_date` DATE, `path` STRING, `bytes` BIGINT, `modified_at` TIMESTAMP_NTZ, `rows` BIGINT, `absent` ARRAY<STRING>, `ignored` ARRAY<STRING>, `loaded_at` TIMESTAMP_NTZ, `_rows_in_file` BIGINT, `_content` BIGINT) CLUSTER BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__quality`.`quality__reconciliation`
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__quarantine`.`quarantine__held_ratings` (`rating_id` BIGINT, `user_id` BIGINT, `show_id` BIGINT, `watch_id` BIGINT, `rating` INT, `review` STRING, `rated_at` TIMESTAMP_NTZ, `_ingest_date` DATE, `_loaded_at` TIMESTAMP_NTZ, `_source` STRING, `_row_hash` STRING, `_rescued_data` STRING, `_broken_rules` ARRAY<STRING>) CLUSTER BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__quarantine`.`quarantine__held_watches` (`watch_id` BIGINT, `user_id` BIGINT, `show_id` BIGINT, `watched_at` TIMESTAMP_NTZ, `minutes_watched` INT, `completion_pct` DOUBLE, `status` STRING, `device` STRING, `_ingest_date` DATE, `_loaded_at` TIMESTAMP_NTZ, `_source` STRING, `_row_hash` STRING, `_rescued_data` STRING, `_broken_rules` ARRAY<STRING>) CLUSTER BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__quarantine`.`quarantine__ratings`
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__quarantine`.`quarantine__shows` (`show_id` BIGINT, `title` STRING, `genre` STRING, `release_year` INT, `seasons` INT, `rating_avg` DOUBLE, `updated_at` TIMESTAMP_NTZ, `_ingest_date` DATE, `_loaded_at` TIMESTAMP_NTZ, `_source` STRING, `_row_hash` STRING, `_rescued_data` STRING, `_rejected_for` ARRAY<STRING>) CLUSTER BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__quarantine`.`quarantine__users` (`user_id` BIGINT, `name` STRING, `email` STRING, `country` STRING, `subscription_plan` STRING, `signed_up_on` DATE, `updated_at` TIMESTAMP_NTZ, `_ingest_date` DATE, `_loaded_at` TIMESTAMP_NTZ, `_source` STRING, `_row_hash` STRING, `_rescued_data` STRING, `_rejected_for` ARRAY<STRING>) CLUSTER BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__quarantine`.`quarantine__watches`
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__silver`.`silver__accepted_shows` (`show_id` BIGINT, `title` STRING, `genre` STRING, `release_year` INT, `seasons` INT, `rating_avg` DOUBLE, `updated_at` TIMESTAMP_NTZ, `_ingest_date` DATE, `_row_hash` STRING) CLUSTER BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__silver`.`silver__accepted_users_schema_tmp` (`user_id` BIGINT, `name` STRING, `email` STRING, `country` STRING, `subscription_plan` STRING, `signed_up_on` DATE, `updated_at` TIMESTAMP_NTZ, `_ingest_date` DATE, `_row_hash` STRING, `_version` STRING) CLUSTER BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__silver`.`silver__accepted_users` (`user_id` BIGINT, `name` STRING, `email` STRING, `country` STRING, `subscription_plan` STRING, `signed_up_on` DATE, `updated_at` TIMESTAMP_NTZ, `_ingest_date` DATE, `_row_hash` STRING, `_version` STRING) CLUSTER BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__silver`.`silver__ratings` CLUSTER BY (`rating_id`) TBLPROPERTIES ('delta.enableDeletionVectors'='true')
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__silver`.`silver__shows` CLUSTER BY (`show_id`) TBLPROPERTIES ('delta.enableDeletionVectors'='true')
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__silver`.`silver__users_history` CLUSTER BY (`user_id`) TBLPROPERTIES ('delta.enableDeletionVectors'='true', 'delta.columnMapping.mode'='name')
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__silver`.`silver__users_schema_tmp` (`user_id` BIGINT, `name` STRING, `email` STRING, `country` STRING, `subscription_plan` STRING, `signed_up_on` DATE, `updated_at` TIMESTAMP_NTZ, `_delivered_on` DATE, `_known_on` DATE, `_accepted_deliveries` BIGINT) CLUSTER BY (`user_id`) TBLPROPERTIES ('delta.enableDeletionVectors'='true')
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__silver`.`silver__users_snapshot` (`user_id` BIGINT, `name` STRING, `email` STRING, `country` STRING, `subscription_plan` STRING, `signed_up_on` DATE, `valid_from` TIMESTAMP_NTZ, `valid_to` TIMESTAMP_NTZ) TBLPROPERTIES ('delta.enableDeletionVectors'='true', 'delta.columnMapping.mode'='name')
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__silver`.`silver__users` CLUSTER BY (`user_id`) TBLPROPERTIES ('delta.enableDeletionVectors'='true')
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__silver`.`silver__watches` CLUSTER BY (`watch_id`) TBLPROPERTIES ('delta.enableDeletionVectors'='true')
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__silver`.`temp_silver__users_snapshot` TBLPROPERTIES ('delta.enableDeletionVectors'='true', 'delta.columnMapping.mode'='name')
GRANT USE CATALOG ON CATALOG streaming_prod TO `analysts`
GRANT USE CATALOG, CREATE SCHEMA, BROWSE ON CATALOG streaming_dev TO `platform`
GRANT USE CATALOG, CREATE SCHEMA, BROWSE ON CATALOG streaming_prod TO `platform`
GRANT USE CATALOG, USE SCHEMA, SELECT ON CATALOG streaming_dev TO `engineers`
GRANT USE CATALOG, USE SCHEMA, SELECT ON CATALOG streaming_prod TO `engineers`
GRANT USE SCHEMA, SELECT ON SCHEMA streaming_prod.analytics TO `analysts`
GRANT USE SCHEMA, SELECT ON SCHEMA streaming_prod.gold TO `analysts`
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_erasures_schema_tmp`._rescued_data personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_erasures`._rescued_data personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_ratings`._rescued_data personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_ratings`.review personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_shows`._rescued_data personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_users_schema_tmp`._rescued_data personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_users_schema_tmp`.email personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_users_schema_tmp`.name personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_users`._rescued_data personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_users`.email personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_users`.name personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_watches`._rescued_data personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_watches`.device personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__bronze`.`bronze__raw_ratings`.review personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__bronze`.`bronze__raw_users`.email personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__bronze`.`bronze__raw_users`.name personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__bronze`.`bronze__raw_watches`.device personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__gold`.`gold__fct_ratings`.review personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches`.device personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__quarantine`.`quarantine__held_ratings`._rescued_data personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__quarantine`.`quarantine__held_ratings`.review personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__quarantine`.`quarantine__held_watches`._rescued_data personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__quarantine`.`quarantine__held_watches`.device personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__quarantine`.`quarantine__ratings`._rescued_data personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__quarantine`.`quarantine__ratings`.review personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__quarantine`.`quarantine__shows`._rescued_data personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__quarantine`.`quarantine__users`._rescued_data personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__quarantine`.`quarantine__users`.email personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__quarantine`.`quarantine__users`.name personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__quarantine`.`quarantine__watches`._rescued_data personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__quarantine`.`quarantine__watches`.device personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__silver`.`silver__accepted_users_schema_tmp`.email personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__silver`.`silver__accepted_users_schema_tmp`.name personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__silver`.`silver__accepted_users`.email personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__silver`.`silver__accepted_users`.name personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__silver`.`silver__ratings`.review personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__silver`.`silver__users_history`.email personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__silver`.`silver__users_history`.name personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__silver`.`silver__users_schema_tmp`.email personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__silver`.`silver__users_schema_tmp`.name personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__silver`.`silver__users_snapshot`.email personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__silver`.`silver__users_snapshot`.name personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__silver`.`silver__users`.email personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__silver`.`silver__users`.name personal_data
SET TAG ON COLUMN `streaming_prod`.`sqlmesh__silver`.`silver__watches`.device personal_data
