"""The AI/BI dashboard of the platform, as a resource of the Asset Bundle.

What it shows stands in dashboard/ and `layout.py`; `streaming dashboard --bundle` makes of them the
file of each environment, `streaming_<environment>.lvdash.json`, which is deployed, and
`metric_views_<environment>.sql`, which somebody runs (docs/jobs.md).
"""

from __future__ import annotations

from pathlib import Path

from databricks.bundles.dashboards import Dashboard

ENVIRONMENTS = ("prod", "dev")
DISPLAY_NAME = "Streaming platform"
HERE = Path(__file__).parent


def dashboard_file(environment: str) -> Path:
    """Where the dashboard of an environment is kept."""
    return HERE / f"streaming_{environment}.lvdash.json"


def metric_views_file(environment: str) -> Path:
    """Where the statements are kept that make the metric views of an environment."""
    return HERE / f"metric_views_{environment}.sql"


def dashboard(target_environment: str, warehouse_id: str) -> Dashboard:
    """The dashboard that reads the tables of a SQLMesh environment.

    Whoever opens it reads with their own permissions, so that it shows nobody more than they may
    see anyway.

    Args:
        target_environment: A SQLMesh environment, one of ENVIRONMENTS.
        warehouse_id: The SQL warehouse that answers its queries; a bundle's variable will do.

    Raises:
        ValueError: No dashboard is made for the environment.
    """
    if target_environment not in ENVIRONMENTS:
        raise ValueError(
            f"There is no dashboard for the environment {target_environment!r}, only for "
            f"{' and '.join(ENVIRONMENTS)}: add it to ENVIRONMENTS in resources/ai_bi, then "
            "run streaming dashboard --bundle"
        )
    return Dashboard(
        display_name=DISPLAY_NAME,
        warehouse_id=warehouse_id,
        serialized_dashboard=dashboard_file(target_environment).read_text(encoding="utf-8"),
        embed_credentials=False,
    )
