/* What each model cost by day, at list prices: what a warehouse cost in an hour, shared out by the time that statements took in it. */
WITH prices AS (
  SELECT
    sku_name,
    cloud,
    usage_unit,
    price_start_time,
    COALESCE(price_end_time, CAST('9999-12-31' AS TIMESTAMP)) AS price_end_time,
    CAST(pricing.effective_list.`default` AS DOUBLE) AS price
  FROM system.billing.list_prices
), spent AS (
  SELECT
    used.usage_metadata.warehouse_id AS warehouse_id,
    DATE_TRUNC('HOUR', used.usage_start_time) AS hour,
    SUM(used.usage_quantity * prices.price) AS cost
  FROM system.billing.usage AS used
  INNER JOIN prices
    ON prices.sku_name = used.sku_name
    AND prices.cloud = used.cloud
    AND prices.usage_unit = used.usage_unit
    AND prices.price_start_time <= used.usage_start_time
    AND prices.price_end_time > used.usage_start_time
  WHERE
    used.usage_date >= DATE_ADD(CURRENT_DATE, -30)
  GROUP BY ALL
), statements AS (
  SELECT
    compute.warehouse_id AS warehouse_id,
    DATE_TRUNC('HOUR', start_time) AS hour,
    query_tags['project'] AS project,
    COALESCE(query_tags['model'], 'of no model') AS model,
    COUNT(*) AS statements,
    SUM(total_duration_ms) AS duration
  FROM system.query.history
  WHERE
    start_time >= DATE_ADD(CURRENT_DATE, -30)
  GROUP BY ALL
), shares AS (
  SELECT
    *,
    duration / SUM(duration) OVER (PARTITION BY warehouse_id, hour) AS share
  FROM statements
)
SELECT
  CAST(shares.hour AS DATE) AS day,
  shares.model,
  SUM(shares.statements) AS statements,
  SUM(shares.share * spent.cost) AS cost
FROM shares
INNER JOIN spent
  ON spent.warehouse_id = shares.warehouse_id AND spent.hour = shares.hour
WHERE
  shares.project = 'streaming-platform'
GROUP BY
  CAST(shares.hour AS DATE),
  shares.model
ORDER BY
  day DESC,
  cost DESC,
  model
