ALTER TABLE `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_users_schema_tmp` ALTER COLUMN email SET TAGS ('personal_data' = 'email')
ALTER TABLE `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_users_schema_tmp` ALTER COLUMN name SET TAGS ('personal_data' = 'name')
ALTER TABLE `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_users` ALTER COLUMN email SET TAGS ('personal_data' = 'email')
ALTER TABLE `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_users` ALTER COLUMN name SET TAGS ('personal_data' = 'name')
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__dim_shows` ALTER COLUMN `genre`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__dim_shows` ALTER COLUMN `quality_tier`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__dim_shows` ALTER COLUMN `rating_avg`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__dim_shows` ALTER COLUMN `release_year`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__dim_shows` ALTER COLUMN `seasons`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__dim_shows` ALTER COLUMN `series_length`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__dim_shows` ALTER COLUMN `show_id`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__dim_shows` ALTER COLUMN `title`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_ratings` ADD CONSTRAINT `pk_gold__fct_ratings` PRIMARY KEY (`rating_id`) RELY
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_ratings` ALTER COLUMN `rated_at`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_ratings` ALTER COLUMN `rating_date`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_ratings` ALTER COLUMN `rating_id`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_ratings` ALTER COLUMN `rating_id` SET NOT NULL
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_ratings` ALTER COLUMN `rating_sentiment`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_ratings` ALTER COLUMN `rating`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_ratings` ALTER COLUMN `review`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_ratings` ALTER COLUMN `show_genre`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_ratings` ALTER COLUMN `show_id`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_ratings` ALTER COLUMN `show_quality_tier`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_ratings` ALTER COLUMN `show_title`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_ratings` ALTER COLUMN `user_country`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_ratings` ALTER COLUMN `user_id`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_ratings` ALTER COLUMN `user_subscription_plan`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_ratings` ALTER COLUMN `watch_completion_pct`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_ratings` ALTER COLUMN `watch_id`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_ratings` ALTER COLUMN `watch_status`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` ADD CONSTRAINT `pk_gold__fct_watches` PRIMARY KEY (`watch_id`) RELY
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` ALTER COLUMN `completion_pct`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` ALTER COLUMN `device`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` ALTER COLUMN `is_completed`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` ALTER COLUMN `is_weekend`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` ALTER COLUMN `minutes_watched`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` ALTER COLUMN `rating_sentiment`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` ALTER COLUMN `rating`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` ALTER COLUMN `show_id`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` ALTER COLUMN `status`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` ALTER COLUMN `user_country`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` ALTER COLUMN `user_id`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` ALTER COLUMN `user_subscription_plan`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` ALTER COLUMN `watch_date`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` ALTER COLUMN `watch_day_of_week`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` ALTER COLUMN `watch_hour`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` ALTER COLUMN `watch_id`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` ALTER COLUMN `watch_id` SET NOT NULL
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` ALTER COLUMN `watch_month`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` ALTER COLUMN `watch_year`
ALTER TABLE `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` ALTER COLUMN `watched_at`
ALTER TABLE `streaming_prod`.`sqlmesh__quality`.`quality__reconciliation` ALTER COLUMN `accepted`
ALTER TABLE `streaming_prod`.`sqlmesh__quality`.`quality__reconciliation` ALTER COLUMN `delivered`
ALTER TABLE `streaming_prod`.`sqlmesh__quality`.`quality__reconciliation` ALTER COLUMN `feed`
ALTER TABLE `streaming_prod`.`sqlmesh__quality`.`quality__reconciliation` ALTER COLUMN `quarantined`
ALTER TABLE `streaming_prod`.`sqlmesh__quality`.`quality__reconciliation` ALTER COLUMN `superseded`
ALTER TABLE `streaming_prod`.`sqlmesh__quality`.`quality__reconciliation` ALTER COLUMN `unaccounted`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__ratings` ALTER COLUMN `_ingest_date`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__ratings` ALTER COLUMN `_loaded_at`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__ratings` ALTER COLUMN `_rejected_for`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__ratings` ALTER COLUMN `_rescued_data`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__ratings` ALTER COLUMN `_row_hash`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__ratings` ALTER COLUMN `_source`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__ratings` ALTER COLUMN `rated_at`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__ratings` ALTER COLUMN `rating_id`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__ratings` ALTER COLUMN `rating`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__ratings` ALTER COLUMN `review`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__ratings` ALTER COLUMN `show_id`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__ratings` ALTER COLUMN `user_id`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__ratings` ALTER COLUMN `watch_id`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__users` ALTER COLUMN email SET TAGS ('personal_data' = 'email')
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__users` ALTER COLUMN name SET TAGS ('personal_data' = 'name')
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__watches` ALTER COLUMN `_ingest_date`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__watches` ALTER COLUMN `_loaded_at`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__watches` ALTER COLUMN `_rejected_for`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__watches` ALTER COLUMN `_rescued_data`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__watches` ALTER COLUMN `_row_hash`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__watches` ALTER COLUMN `_source`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__watches` ALTER COLUMN `completion_pct`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__watches` ALTER COLUMN `device`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__watches` ALTER COLUMN `minutes_watched`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__watches` ALTER COLUMN `show_id`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__watches` ALTER COLUMN `status`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__watches` ALTER COLUMN `user_id`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__watches` ALTER COLUMN `watch_id`
ALTER TABLE `streaming_prod`.`sqlmesh__quarantine`.`quarantine__watches` ALTER COLUMN `watched_at`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__accepted_users_schema_tmp` ALTER COLUMN email SET TAGS ('personal_data' = 'email')
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__accepted_users_schema_tmp` ALTER COLUMN name SET TAGS ('personal_data' = 'name')
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__accepted_users` ALTER COLUMN email SET TAGS ('personal_data' = 'email')
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__accepted_users` ALTER COLUMN name SET TAGS ('personal_data' = 'name')
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__ratings` ADD CONSTRAINT `pk_silver__ratings` PRIMARY KEY (`rating_id`) RELY
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__ratings` ALTER COLUMN `_accepted_deliveries`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__ratings` ALTER COLUMN `_accepted_on`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__ratings` ALTER COLUMN `_watch_ids`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__ratings` ALTER COLUMN `rated_at`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__ratings` ALTER COLUMN `rating_date`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__ratings` ALTER COLUMN `rating_id`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__ratings` ALTER COLUMN `rating_id` SET NOT NULL
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__ratings` ALTER COLUMN `rating_sentiment`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__ratings` ALTER COLUMN `rating`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__ratings` ALTER COLUMN `review`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__ratings` ALTER COLUMN `show_id`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__ratings` ALTER COLUMN `user_id`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__ratings` ALTER COLUMN `watch_id`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__shows` ADD CONSTRAINT `pk_silver__shows` PRIMARY KEY (`show_id`) RELY
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__shows` ALTER COLUMN `_accepted_deliveries`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__shows` ALTER COLUMN `_changed_on`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__shows` ALTER COLUMN `_delivered_on`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__shows` ALTER COLUMN `_known_on`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__shows` ALTER COLUMN `genre`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__shows` ALTER COLUMN `rating_avg`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__shows` ALTER COLUMN `release_year`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__shows` ALTER COLUMN `seasons`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__shows` ALTER COLUMN `show_id`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__shows` ALTER COLUMN `show_id` SET NOT NULL
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__shows` ALTER COLUMN `title`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__shows` ALTER COLUMN `updated_at`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_history` ADD CONSTRAINT `pk_silver__users_history` PRIMARY KEY (`user_id`, `valid_from`) RELY
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_history` ALTER COLUMN `_holds_from`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_history` ALTER COLUMN `_holds_to`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_history` ALTER COLUMN `country`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_history` ALTER COLUMN `email`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_history` ALTER COLUMN `name`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_history` ALTER COLUMN `signed_up_on`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_history` ALTER COLUMN `subscription_plan`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_history` ALTER COLUMN `user_id`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_history` ALTER COLUMN `user_id` SET NOT NULL
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_history` ALTER COLUMN `valid_from`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_history` ALTER COLUMN `valid_from` SET NOT NULL
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_history` ALTER COLUMN `valid_to`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_history` ALTER COLUMN email SET TAGS ('personal_data' = 'email')
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_history` ALTER COLUMN name SET TAGS ('personal_data' = 'name')
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_schema_tmp` ADD CONSTRAINT `pk_silver__users_schema_tmp` PRIMARY KEY (`user_id`) RELY
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_schema_tmp` ALTER COLUMN `user_id` SET NOT NULL
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_schema_tmp` ALTER COLUMN email SET TAGS ('personal_data' = 'email')
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_schema_tmp` ALTER COLUMN name SET TAGS ('personal_data' = 'name')
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_snapshot` ALTER COLUMN email SET TAGS ('personal_data' = 'email')
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users_snapshot` ALTER COLUMN name SET TAGS ('personal_data' = 'name')
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users` ADD CONSTRAINT `pk_silver__users` PRIMARY KEY (`user_id`) RELY
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users` ALTER COLUMN `_accepted_deliveries`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users` ALTER COLUMN `_delivered_on`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users` ALTER COLUMN `_known_on`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users` ALTER COLUMN `country`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users` ALTER COLUMN `email`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users` ALTER COLUMN `name`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users` ALTER COLUMN `signed_up_on`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users` ALTER COLUMN `subscription_plan`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users` ALTER COLUMN `updated_at`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users` ALTER COLUMN `user_id`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users` ALTER COLUMN `user_id` SET NOT NULL
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users` ALTER COLUMN email SET TAGS ('personal_data' = 'email')
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__users` ALTER COLUMN name SET TAGS ('personal_data' = 'name')
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__watches` ADD CONSTRAINT `pk_silver__watches` PRIMARY KEY (`watch_id`) RELY
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__watches` ALTER COLUMN `_accepted_deliveries`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__watches` ALTER COLUMN `_accepted_on`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__watches` ALTER COLUMN `_known_on`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__watches` ALTER COLUMN `completion_pct`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__watches` ALTER COLUMN `device`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__watches` ALTER COLUMN `minutes_watched`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__watches` ALTER COLUMN `show_id`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__watches` ALTER COLUMN `status`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__watches` ALTER COLUMN `user_id`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__watches` ALTER COLUMN `watch_date`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__watches` ALTER COLUMN `watch_id`
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__watches` ALTER COLUMN `watch_id` SET NOT NULL
ALTER TABLE `streaming_prod`.`sqlmesh__silver`.`silver__watches` ALTER COLUMN `watched_at`
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_ratings` (`rating_id` BIGINT, `user_id` BIGINT, `show_id` BIGINT, `watch_id` BIGINT, `rating` INT, `review` STRING, `rated_at` TIMESTAMP_NTZ, `_ingest_date` DATE, `_loaded_at` TIMESTAMP_NTZ, `_source` STRING, `_rescued_data` STRING, `_file_state` BIGINT) PARTITIONED BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_shows` (`show_id` BIGINT, `title` STRING, `genre` STRING, `release_year` INT, `seasons` INT, `rating_avg` DOUBLE, `updated_at` TIMESTAMP_NTZ, `_ingest_date` DATE, `_loaded_at` TIMESTAMP_NTZ, `_source` STRING, `_rescued_data` STRING, `_file_state` BIGINT) PARTITIONED BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_users_schema_tmp` (`user_id` BIGINT, `name` STRING, `email` STRING, `country` STRING, `subscription_plan` STRING, `signed_up_on` DATE, `updated_at` TIMESTAMP_NTZ, `_ingest_date` DATE, `_loaded_at` TIMESTAMP_NTZ, `_source` STRING, `_rescued_data` STRING, `_file_state` BIGINT) PARTITIONED BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_users` (`user_id` BIGINT, `name` STRING, `email` STRING, `country` STRING, `subscription_plan` STRING, `signed_up_on` DATE, `updated_at` TIMESTAMP_NTZ, `_ingest_date` DATE, `_loaded_at` TIMESTAMP_NTZ, `_source` STRING, `_rescued_data` STRING, `_file_state` BIGINT) PARTITIONED BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__bronze`.`bronze__delivered_watches` (`watch_id` BIGINT, `user_id` BIGINT, `show_id` BIGINT, `watched_at` TIMESTAMP_NTZ, `minutes_watched` INT, `completion_pct` DOUBLE, `status` STRING, `device` STRING, `_ingest_date` DATE, `_loaded_at` TIMESTAMP_NTZ, `_source` STRING, `_rescued_data` STRING, `_file_state` BIGINT) PARTITIONED BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__bronze`.`bronze__raw_ratings` (`rating_id` STRING, `user_id` STRING, `show_id` STRING, `watch_id` STRING, `rating` STRING, `review` STRING, `rated_at` STRING, `delivered_on` STRING)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__bronze`.`bronze__raw_shows` (`show_id` STRING, `title` STRING, `genre` STRING, `release_year` STRING, `seasons` STRING, `rating_avg` STRING, `updated_at` STRING, `delivered_on` STRING)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__bronze`.`bronze__raw_users` (`user_id` STRING, `name` STRING, `email` STRING, `country` STRING, `subscription_plan` STRING, `signed_up_on` STRING, `updated_at` STRING, `delivered_on` STRING)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__bronze`.`bronze__raw_watches` (`watch_id` STRING, `user_id` STRING, `show_id` STRING, `watched_at` STRING, `minutes_watched` STRING, `completion_pct` STRING, `status` STRING, `device` STRING, `delivered_on` STRING)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__gold`.`gold__dim_shows`
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__gold`.`gold__fct_ratings` CLUSTER BY (`rating_date`, `rating_id`) TBLPROPERTIES ('delta.enableDeletionVectors'='true')
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__gold`.`gold__fct_watches` CLUSTER BY (`watch_date`, `watch_id`) TBLPROPERTIES ('delta.enableDeletionVectors'='true')
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__quality`.`quality__deliveries` (`feed` STRING, `_ingest_date` DATE, `delivered` BIGINT, `rejected` BIGINT) PARTITIONED BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__quality`.`quality__files` (`feed` STRING, `_ingest_date` DATE, `path` STRING, `bytes` BIGINT, `modified_at` TIMESTAMP_NTZ, `rows` BIGINT, `absent` ARRAY<STRING>, `ignored` ARRAY<STRING>, `loaded_at` TIMESTAMP_NTZ, `_rows_in_file` BIGINT, `_content` BIGINT) PARTITIONED BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__quality`.`quality__reconciliation`
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__quarantine`.`quarantine__held_ratings` (`rating_id` BIGINT, `user_id` BIGINT, `show_id` BIGINT, `watch_id` BIGINT, `rating` INT, `review` STRING, `rated_at` TIMESTAMP_NTZ, `_ingest_date` DATE, `_loaded_at` TIMESTAMP_NTZ, `_source` STRING, `_row_hash` STRING, `_rescued_data` STRING, `_broken_rules` ARRAY<STRING>) PARTITIONED BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__quarantine`.`quarantine__held_watches` (`watch_id` BIGINT, `user_id` BIGINT, `show_id` BIGINT, `watched_at` TIMESTAMP_NTZ, `minutes_watched` INT, `completion_pct` DOUBLE, `status` STRING, `device` STRING, `_ingest_date` DATE, `_loaded_at` TIMESTAMP_NTZ, `_source` STRING, `_row_hash` STRING, `_rescued_data` STRING, `_broken_rules` ARRAY<STRING>) PARTITIONED BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__quarantine`.`quarantine__ratings`
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__quarantine`.`quarantine__shows` (`show_id` BIGINT, `title` STRING, `genre` STRING, `release_year` INT, `seasons` INT, `rating_avg` DOUBLE, `updated_at` TIMESTAMP_NTZ, `_ingest_date` DATE, `_loaded_at` TIMESTAMP_NTZ, `_source` STRING, `_row_hash` STRING, `_rescued_data` STRING, `_rejected_for` ARRAY<STRING>) PARTITIONED BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__quarantine`.`quarantine__users` (`user_id` BIGINT, `name` STRING, `email` STRING, `country` STRING, `subscription_plan` STRING, `signed_up_on` DATE, `updated_at` TIMESTAMP_NTZ, `_ingest_date` DATE, `_loaded_at` TIMESTAMP_NTZ, `_source` STRING, `_row_hash` STRING, `_rescued_data` STRING, `_rejected_for` ARRAY<STRING>) PARTITIONED BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__quarantine`.`quarantine__watches`
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__silver`.`silver__accepted_shows` (`show_id` BIGINT, `title` STRING, `genre` STRING, `release_year` INT, `seasons` INT, `rating_avg` DOUBLE, `updated_at` TIMESTAMP_NTZ, `_ingest_date` DATE, `_row_hash` STRING) PARTITIONED BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__silver`.`silver__accepted_users_schema_tmp` (`user_id` BIGINT, `name` STRING, `email` STRING, `country` STRING, `subscription_plan` STRING, `signed_up_on` DATE, `updated_at` TIMESTAMP_NTZ, `_ingest_date` DATE, `_row_hash` STRING) PARTITIONED BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__silver`.`silver__accepted_users` (`user_id` BIGINT, `name` STRING, `email` STRING, `country` STRING, `subscription_plan` STRING, `signed_up_on` DATE, `updated_at` TIMESTAMP_NTZ, `_ingest_date` DATE, `_row_hash` STRING) PARTITIONED BY (`_ingest_date`)
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__silver`.`silver__ratings` CLUSTER BY (`rating_id`) TBLPROPERTIES ('delta.enableDeletionVectors'='true')
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__silver`.`silver__shows` CLUSTER BY (`show_id`) TBLPROPERTIES ('delta.enableDeletionVectors'='true')
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__silver`.`silver__users_history` CLUSTER BY (`user_id`) TBLPROPERTIES ('delta.enableDeletionVectors'='true', 'delta.columnMapping.mode'='name')
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__silver`.`silver__users_schema_tmp` (`user_id` BIGINT, `name` STRING, `email` STRING, `country` STRING, `subscription_plan` STRING, `signed_up_on` DATE, `updated_at` TIMESTAMP_NTZ, `_delivered_on` DATE, `_known_on` DATE, `_accepted_deliveries` BIGINT) CLUSTER BY (`user_id`) TBLPROPERTIES ('delta.enableDeletionVectors'='true')
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__silver`.`silver__users_snapshot` (`user_id` BIGINT, `name` STRING, `email` STRING, `country` STRING, `subscription_plan` STRING, `signed_up_on` DATE, `valid_from` TIMESTAMP_NTZ, `valid_to` TIMESTAMP_NTZ) TBLPROPERTIES ('delta.enableDeletionVectors'='true', 'delta.columnMapping.mode'='name')
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__silver`.`silver__users` CLUSTER BY (`user_id`) TBLPROPERTIES ('delta.enableDeletionVectors'='true')
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__silver`.`silver__watches` CLUSTER BY (`watch_id`) TBLPROPERTIES ('delta.enableDeletionVectors'='true')
CREATE TABLE IF NOT EXISTS `streaming_prod`.`sqlmesh__silver`.`temp_silver__users_snapshot` TBLPROPERTIES ('delta.enableDeletionVectors'='true', 'delta.columnMapping.mode'='name')
GRANT USE CATALOG ON CATALOG streaming_prod TO `analysts`
GRANT USE CATALOG, CREATE SCHEMA, USE SCHEMA, CREATE TABLE, CREATE VOLUME, READ VOLUME, SELECT, MODIFY, APPLY TAG, MANAGE ON CATALOG streaming_prod TO `platform`
GRANT USE CATALOG, CREATE SCHEMA, USE SCHEMA, CREATE TABLE, SELECT, MODIFY, APPLY TAG, MANAGE ON CATALOG streaming_dev TO `platform`
GRANT USE SCHEMA, EXECUTE ON SCHEMA streaming_prod.governance TO `platform`
GRANT USE SCHEMA, SELECT ON SCHEMA streaming_prod.analytics TO `analysts`
GRANT USE SCHEMA, SELECT ON SCHEMA streaming_prod.gold TO `analysts`
