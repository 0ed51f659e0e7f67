"""The variables of databricks.yml, where each is described."""

from __future__ import annotations

from databricks.bundles.core import Variable, variables


@variables
class Variables:
    """References; the command line puts the target's values in."""

    environment: Variable[str]
    gateway: Variable[str]
    secret_scope: Variable[str]
    service_principal: Variable[str]
    engineers: Variable[str]
    analysts: Variable[str]
    alert_email: Variable[str]
    start_with: Variable[str]
    schedule: Variable[str]
    wait_hours: Variable[int]
    landing: Variable[str]
    landing_format: Variable[str]
    max_reject_share: Variable[float]
    max_silence_days: Variable[str]
    alert_schedule: Variable[str]
    alert_days_behind: Variable[float]
    alert_reject_share: Variable[float]
    warehouse_size: Variable[str]
    warehouse_idle_minutes: Variable[int]
    state_host: Variable[str]
    state_database: Variable[str]
