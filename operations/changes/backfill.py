"""What a deployment to prod still has to compute, and how long its models took before."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from sqlmesh import Context
from sqlmesh.core.snapshot import Snapshot
from sqlmesh.utils.date import to_datetime

from operations.hooks.run_record import Durations
from operations.sqlmesh_internals import (
    ContextDiff,
    Plan,
    PlanBuilder,
    SnapshotId,
    snapshots_to_dag,
)

DAY = 24 * 60 * 60 * 1000  # milliseconds
Interval = tuple[int, int]  # milliseconds since 1970, the second not included


@dataclass(frozen=True)
class Backfill:
    """What is left to compute of a model."""

    model: str
    days: int
    first: date
    last: date
    is_whole: bool  # computed whole, however many days are missing
    rows: int  # estimated from the rows per day that are there
    seconds: float | None  # that it takes by its record; None where it has none


def plan_of_deployment(context: Context, diff: ContextDiff) -> Plan:
    """The plan that brings what `diff` has to its environment, as `sqlmesh plan` makes it.

    Like that command it computes nothing beyond the day up to which prod was run.
    """
    ends = context.state_reader.max_interval_end_per_model(diff.environment)
    seeds = {s.name for s in diff.snapshots.values() if s.is_seed}
    return PlanBuilder(
        diff,
        default_end=max((end for name, end in ends.items() if name not in seeds), default=None),
        end_override_per_model={name: to_datetime(end) for name, end in ends.items()},
        end_bounded=True,
    ).build()


def backfills(
    plan: Plan, rows_of: Callable[[Snapshot], tuple[int, int]], took: Durations
) -> tuple[tuple[Backfill, ...], float]:
    """What the plan still computes, and the seconds that it takes as far as they are known.

    Views hold no rows and are left out. A model takes its time after those that it reads.

    Args:
        rows_of: The rows that a model has, and of how many days.
        took: How long models took.
    """
    missing = {left.snapshot_id: left.intervals for left in plan.missing_intervals}
    found: list[Backfill] = []
    finished: dict[SnapshotId, float] = {}
    for key in snapshots_to_dag(plan.snapshots.values()):
        snapshot = plan.snapshots[key]
        seconds = 0.0
        if key in missing and not snapshot.is_view:
            found.append(_backfill(snapshot, missing[key], rows_of(snapshot), took))
            seconds = found[-1].seconds or 0.0
        began = max((finished[parent] for parent in snapshot.parents), default=0.0)
        finished[key] = began + seconds
    return tuple(found), max(finished.values(), default=0.0)


def days_in(intervals: Iterable[Interval]) -> int:
    """The days that intervals cover."""
    return sum(end - start for start, end in intervals) // DAY


def _backfill(
    snapshot: Snapshot,
    intervals: list[Interval],
    rows_of_days: tuple[int, int],
    took: Durations,
) -> Backfill:
    days = days_in(intervals)
    kind = snapshot.model.kind
    is_whole = kind.is_full or kind.is_scd_type_2 or kind.is_seed
    rows, of_days = rows_of_days
    seconds = None
    if known := took.get(snapshot.name):
        like = min(known, key=lambda n: (abs(n - days), n))  # the most similar number of days
        seconds = known[like] * (1 if is_whole else days / like)
    return Backfill(
        model=snapshot.model.name,
        days=days,
        first=to_datetime(intervals[0][0]).date(),
        last=to_datetime(intervals[-1][1] - DAY).date(),
        is_whole=is_whole,
        rows=rows if is_whole or not of_days else round(rows * days / of_days),
        seconds=seconds,
    )
