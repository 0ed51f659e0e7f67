"""What a deployment to prod still has to compute, and how long that takes by the last runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone

from sqlglot import exp
from sqlmesh import Context
from sqlmesh.core.context_diff import ContextDiff
from sqlmesh.core.plan import Plan, PlanBuilder
from sqlmesh.core.snapshot import Snapshot, SnapshotId, snapshots_to_dag

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
    seconds: float | None  # as its last runs took, for as many days; None where none is known


@dataclass(frozen=True)
class Computed:
    """What the state keeps of a model's computation: its interval and when it was finished."""

    model: str
    identifier: str  # of the snapshot
    start: int
    end: int
    finished: int  # milliseconds since 1970
    is_compacted: bool  # several of these made one, at the start of a run


def plan_of_deployment(context: Context, diff: ContextDiff) -> Plan:
    """The plan that brings what `diff` has to its environment, as `sqlmesh plan` makes it.

    Like that command it computes nothing beyond the day up to which prod was run.
    """
    ends = context.state_reader.max_interval_end_per_model(diff.environment)
    seeds = {s.name for s in diff.snapshots.values() if s.is_seed}
    return PlanBuilder(
        diff,
        default_end=max((end for name, end in ends.items() if name not in seeds), default=None),
        end_override_per_model={name: moment(end) for name, end in ends.items()},
        end_bounded=True,
    ).build()


def backfills(
    context: Context, plan: Plan, rows_of: Callable[[Snapshot], tuple[int, int]]
) -> tuple[tuple[Backfill, ...], float]:
    """What the plan still computes, and the seconds that it takes as far as they are known.

    Views hold no rows and are left out. A model takes its time after those that it reads.

    Args:
        rows_of: The rows that a model has, and of how many days.
    """
    rates = rates_of(_computed(context), _snapshots_to_go_by(context, plan))
    missing = {left.snapshot_id: left.intervals for left in plan.missing_intervals}
    found: list[Backfill] = []
    finished: dict[SnapshotId, float] = {}
    for key in snapshots_to_dag(plan.snapshots.values()):
        snapshot = plan.snapshots[key]
        took = 0.0
        if key in missing and not snapshot.is_view:
            found.append(_backfill(snapshot, missing[key], rows_of(snapshot), rates))
            took = found[-1].seconds or 0.0
        finished[key] = took + max((finished[parent] for parent in snapshot.parents), default=0.0)
    return tuple(found), max(finished.values(), default=0.0)


def moment(timestamp: int) -> datetime:
    """The time of milliseconds since 1970."""
    return datetime.fromtimestamp(timestamp / 1000, timezone.utc)


def days_in(intervals: Iterable[Interval]) -> int:
    """The days that intervals cover."""
    return sum(end - start for start, end in intervals) // DAY


def _backfill(
    snapshot: Snapshot,
    intervals: list[Interval],
    rows_of_days: tuple[int, int],
    rates: Mapping[str, Mapping[int, float]],
) -> Backfill:
    days = days_in(intervals)
    kind = snapshot.model.kind
    is_whole = kind.is_full or kind.is_scd_type_2 or kind.is_seed
    rows, of_days = rows_of_days
    seconds = None
    if took := rates.get(snapshot.name):
        like = min(took, key=lambda n: (abs(n - days), n))  # the run of the most similar length
        seconds = took[like] * (1 if is_whole else days / like)
    return Backfill(
        model=snapshot.model.name,
        days=days,
        first=moment(intervals[0][0]).date(),
        last=moment(intervals[-1][1] - DAY).date(),
        is_whole=is_whole,
        rows=rows if is_whole or not of_days else round(rows * days / of_days),
        seconds=seconds,
    )


def _snapshots_to_go_by(context: Context, plan: Plan) -> dict[tuple[str, str], Snapshot]:
    """The models of the plan and those that prod has instead, by name and identifier."""
    prod = context.state_reader.get_environment(plan.context_diff.environment)
    infos = prod.snapshots if prod else []
    snapshots = {**plan.snapshots, **context.state_reader.get_snapshots(infos)}
    return {(key.name, key.identifier): snapshot for key, snapshot in snapshots.items()}


def _computed(context: Context) -> list[Computed]:
    """What was computed for prod, in the order of finishing."""
    # What context.state_sync is typed as does not say that it is a cache of another.
    intervals = context.state_sync.state_sync.interval_state  # type: ignore[attr-defined]
    columns = ("name", "identifier", "start_ts", "end_ts", "created_ts", "is_compacted")
    unwanted = ("is_dev", "is_removed", "is_pending_restatement")
    query = (
        exp.select(*columns)
        .from_(intervals.intervals_table)
        .where(*(exp.column(name).not_() for name in unwanted))
        .order_by("created_ts")
    )
    return [Computed(*row) for row in intervals.engine_adapter.fetchall(query)]


def rates_of(
    computed: list[Computed], snapshots: Mapping[tuple[str, str], Snapshot]
) -> dict[str, dict[int, float]]:
    """The seconds that models last took, by the number of days that they computed at once.

    SQLMesh keeps no durations. A model is computed after those that it reads, so within one run
    it took no longer than from the end of the last of these to its own. What a run begins with
    has nothing before it and is not known. One run's models have the same last day; a run begins
    with compacting what is older, and a model cannot have been computed before it was written.
    """
    rates: dict[str, dict[int, float]] = {}
    for one in computed:
        snapshot = snapshots.get((one.model, one.identifier))
        days = days_in([(one.start, one.end)])
        if snapshot is None or one.is_compacted or not days:
            continue
        compacted = [c.finished for c in computed if c.is_compacted and c.finished <= one.finished]
        begin = max([snapshot.created_ts, *compacted])
        parents = {parent.name for parent in snapshot.parents}
        ends = [
            other.finished
            for other in computed
            if other.model in parents
            and other.end == one.end
            and begin <= other.finished <= one.finished
        ]
        if ends:
            rates.setdefault(one.model, {})[days] = (one.finished - max(ends)) / 1000
    return rates
