"""Where data and secrets are: schemas, landing, warehouse, secret scope.

The Postgres of the state is in databricks.yml: databricks-bundles has no types of it yet (1.22).
"""

from __future__ import annotations

from databricks.bundles.schemas import Lifecycle, Privilege, PrivilegeAssignment, Schema
from databricks.bundles.secret_scopes import SecretScope
from databricks.bundles.sql_warehouses import CreateWarehouseRequestWarehouseType, SqlWarehouse
from databricks.bundles.volumes import Lifecycle as VolumeLifecycle
from databricks.bundles.volumes import Privilege as VolumePrivilege
from databricks.bundles.volumes import PrivilegeAssignment as VolumePrivilegeAssignment
from databricks.bundles.volumes import Volume, VolumeType

from macros.feeds import LAYERS
from resources.variables import Variables

WAREHOUSE_ID = "${resources.sql_warehouses.platform.id}"
COMMENTS = {
    "bronze": "Every delivered row, typed.",
    "silver": "Accepted rows, one per key, and the histories of users.",
    "quarantine": "Rejected rows, each with all its reasons.",
    "quality": "What was delivered and what became of it.",
    "gold": "Facts and dimensions, published only after the quality gates.",
    "analytics": "The analyses, on gold and silver.",
}


def catalog(environment: str) -> str:
    """The catalog of an environment (environment_catalog_mapping in config.py)."""
    return "streaming_prod" if environment == "prod" else "streaming_dev"


def schema(layer: str, environment: str) -> str:
    """The schema of a layer in an environment, as SQLMesh names it."""
    return layer if environment == "prod" else f"{layer}__{environment}"


def schemas() -> dict[str, Schema]:
    """The schemas of prod, by layer.

    SQLMesh would make them too, without comments, as it does in dev: there it comes first, and a
    bundle takes over no schema that is there. The tables in them are SQLMesh's: nothing that is
    done to the bundle removes them.
    """
    return {
        layer: Schema(
            catalog_name=catalog("prod"),
            name=layer,
            comment=COMMENTS[layer],
            lifecycle=Lifecycle(prevent_destroy=True),
        )
        for layer in LAYERS
    }


def landing_schema() -> Schema:
    """The schema of the landing."""
    return Schema(
        catalog_name="streaming_prod",
        name="landing",
        comment="Where deliveries land.",
        grants=[
            PrivilegeAssignment(principal=principal, privileges=[Privilege.USE_SCHEMA])
            for principal in (Variables.service_principal, Variables.engineers)
        ],
        lifecycle=Lifecycle(prevent_destroy=True),
    )


def landing() -> Volume:
    """The volume of the deliveries; jobs and engineers read it, who delivers is let in apart."""
    return Volume(
        catalog_name="streaming_prod",
        schema_name="${resources.schemas.landing.name}",
        name="deliveries",
        volume_type=VolumeType.MANAGED,
        comment="Deliveries: <feed>/dt=YYYY-MM-DD/*.csv, json or parquet.",
        grants=[
            VolumePrivilegeAssignment(principal=principal, privileges=[VolumePrivilege.READ_VOLUME])
            for principal in (Variables.service_principal, Variables.engineers)
        ],
        lifecycle=VolumeLifecycle(prevent_destroy=True),
    )


def warehouse() -> SqlWarehouse:
    """The SQL warehouse on which models are computed, and in prod people query too."""
    return SqlWarehouse(
        name="streaming platform",
        warehouse_type=CreateWarehouseRequestWarehouseType.PRO,
        enable_serverless_compute=True,
        cluster_size=Variables.warehouse_size,
        min_num_clusters=1,
        max_num_clusters=1,
        auto_stop_mins=Variables.warehouse_idle_minutes,
    )


def secrets() -> SecretScope:
    """The scope of the secrets, still empty. Who may READ it: as whom prod's jobs run
    (`permissions` in databricks.yml), in dev who deploys."""
    return SecretScope(name=Variables.secret_scope)
