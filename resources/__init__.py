"""The resources of the bundle, in Python so that they are typed and tested without a workspace."""

from __future__ import annotations

from databricks.bundles.core import Bundle, Resource, Resources

from resources import jobs, storage
from resources.ai_bi import dashboard
from resources.alerts import alerts
from resources.permissions import permitted
from resources.variables import Variables

START = {"schedule": jobs.on_schedule, "file_arrival": jobs.on_file_arrival}


def load_resources(bundle: Bundle) -> Resources:
    """What a target has in its workspace; what both share is in prod.

    Raises:
        ValueError: `start_with` is neither schedule nor file_arrival.
    """
    # mypy does not solve the parameter's type, `Variable[T] | T`.
    environment: str = bundle.resolve_variable(Variables.environment)  # type: ignore[arg-type]
    start_with: str = bundle.resolve_variable(Variables.start_with)  # type: ignore[arg-type]
    if start_with not in START:
        raise ValueError(f"start_with is '{start_with}'; it must be one of {', '.join(START)}.")

    prod = bundle.target == "prod"
    found: dict[str, Resource] = {
        "daily": START[start_with](jobs.daily()),
        "layers": jobs.layers(),
        "restate": jobs.restate(),
        "platform": storage.warehouse(),
        "settings": storage.secrets(),
        "streaming": dashboard(environment, storage.WAREHOUSE_ID),
        **alerts(environment),
    }
    if prod:
        found |= {
            **storage.schemas(),
            "landing": storage.landing_schema(),
            "deliveries": storage.landing(),
        }
        found = {name: permitted(resource) for name, resource in found.items()}
    resources = Resources()
    for name, resource in found.items():
        resources.add_resource(name, resource)
    return resources
