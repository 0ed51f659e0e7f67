/*
A row is a delivered row of devices that breaks a rule (macros/rules.py), with every reason. It comes from
bronze.delivered_devices, and only loading its day again, or a changed rule, changes it.
Grain: one delivered row.
*/
MODEL (
  name quarantine.devices,
  kind INCREMENTAL_BY_TIME_RANGE (
    time_column _ingest_date,
    partition_by_time_column FALSE
  ),
  tags (quarantine, deliveries, personal_data),
  clustered_by _ingest_date,
  audits (
    not_null(columns := (_row_hash, _rejected_for))
  )
);

SELECT
  device_id, /* Identifies the device. */
  name, /* Name of the device. */
  updated_at, /* When the source last changed the row, in UTC. */
  _ingest_date, /* Day of delivery (dt), UTC. */
  _loaded_at, /* When the load ran, in UTC. */
  _source, /* Path of the delivered file, or the seed's name. */
  @ROW_HASH(@DEVICES_COLUMNS(), deliveries) AS _row_hash, /* MD5 of the delivered values: equal rows have equal hashes. */
  _rescued_data, /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
  @REASONS(@DEVICES_RULES(), deliveries)::ARRAY<STRING> AS _rejected_for /* Every reason that applies, sorted. */
FROM bronze.delivered_devices AS deliveries
WHERE
  _ingest_date BETWEEN @start_date AND @end_date
  AND NOT @IS_ACCEPTABLE(@DEVICES_RULES(), deliveries);

@PERSONAL_DATA(name, _rescued_data)
