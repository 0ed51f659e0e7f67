/*
A row is a device, as its newest accepted delivery shows it. It comes from silver.accepted_devices, and
changes on a day that delivers the device again.
Grain: device_id.
*/
MODEL (
  name silver.devices,
  kind INCREMENTAL_BY_UNIQUE_KEY (
    unique_key device_id
  ),
  grain device_id,
  tags (silver, personal_data),
  clustered_by device_id,
  physical_properties (
    'delta.enableDeletionVectors' = 'true'
  ),
  signals (
    day_is_delivered()
  ),
  audits (
    grain_is_unique(key := device_id, changed := silver.devices, changed_on := _delivered_on),
    not_null(columns := (device_id, name, updated_at))
  )
);

SELECT
  device_id, /* Identifies the device. */
  name, /* Name of the device. */
  updated_at, /* When the source last changed the row, in UTC. */
  _ingest_date AS _delivered_on, /* Day of the delivery that is shown. */
  COUNT(*) OVER (PARTITION BY device_id) AS _accepted_deliveries /* Number of accepted deliveries of the device. */
FROM silver.accepted_devices
WHERE
  _ingest_date <= @end_date
  AND @IS_TOUCHED(device_id, silver.accepted_devices, _ingest_date)
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY device_id
    ORDER BY updated_at DESC, _ingest_date DESC, _row_hash DESC
  ) = 1;

@PRIMARY_KEY(device_id);

@PERSONAL_DATA(name)
