MODEL (
  name silver.devices,
  kind INCREMENTAL_BY_UNIQUE_KEY (
    unique_key device_id
  ),
  description 'The devices as last delivered. Grain: device_id.',
  grain device_id,
  tags (
    silver
  ),
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

WITH touched AS (
  SELECT
    device_id
  FROM silver.accepted_devices
  WHERE
    _ingest_date BETWEEN @start_date AND @end_date
), ranked AS (
  SELECT
    device_id,
    name,
    updated_at,
    _ingest_date,
    ROW_NUMBER() OVER (
      PARTITION BY device_id
      ORDER BY updated_at DESC, _ingest_date DESC, _row_hash DESC
    ) AS place,
    COUNT(*) OVER (PARTITION BY device_id) AS accepted
  FROM silver.accepted_devices
  WHERE
    _ingest_date <= @end_date
    AND device_id IN (
      SELECT
        device_id
      FROM touched
    )
)
SELECT
  device_id, /* Identifies the device. */
  name, /* Name of the device. */
  updated_at, /* When the source last changed the row, in UTC. */
  _ingest_date AS _delivered_on, /* Day of the delivery that is shown. */
  accepted AS _accepted_deliveries /* Number of accepted deliveries of the device. */
FROM ranked
WHERE
  place = 1;

@PRIMARY_KEY(device_id)