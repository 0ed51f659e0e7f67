"""From which columns of other models a column is computed."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlmesh.core.model import Model
from sqlmesh.utils.errors import SQLMeshError

from operations.sqlmesh_internals import column_lineage, normalize_model_name

Column = tuple[str, str]  # a model's full name and a column's


def parents(model: Model, column: str) -> frozenset[Column] | None:
    """The columns of other models that a model's query computes a column from.

    Returns:
        None where they cannot be told: of a file, of a placeholder, or of a query that SQLMesh
        cannot trace.
    """
    found = set()
    try:
        leaves = [node for node in column_lineage(model, column).walk()]
    except (SQLMeshError, SqlglotError, ValueError):
        return None
    for leaf in leaves:
        if leaf.downstream:
            continue
        if isinstance(leaf.expression, exp.Table):
            table = normalize_model_name(
                leaf.expression, model.default_catalog, dialect=model.dialect
            )
            found.add((table, exp.to_column(leaf.name).name))
        elif leaf.expression.find(exp.Column, exp.Table, exp.Placeholder):
            return None
    return frozenset(found)
