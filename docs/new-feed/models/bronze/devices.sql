MODEL (
  name bronze.devices,
  kind VIEW,
  description 'Every delivered row of devices, once per delivery, in the types of silver. Grain: one delivered row, once per delivery.',
  tags (bronze, deliveries),
  audits (
    not_null(columns := (
      _ingest_date
    ))
  )
);

WITH delivered AS (
  SELECT
    device_id,
    name,
    updated_at,
    _ingest_date,
    _loaded_at,
    _source,
    _rescued_data
  FROM bronze.delivered_devices
)
SELECT
  device_id, /* Identifies the device. */
  name, /* Name of the device. */
  updated_at, /* When the source last changed the row, in UTC. */
  _ingest_date, /* Day of delivery (dt), UTC. */
  _loaded_at, /* When the load ran, in UTC. */
  _source, /* Path of the delivered file, or the seed's name. */
  @row_hash(device_id::BIGINT, name::STRING, updated_at::TIMESTAMP_NTZ) AS _row_hash, /* MD5 of the delivered values: equal rows have equal hashes. */
  _rescued_data /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
FROM delivered