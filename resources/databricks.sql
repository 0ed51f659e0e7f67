-- What a workspace needs that only admins may make, run once (SQL editor, or any client): the first
-- statement by an account or a workspace admin, who may make governed tags; the rest by a metastore
-- admin. All but the first can be run again. The rest, with the landing, is the bundle's
-- (databricks.yml). Replace the principals: platform is the one service principal (its application
-- id) that deploys the bundle and runs SQLMesh for pull requests, dev and prod; engineers see
-- personal data; analysts read results.

-- Policies match governed tags only. It has no values, so columns have it or not. If the account has
-- it already (SHOW GOVERNED TAGS), leave the statement out. There is no SQL for its permissions:
-- Catalog > Govern > Governed Tags > personal_data > Permissions, and give platform ASSIGN.
CREATE GOVERNED TAG personal_data DESCRIPTION 'Names, email addresses and free text of users.';

-- Where the metastore has no storage of its own, add to both: MANAGED LOCATION '<a folder of an
-- external location>'.
CREATE CATALOG IF NOT EXISTS streaming_prod;
CREATE CATALOG IF NOT EXISTS streaming_dev;

-- platform owns every schema, table, view and volume that SQLMesh and the bundle make, and so may do
-- with them what it likes; it may neither change these catalogs nor their policies. It sees the names
-- of what others own there (BROWSE), for `streaming check`.
GRANT USE CATALOG, CREATE SCHEMA, BROWSE ON CATALOG streaming_prod TO `platform`;
GRANT USE CATALOG, CREATE SCHEMA, BROWSE ON CATALOG streaming_dev TO `platform`;

-- Engineers read everything, and change nothing: the landing's volume is the bundle's to grant.
GRANT USE CATALOG, USE SCHEMA, SELECT ON CATALOG streaming_prod TO `engineers`;
GRANT USE CATALOG, USE SCHEMA, SELECT ON CATALOG streaming_dev TO `engineers`;

-- Analysts: the schemas gold and analytics are granted by every plan (STREAMING_ANALYSTS).
GRANT USE CATALOG ON CATALOG streaming_prod TO `analysts`;

-- Personal data: every column that a model tags is masked, in all layers, seeds, histories and
-- quarantine, for everyone but the principals named here. Who reads a view is who counts.
CREATE SCHEMA IF NOT EXISTS streaming_prod.governance;
CREATE OR REPLACE FUNCTION streaming_prod.governance.masked(value STRING)
RETURNS STRING
COMMENT 'What is shown instead of personal data.'
RETURN CASE WHEN value IS NULL THEN NULL ELSE '***' END;

CREATE OR REPLACE POLICY mask_personal_data ON CATALOG streaming_prod
COMMENT 'Personal data is for the platform and its engineers only.'
COLUMN MASK streaming_prod.governance.masked
TO `account users` EXCEPT `platform`, `engineers`
FOR TABLES
MATCH COLUMNS has_tag('personal_data') AS personal
ON COLUMN personal;

CREATE OR REPLACE POLICY mask_personal_data ON CATALOG streaming_dev
COMMENT 'Personal data is for the platform and its engineers only.'
COLUMN MASK streaming_prod.governance.masked
TO `account users` EXCEPT `platform`, `engineers`
FOR TABLES
MATCH COLUMNS has_tag('personal_data') AS personal
ON COLUMN personal;
