MODEL (
  name silver.accepted_devices,
  kind INCREMENTAL_BY_TIME_RANGE (
    time_column _ingest_date
  ),
  description 'The deliveries of devices that can be accepted, in the form of silver. Grain: one delivered row.',
  tags (silver, deliveries, internal),
  audits (
    not_null(columns := (device_id, _row_hash))
  )
);

WITH deliveries AS (
  SELECT
    device_id,
    name,
    updated_at,
    _ingest_date,
    _rescued_data
  FROM bronze.delivered_devices
)
SELECT
  device_id, /* Identifies the device. */
  @CLEAN(name) AS name, /* Name of the device. */
  updated_at, /* When the source last changed the row, in UTC. */
  _ingest_date, /* Day of delivery, UTC. */
  @ROW_HASH(
    deliveries.device_id::BIGINT,
    deliveries.name::STRING,
    deliveries.updated_at::TIMESTAMP_NTZ
  ) AS _row_hash /* MD5 of the delivered values. */
FROM deliveries
WHERE
  _ingest_date BETWEEN @start_date AND @end_date
  AND @IS_ACCEPTABLE(@DEVICES_RULES(), deliveries)