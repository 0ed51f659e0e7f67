/*
A row is a delivered row of devices, once per delivery, in the types of silver: the rows of
bronze.delivered_devices with their hash. Only loading its day again changes a row.
Grain: one delivered row.
*/
MODEL (
  name bronze.devices,
  kind VIEW,
  tags (bronze, deliveries),
  audits (
    not_null(columns := _ingest_date)
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
  _rescued_data /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
FROM bronze.delivered_devices AS deliveries
