"""The lineage of models and columns, as the script that docs/javascripts/lineage.js draws."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlmesh.core.model import Model

from documentation.catalog import Catalog
from operations.environment.shown import HELPERS

DATA = "lineage/data.js"  # a script, since a page that was opened as a file may load no JSON


def name(model: Model) -> str:
    """A model as people name it; the catalog is the environment's."""
    return f"{model.schema_name}.{model.view_name}"


def of_catalog(catalog: Catalog) -> dict[str, Any]:
    """What the graph shows: each model, what it reads, and what its columns are computed from."""
    names = {full: name(model) for full, model in catalog.models.items()}
    return {
        names[model.fqn]: {
            "reads": [name(above) for above in catalog.neighbours(model)[0]],
            "helper": bool(HELPERS.intersection(model.tags)),
            "columns": _columns(catalog, model, names),
        }
        for model in catalog.ordered()
    }


def script(graph: Mapping[str, Any]) -> str:
    """The graph as a script that says it to the page."""
    return f"window.LINEAGE = {json.dumps(graph, separators=(',', ':'))}\n"


def _columns(catalog: Catalog, model: Model, names: Mapping[str, str]) -> dict[str, list[str]]:
    columns: Iterable[str] = model.columns_to_types or {}
    return {
        column: [
            f"{names[above]}.{of}"
            for above, of in catalog.lineage[model.fqn, column]
            if above in names
        ]
        for column in columns
    }
