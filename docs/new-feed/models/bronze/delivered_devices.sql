/*
A row is a delivered row of devices, once per delivery, as a day's load stored it. bronze.devices
adds its hash. Only loading its day again changes a row.
Grain: one delivered row.
*/
MODEL (
  name bronze.delivered_devices,
  kind INCREMENTAL_BY_TIME_RANGE (
    time_column _ingest_date,
    partition_by_time_column FALSE
  ),
  tags (bronze, deliveries, internal, personal_data),
  clustered_by _ingest_date,
  signals (
    day_is_delivered()
  ),
  audits (
    not_null(columns := (_loaded_at, _source)),
    file_is_not_replaced(feed := devices)
  )
);

SELECT
  device_id, /* Identifies the device. */
  name, /* Name of the device. */
  updated_at, /* When the source last changed the row, in UTC. */
  _ingest_date, /* Day of delivery (dt), UTC. */
  @execution_ts::TIMESTAMP_NTZ AS _loaded_at, /* When the load ran, in UTC. */
  _source, /* Path of the delivered file, or the seed's name. */
  _rescued_data, /* JSON object of the values that do not fit their column, as delivered; NULL without any. */
  _file_state /* Checksum of the file's size and time when it was read; NULL of a seed. */
FROM @DELIVERY('devices', @DEVICES_COLUMNS())
WHERE
  _ingest_date BETWEEN @start_date AND @end_date;

@PERSONAL_DATA(name, _rescued_data)
