"""Alerts on the data itself: they come also where no job ran that could have failed."""

from __future__ import annotations

from databricks.bundles.alerts import (
    Alert,
    AlertEvaluationState,
    AlertV2Evaluation,
    AlertV2Notification,
    AlertV2Operand,
    AlertV2OperandColumn,
    AlertV2OperandValue,
    AlertV2Subscription,
    ComparisonOperator,
    CronSchedule,
)
from databricks.bundles.core import VariableOr

from resources.storage import WAREHOUSE_ID, catalog, schema
from resources.variables import Variables

LATE = """SELECT
  COALESCE(MAX(days_behind), 1000) AS days_behind
FROM (
  SELECT
    feed,
    DATEDIFF(CURRENT_DATE(), MAX(_ingest_date)) - 1 AS days_behind
  FROM {quality}.deliveries
  GROUP BY
    feed
)"""
REJECTS = """SELECT
  COALESCE(MAX(rejected / delivered), 0) AS reject_share
FROM {quality}.deliveries
WHERE
  _ingest_date = DATE_SUB(CURRENT_DATE(), 1)"""


def alerts(environment: str) -> dict[str, Alert]:
    """Lateness and rejects of an environment, as of the last finished day (UTC)."""
    quality = f"{catalog(environment)}.{schema('quality', environment)}"
    return {
        "late": alert(
            "streaming: a feed is late",
            LATE.format(quality=quality),
            "days_behind",
            Variables.alert_days_behind,
        ),
        "rejects": alert(
            "streaming: many rejects",
            REJECTS.format(quality=quality),
            "reject_share",
            Variables.alert_reject_share,
        ),
    }


def alert(name: str, query: str, column: str, threshold: VariableOr[float]) -> Alert:
    """A mail when the query's one value is above a threshold, and another when it is no more."""
    return Alert(
        display_name=name,
        query_text=query,
        warehouse_id=WAREHOUSE_ID,
        schedule=CronSchedule(quartz_cron_schedule=Variables.alert_schedule, timezone_id="UTC"),
        evaluation=AlertV2Evaluation(
            source=AlertV2OperandColumn(name=column),
            comparison_operator=ComparisonOperator.GREATER_THAN,
            threshold=AlertV2Operand(value=AlertV2OperandValue(double_value=threshold)),
            empty_result_state=AlertEvaluationState.TRIGGERED,
            notification=AlertV2Notification(
                notify_on_ok=True,
                subscriptions=[AlertV2Subscription(user_email=Variables.alert_email)],
            ),
        ),
    )
