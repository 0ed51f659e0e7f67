"""How the rows of two relations differ, by SQLMesh's table diff or, without a key, as multisets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlglot import exp
from sqlmesh import EngineAdapter

from operations.sqlmesh_internals import RowDiff, TableDiff

DECIMALS = 6  # doubles that agree up to here are the same
CHANGED_ROWS = 1000  # changed rows that are looked at for samples
SAMPLES = 3  # of a column
NOT_COMPARED = "_loaded_at"  # when a load ran, never the same in two environments


@dataclass(frozen=True)
class Sample:
    """One changed value."""

    key: str
    before: str
    after: str


@dataclass(frozen=True)
class ColumnChange:
    """A column whose value differs in `changed` of the rows that both relations have."""

    name: str
    changed: int
    is_personal: bool
    samples: tuple[Sample, ...]  # none of personal data


@dataclass(frozen=True)
class AddedColumn:
    """A column that only the new relation has."""

    name: str
    type: str
    filled: int  # rows in which it is not NULL
    is_personal: bool
    values: tuple[str, ...]  # examples, none of personal data


@dataclass(frozen=True)
class Comparison:
    """What is different in the rows and columns of a relation.

    `common` are the rows with a key that both have and `changed` those of them that differ; both
    are None without a key, where a changed row counts as removed and added. `removed` is None
    where it cannot be told.
    """

    before: int
    after: int
    added: int
    removed: int | None
    common: int | None
    changed: int | None
    columns: tuple[ColumnChange, ...]
    added_columns: tuple[AddedColumn, ...]
    removed_columns: tuple[str, ...]
    retyped_columns: tuple[tuple[str, str, str], ...]  # name, type before, type after
    repeated_keys: int  # of both relations; with any, rows are compared without a key

    @property
    def touched(self) -> int:
        """Rows added, removed or changed."""
        return self.added + (self.removed or 0) + (self.changed or 0)

    @property
    def is_same(self) -> bool:
        """Whether it is known that no row and no column differs."""
        columns = self.added_columns or self.removed_columns or self.retyped_columns
        return self.removed == 0 and not self.touched and not columns


def compare(
    adapter: EngineAdapter,
    before: str,
    after: str,
    key: Sequence[str],
    is_personal: Callable[[str], bool],
    temp_schema: str,
    where: exp.Expr | None = None,
) -> Comparison:
    """Compares two relations.

    Args:
        before, after: Their names.
        key: The columns that join a row with its counterpart; none for rows without a key.
        is_personal: Whether a column holds personal data, of which no value is kept.
        temp_schema: Where SQLMesh's table diff puts its table, with its catalog.
        where: Which rows of both are compared; default all.
    """
    diff = TableDiff(
        adapter, before, after, list(key), [NOT_COMPARED], where, CHANGED_ROWS, decimals=DECIMALS
    )
    schemas = diff.schema_diff()
    has_key = bool(key) and all(c in diff.source_schema and c in diff.target_schema for c in key)
    rows = diff.row_diff(temp_schema) if has_key else None
    repeated = _repeated_keys(rows) if rows else 0
    if rows is None or repeated:
        counts = _multisets(adapter, diff)
        common = changed = None
        columns: tuple[ColumnChange, ...] = ()
    else:
        counts = rows.source_count, rows.target_count, rows.t_only_count, rows.s_only_count
        common, changed = rows.join_count, rows.partial_match_count
        columns = _changed_columns(diff, rows, is_personal, temp_schema)
    return Comparison(
        *counts,
        common=common,
        changed=changed,
        columns=columns,
        added_columns=_added_columns(adapter, diff, schemas.added, is_personal, has_key),
        removed_columns=tuple(name for name, _ in schemas.removed),
        retyped_columns=tuple(
            (name, _type(old), _type(new)) for name, (old, new) in sorted(schemas.modified.items())
        ),
        repeated_keys=repeated,
    )


def count(adapter: EngineAdapter, relation: str | exp.Expr, where: exp.Expr | None = None) -> int:
    """The rows of a relation."""
    query = exp.select(exp.Count(this=exp.Star())).from_(relation).where(where)
    ((rows,),) = adapter.fetchall(query)
    return rows


def only_in(
    relation: str | exp.Table,
    other: str | exp.Table,
    columns: Sequence[str],
    where: exp.Expr | None = None,
) -> exp.Subquery:
    """The rows that a relation has oftener than another one, as often as it has them more."""
    selects = (
        exp.select(*(exp.column(c, quoted=True) for c in columns))
        .from_(exp.to_table(name))
        .where(where)
        for name in (relation, other)
    )
    return exp.except_(*selects, distinct=False).subquery("only_here")


def _multisets(adapter: EngineAdapter, diff: TableDiff) -> tuple[int, int, int, int]:
    """Rows before and after, added and removed, by the columns that both relations have."""
    columns = [
        name
        for name, type_ in diff.source_schema.items()
        if diff.target_schema.get(name) == type_ and name not in diff.skip_columns
    ]
    names = diff.source, diff.target
    before, after = (count(adapter, name, diff.where) for name in names)
    if not columns:
        return before, after, after, before
    added, removed = (
        count(adapter, only_in(*pair, columns, diff.where)) for pair in (names[::-1], names)
    )
    return before, after, added, removed


def _repeated_keys(rows: RowDiff) -> int:
    """Rows of both relations whose key is missing or that of another row."""
    stats = rows.stats
    repeated = sum(stats[f"{side}_count"] - stats[f"distinct_count_{side}"] for side in "st")
    return int(repeated + stats["null_grain_count"])


def _changed_columns(
    diff: TableDiff, rows: RowDiff, is_personal: Callable[[str], bool], temp_schema: str
) -> tuple[ColumnChange, ...]:
    """The columns that differ, most changed first."""
    columns = []
    for name, equal in rows.column_stats["pct_match"].items():
        changed = round(rows.join_count * (100 - equal) / 100) if rows.join_count else 0
        if changed:
            personal = is_personal(name)
            samples = () if personal else _samples(diff, rows, name, is_personal, temp_schema)
            columns.append(ColumnChange(name, changed, personal, samples))
    return tuple(sorted(columns, key=lambda column: -column.changed))


def _samples(
    diff: TableDiff,
    rows: RowDiff,
    column: str,
    is_personal: Callable[[str], bool],
    temp_schema: str,
) -> tuple[Sample, ...]:
    """Different changes of a column, in the order of the keys."""
    found = _samples_among(diff, rows.joined_sample, column, is_personal)
    if not found:  # the rows looked at changed in other columns
        others = diff.skip_columns.union(diff.source_schema) - {column, *diff.key_columns[2]}
        alone = TableDiff(
            diff.adapter,
            diff.source,
            diff.target,
            list(diff.key_columns[2]),
            sorted(others),
            diff.where,
            CHANGED_ROWS,
            decimals=DECIMALS,
        )
        sample = alone.row_diff(temp_schema, skip_grain_check=True).joined_sample
        found = _samples_among(diff, sample, column, is_personal)
    return tuple(found.values())[:SAMPLES]


def _samples_among(
    diff: TableDiff, rows: pd.DataFrame, column: str, is_personal: Callable[[str], bool]
) -> dict[tuple[str, str], Sample]:
    """The changes of a column among joined rows, each once, with the key of its first row."""
    type_ = diff.source_schema[column]
    key = {name: diff.source_schema[name] for name in diff.key_columns[2]}
    found: dict[tuple[str, str], Sample] = {}
    for row in rows.to_dict("records"):
        before, after = (_text(row[f"{side}__{column}"], type_) for side in "st")
        if before != after and (before, after) not in found:
            parts = (
                f"{name} {'not shown' if is_personal(name) else _text(row[name], of_type)}"
                for name, of_type in key.items()
            )
            found[before, after] = Sample(", ".join(parts), before, after)
    return found


def _added_columns(
    adapter: EngineAdapter,
    diff: TableDiff,
    added: Sequence[tuple[str, exp.DataType]],
    is_personal: Callable[[str], bool],
    has_key: bool,
) -> tuple[AddedColumn, ...]:
    """The columns that only the new relation has; examples only where rows have a key.

    Rows without a key are as they were delivered: nobody has judged yet what their text is.
    """
    table = exp.to_table(diff.target)
    columns = []
    for name, type_ in added:
        column = exp.column(name, quoted=True)
        query = exp.select(exp.Count(this=column)).from_(table).where(diff.where)
        ((filled,),) = adapter.fetchall(query)
        personal = is_personal(name)
        values: tuple[str, ...] = ()
        if has_key and not personal:
            is_there = column.copy().is_(exp.null()).not_()
            query = exp.select(column).distinct().from_(table).where(diff.where).where(is_there)
            found = adapter.fetchall(query.order_by(column.copy()).limit(SAMPLES))
            values = tuple(_text(value, type_) for (value,) in found)
        columns.append(AddedColumn(name, _type(type_), filled, personal, values))
    return tuple(columns)


def _type(type_: exp.DataType) -> str:
    """A type as the models write it."""
    return type_.sql("databricks")


def _text(value: Any, type_: exp.DataType) -> str:
    """A value as people read it; frames turn whole numbers beside NULL into fractions."""
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return "NULL"
    if type_.is_type(*exp.DataType.INTEGER_TYPES):
        return str(int(value))
    if type_.is_type(*exp.DataType.REAL_TYPES):
        return str(round(value, DECIMALS))
    if type_.is_type(exp.DataType.Type.DATE):
        return str(value)[:10]
    if type_.is_type(exp.DataType.Type.BOOLEAN):
        return str(bool(value)).lower()
    return str(value)
