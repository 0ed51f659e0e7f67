/*
A row is a delivered row of devices that breaks no rule, cleaned: silver.devices shows the newest of each
device. It comes from bronze.delivered_devices, and only loading its day again, or a changed rule, changes it.
Grain: one delivered row.
*/
MODEL (
  name silver.accepted_devices,
  kind INCREMENTAL_BY_TIME_RANGE (
    time_column _ingest_date,
    partition_by_time_column FALSE
  ),
  tags (silver, deliveries, internal, personal_data),
  clustered_by _ingest_date,
  audits (
    not_null(columns := (device_id, _row_hash))
  )
);

SELECT
  device_id, /* Identifies the device. */
  @CLEAN(name) AS name, /* Name of the device. */
  updated_at, /* When the source last changed the row, in UTC. */
  _ingest_date, /* Day of delivery, UTC. */
  @ROW_HASH(@DEVICES_COLUMNS(), deliveries) AS _row_hash /* MD5 of the delivered values. */
FROM bronze.delivered_devices AS deliveries
WHERE
  _ingest_date BETWEEN @start_date AND @end_date
  AND @IS_ACCEPTABLE(@DEVICES_RULES(), deliveries);

@PERSONAL_DATA(name)
