"""Which days the tables of two environments hold, and so which rows can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlmesh.core.snapshot import Snapshot
from sqlmesh.utils.date import to_datetime, to_timestamp

from operations.changes.backfill import days_in
from operations.sqlmesh_internals import (
    DeployabilityIndex,
    Environment,
    Interval,
    remove_interval,
    snapshots_to_dag,
)

Days = tuple[Interval, ...]  # milliseconds since 1970, the second of each not included


@dataclass(frozen=True)
class Version:
    """The models of an environment, by full name, and which of their tables it shows."""

    environment: Environment
    snapshots: Mapping[str, Snapshot]
    index: DeployabilityIndex

    def table(self, name: str) -> str:
        """The physical table that a model's view shows."""
        snapshot = self.snapshots[name]
        return snapshot.table_name(self.index.is_representative(snapshot))

    def view(self, name: str, dialect: str) -> str:
        """The view of a model."""
        names = self.environment.naming_info
        return self.snapshots[name].qualified_view_name.for_environment(names, dialect)

    def days(self, name: str, clones: bool) -> Days:
        """The days of which a model's table has the rows.

        Args:
            clones: Whether the engine begins the preview of a forward-only change with a copy of
                prod's table. Else it holds the days of the last plan and no others, though the
                state says that it holds all.
        """
        snapshot, environment = self.snapshots[name], self.environment
        if self.index.is_representative(snapshot):
            return tuple(snapshot.intervals)
        held = tuple(snapshot.dev_intervals)
        if not snapshot.is_forward_only or clones:
            return held
        end = environment.end_at or snapshot.updated_ts
        return _both(held, ((to_timestamp(environment.start_at), to_timestamp(end)),))


@dataclass(frozen=True)
class Coverage:
    """The days that a model holds after a change, and those that it held before and lacks now.

    `lacking` are the days that the model lacks, or a model that it reads if that lacks more. It
    is a preview if days before the last one are lacking: then all that is counted over days
    differs. `where` selects the days of before and after in rows that say their day; None if
    these are all days, or rows do not say it.
    """

    held: Days
    lacking: Days
    is_preview: bool
    where: exp.Expr | None


def coverage(after: Version, before: Version, clones: bool) -> dict[str, Coverage]:
    """The coverage of every model of `after`, by full name, what is read first."""
    covered: dict[str, Coverage] = {}
    by_id = {snapshot.snapshot_id: snapshot for snapshot in after.snapshots.values()}
    for key in snapshots_to_dag(by_id.values()):
        name, snapshot = key.name, by_id[key]
        held = after.days(name, clones)
        old = before.days(name, clones) if name in before.snapshots else held
        if snapshot.is_view:  # it shows what it reads
            old = held
        parents = [covered[parent.name] for parent in snapshot.parents]
        lacking = _without(old, held)
        last = max((end for _, end in held), default=0)
        covered[name] = Coverage(
            held,
            max([lacking, *(parent.lacking for parent in parents)], key=days_in),
            any(start < last for start, _ in lacking) or any(p.is_preview for p in parents),
            _is_of(snapshot, _both(old, held)) if set(old) != set(held) else None,
        )
    return covered


def _is_of(snapshot: Snapshot, days: Days) -> exp.Expr | None:
    """The condition that a row is of these days; None if the model's rows do not say their day."""
    if snapshot.model.time_column is None:
        return None
    column = snapshot.model.time_column.column
    each = (exp.and_(column >= _date(start), column < _date(end)) for start, end in days)
    return exp.or_(exp.false(), *each)


def _date(timestamp: int) -> exp.Expr:
    return exp.cast(exp.Literal.string(str(to_datetime(timestamp).date())), "DATE")


def _without(days: Days, others: Days) -> Days:
    left = list(days)
    for start, end in others:
        left = remove_interval(left, start, end)
    return tuple(left)


def _both(days: Days, others: Days) -> Days:
    return _without(days, _without(days, others))
