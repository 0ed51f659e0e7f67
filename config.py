"""What config.yaml would say, and the loader, which YAML cannot name. Settings: .env.example."""

from __future__ import annotations

from typing import Any

from sqlmesh.core.config import (
    CategorizerConfig,
    Config,
    LinterConfig,
    ModelDefaultsConfig,
    PlanConfig,
)
from sqlmesh.core.config.format import FormatConfig
from sqlmesh.integrations.github.cicd.config import GithubCICDBotConfig

from macros.settings import databricks_host, setting
from operations.hooks.loader import ProjectLoader
from operations.sqlmesh_internals import duckdb_files, local_state, sql_warehouse

DATA = setting("STREAMING_DATA_DIR")
ON_DATABRICKS = bool(setting("DATABRICKS_HOST"))
GRANTS = ON_DATABRICKS and bool(setting("STREAMING_ANALYSTS"))
CATEGORIES = CategorizerConfig(sql="full", python="full", seed="full")


def databricks() -> dict[str, Any]:
    """The gateway to a SQL warehouse."""
    tasks = setting("DATABRICKS_CONCURRENT_TASKS")
    if setting("DATABRICKS_CLIENT_ID"):
        credentials = {
            "auth_type": "databricks-oauth",
            "oauth_client_id": setting("DATABRICKS_CLIENT_ID"),
            "oauth_client_secret": setting("DATABRICKS_CLIENT_SECRET"),
        }
    else:
        credentials = {"access_token": setting("DATABRICKS_TOKEN")}
    connection = sql_warehouse(
        server_hostname=databricks_host(),
        http_path=setting("DATABRICKS_HTTP_PATH"),
        **credentials,
        # Without its catalog SQLMesh connects to this gateway at every start, whichever gateway
        # was asked for.
        catalog="streaming_prod",
        concurrent_tasks=tasks,
        disable_databricks_connect=True,
        # In a job SQLMesh would take the Spark session of the task instead of the warehouse.
        disable_spark_session=True,
        session_configuration={
            "timezone": "UTC",
            "QUERY_TAGS": (
                f"project:streaming-platform,environment:{setting('STREAMING_ENVIRONMENT')}"
            ),
        },
    )
    if setting("STREAMING_STATE_HOST"):
        state: Any = {
            "type": "postgres",
            "host": setting("STREAMING_STATE_HOST"),
            "port": setting("STREAMING_STATE_PORT"),
            "database": setting("STREAMING_STATE_DATABASE"),
            "user": setting("STREAMING_STATE_USER"),
            "password": setting("STREAMING_STATE_PASSWORD"),
            "keepalives_idle": 30,
            "concurrent_tasks": tasks,
        }
    else:
        # One person's trial; anything shared keeps its state in Postgres.
        state = local_state(f"{DATA}/state_databricks.duckdb", int(tasks))
    return {"connection": connection, "state_connection": state}


config = Config(
    default_gateway="local",
    gateways={
        "local": {
            "connection": duckdb_files(
                catalogs={
                    "streaming_prod": f"{DATA}/streaming_prod.duckdb",
                    "streaming_dev": f"{DATA}/streaming_dev.duckdb",
                },
                concurrent_tasks=3,
                connector_config={
                    "TimeZone": "UTC",
                    "preserve_insertion_order": False,
                    # A quarter less to write than the format that DuckDB before 1.2 can read.
                    "storage_compatibility_version": "latest",
                    # A file that was replaced by one of the same size would be read as it was.
                    "enable_external_file_cache": False,
                },
                # Each is a statement of its own in DuckDB: a quarter of those of a daily run.
                register_comments=False,
            ),
            "state_connection": local_state(f"{DATA}/state.duckdb", concurrent_tasks=3),
        },
        **({"databricks": databricks()} if ON_DATABRICKS else {}),
    },
    environment_catalog_mapping={"^prod$": "streaming_prod", ".*": "streaming_dev"},
    model_defaults=ModelDefaultsConfig(
        dialect="databricks",
        start="2026-01-01",
        cron="@daily",
        owner="data-platform",
        session_properties={"query_tags": "@query_tags()"},
    ),
    after_all=["@grants_to_analysts()"] if GRANTS else None,
    linter=LinterConfig(enabled=True, rules="ALL"),
    format=FormatConfig(normalize=False, append_newline=True),
    # With previews, a plan of dev that changes the forward-only silver.users_snapshot would begin
    # at its last day, and all else that changed with it would lack its history.
    plan=PlanConfig(auto_categorize_changes=CATEGORIES, enable_preview=False),
    # The bot makes the environment of a pull request, shows the plan, and deploys when told to. It
    # reads no comments, knows no approvers and does not merge: operations/github.py does, since
    # the bot would deploy for whoever comments.
    cicd_bot=GithubCICDBotConfig(
        pr_environment_name="pr",
        pr_include_unmodified=True,
        skip_pr_backfill=False,
        auto_categorize_changes=CATEGORIES,
    ),
    # How long a rollback finds the tables before a deployment (operations/rollback.py).
    snapshot_ttl="in 30 days",
    # How long an environment beside prod lives after its last plan.
    environment_ttl="in 2 weeks",
    loader=ProjectLoader,
    # requirements.txt says what runs. SQLMesh would look through every installed package at each
    # plan, to list those that macros import.
    infer_python_dependencies=False,
    disable_anonymized_analytics=True,
)
