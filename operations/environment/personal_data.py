"""Which columns hold personal data, found by the lineage of columns."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp
from sqlmesh.core.model import Model

from operations.environment.lineage import Column, parents
from operations.sqlmesh_internals import MacroFunc

Models = Mapping[str, Model]  # by full name, as an environment has them

TAG = "personal_data"  # the macro that tags columns, in macros/unity_catalog.py
FREE_TEXT = ("device", "review", "_rescued_data")  # anything that a person or a source wrote
PERSONAL = ("name", "email", *FREE_TEXT)
REJECTED = "quarantine"  # the schema of rows whose text was not found fit


class PersonalData:
    """Says of a column whether it holds personal data, in an environment or in prod.

    It does if one of these is true, in either of the two, of it or of a column that it is computed
    from. The column

    - is tagged by @PERSONAL_DATA, or a tagged column is computed from it,
    - is free text of a person or a source, or text of a quarantined row,
    - cannot be traced to its source, or is a column of a source that prod does not have.
    """

    def __init__(self, environment: Models, prod: Models) -> None:
        self._versions = (environment, prod)
        self._known = {(name, column) for name, m in prod.items() for column in _columns(m)}
        self._parents: dict[tuple[int, Column], frozenset[Column] | None] = {}
        found = {column for models in self._versions for column in tagged(models)}
        self._marked = found.union(
            *(self._upstream(models, column)[0] for models in self._versions for column in found)
        )

    def holds(self, model: str, column: str) -> bool:
        """Whether a column of a model, by its full name, holds personal data."""
        versions = [v for v in self._versions if model in v and column in _columns(v[model])]
        return not versions or any(self._holds(version, (model, column)) for version in versions)

    def _holds(self, models: Models, column: Column) -> bool:
        columns, is_traced = self._upstream(models, column)
        return not is_traced or any(self._is_marked(models, c) for c in columns)

    def _is_marked(self, models: Models, column: Column) -> bool:
        model, name = models[column[0]], column[1]
        is_text = _columns(model)[name].is_type(*exp.DataType.TEXT_TYPES)
        is_rejected_text = model.schema_name == REJECTED and is_text
        return column in self._marked or name in FREE_TEXT or is_rejected_text

    def _upstream(self, models: Models, column: Column) -> tuple[set[Column], bool]:
        """A column and all that it is computed from; whether all of it could be traced."""
        found: set[Column] = set()
        ahead = {column}
        is_traced = True
        while ahead:
            column = ahead.pop()
            above = self._parents_of(models, column)
            if above is None:
                is_traced = False
                continue
            found.add(column)
            ahead |= above - found
        return found, is_traced

    def _parents_of(self, models: Models, column: Column) -> frozenset[Column] | None:
        """The columns that a column is directly computed from; None where they are not known."""
        key = (id(models), column)
        if key not in self._parents:
            name, text = column
            model = models.get(name)
            if model is None or text not in _columns(model):
                self._parents[key] = None
            elif model.kind.is_seed:
                self._parents[key] = frozenset() if column in self._known else None
            else:
                self._parents[key] = parents(model, text) if model.is_sql else None
        return self._parents[key]


def _columns(model: Model) -> Mapping[str, exp.DataType]:
    """A model's columns with their types; none where they are not known."""
    return model.columns_to_types or {}


def tagged(models: Models) -> set[Column]:
    """The columns that models tag as personal data."""
    return {
        (name, column.name)
        for name, model in models.items()
        for statement in model.post_statements
        for call in statement.find_all(MacroFunc)
        if call.name.lower() == TAG
        for column in call.find_all(exp.Column)
    }
