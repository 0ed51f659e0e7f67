"""Who may open what in prod, kind by kind; in dev all of it belongs to whoever deployed.

Not by the `permissions` at the top of databricks.yml: what a level there means differs from kind to
kind. CAN_RUN would let engineers watch the warehouse and not query it, and open no dashboard.
What can be read there is granted in Unity Catalog.

Source: docs.databricks.com/security/auth/access-control
"""

from __future__ import annotations

from dataclasses import replace

from databricks.bundles.alerts import Alert
from databricks.bundles.alerts import Permission as AlertPermission
from databricks.bundles.alerts import PermissionLevel as AlertLevel
from databricks.bundles.core import Resource
from databricks.bundles.dashboards import Dashboard
from databricks.bundles.dashboards import Permission as DashboardPermission
from databricks.bundles.dashboards import PermissionLevel as DashboardLevel
from databricks.bundles.jobs import Job, JobPermission, JobPermissionLevel
from databricks.bundles.sql_warehouses import (
    SqlWarehouse,
    SqlWarehousePermission,
    WarehousePermissionLevel,
)

from resources.variables import Variables

ENGINEERS = Variables.engineers
PEOPLE = (ENGINEERS, Variables.analysts)


def permitted(resource: Resource) -> Resource:
    """The resource, with the permissions of its kind."""
    if isinstance(resource, Job):  # see, start and cancel
        run = JobPermissionLevel.CAN_MANAGE_RUN
        return replace(resource, permissions=[JobPermission(level=run, group_name=ENGINEERS)])
    if isinstance(resource, Alert):  # see, and let it look now
        look = AlertLevel.CAN_RUN
        return replace(resource, permissions=[AlertPermission(level=look, group_name=ENGINEERS)])
    if isinstance(resource, SqlWarehouse):
        use = WarehousePermissionLevel.CAN_USE
        return replace(
            resource,
            permissions=[SqlWarehousePermission(level=use, group_name=group) for group in PEOPLE],
        )
    if isinstance(resource, Dashboard):
        read = DashboardLevel.CAN_READ
        return replace(
            resource,
            permissions=[DashboardPermission(level=read, group_name=group) for group in PEOPLE],
        )
    return resource
