-- What a workspace needs that only a metastore admin may make, run once (SQL editor, or any client);
-- it can be run again. The rest, with the landing, is the bundle's (databricks.yml). Replace the
-- principals: platform deploys the bundle and runs SQLMesh (a service principal's application id or a
-- group), engineers see personal data, analysts read results.

CREATE CATALOG IF NOT EXISTS streaming_prod;
CREATE CATALOG IF NOT EXISTS streaming_dev;

-- SQLMesh makes schemas, tables and views in both catalogs, tags columns and grants on them; the
-- bundle makes the volume of the landing.
GRANT USE CATALOG, CREATE SCHEMA, USE SCHEMA, CREATE TABLE, CREATE VOLUME, READ VOLUME, SELECT, MODIFY, APPLY TAG, MANAGE ON CATALOG streaming_prod TO `platform`;
GRANT USE CATALOG, CREATE SCHEMA, USE SCHEMA, CREATE TABLE, SELECT, MODIFY, APPLY TAG, MANAGE ON CATALOG streaming_dev TO `platform`;

-- Analysts: the schemas gold and analytics are granted by every plan (STREAMING_ANALYSTS).
GRANT USE CATALOG ON CATALOG streaming_prod TO `analysts`;

-- Personal data: every column that a model tags is masked, in bronze, silver, both histories and
-- quarantine, for everyone but the principals named here.
CREATE SCHEMA IF NOT EXISTS streaming_prod.governance;
CREATE OR REPLACE FUNCTION streaming_prod.governance.masked(value STRING)
RETURNS STRING
COMMENT 'What is shown instead of personal data.'
RETURN CASE WHEN value IS NULL THEN NULL ELSE '***' END;
GRANT USE SCHEMA, EXECUTE ON SCHEMA streaming_prod.governance TO `platform`;

CREATE OR REPLACE POLICY mask_personal_data ON CATALOG streaming_prod
COMMENT 'Names and addresses are for the platform and its engineers only.'
COLUMN MASK streaming_prod.governance.masked
TO `account users` EXCEPT `platform`, `engineers`
FOR TABLES
MATCH COLUMNS has_tag('personal_data') AS personal
ON COLUMN personal;

CREATE OR REPLACE POLICY mask_personal_data ON CATALOG streaming_dev
COMMENT 'Names and addresses are for the platform and its engineers only.'
COLUMN MASK streaming_prod.governance.masked
TO `account users` EXCEPT `platform`, `engineers`
FOR TABLES
MATCH COLUMNS has_tag('personal_data') AS personal
ON COLUMN personal;
