"""Which days a plan or run may load: whole days, as their feeds have delivered them.

A feed that is loaded before the others of its day has rows that the gates find nowhere but in
bronze. signals/deliveries.py asks here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlmesh import DatetimeRanges, ExecutionContext
from sqlmesh.core.snapshot import Snapshot
from sqlmesh.utils.date import to_datetime

from operations.landing.found import Deliveries, feeds_of, look


@dataclass(frozen=True)
class Pass:
    """What a plan or run was answered: the same for all models, whatever lands meanwhile.

    SQLMesh asks for one model after the other, what is upstream first, and in a plan of prod once
    more for new versions of forward-only models; what stays the same are the snapshots.

    Args:
        snapshot: One of them, by which the plan or run is known.
        deliveries: The landing as it was at the first question.
        reached: Up to when each model of a feed will have been loaded.
        late: The days it loads though a feed has missed their deadline, and these feeds.
    """

    snapshot: Snapshot
    deliveries: Deliveries
    reached: dict[str, datetime]
    late: dict[date, list[str]] = field(default_factory=dict)


_passes: list[Pass] = []  # the last one


def ready_intervals(
    batch: DatetimeRanges, snapshot: Snapshot, context: ExecutionContext
) -> DatetimeRanges:
    """The first days of a batch, up to one that a model must not record as done yet.

    A model of a feed stops before a day that is waited for: a later day does not go ahead, since
    models that build on their own past would not follow. A restatement does not wait: who orders
    it wants what is there. Every other model stops where the feeds above it have come to.

    Args:
        batch: Days, one interval each, in their order.
        snapshot: The model's.
        context: SQLMesh's for the model.

    Raises:
        SQLMeshError: A setting is wrong, or the landing cannot be listed.
    """
    now = _pass_of(context)
    if snapshot.name not in now.reached:
        reached = min(_ends(snapshot, context, now), default=None)
        return [day for day in batch if reached is None or day[0] < reached]
    ready = batch
    if not context.is_restatement:
        waiting = (
            n for n, (day, _) in enumerate(batch) if now.deliveries.is_waited_for(day.date())
        )
        ready = batch[: next(waiting, len(batch))]
        # Runs alone tell of it, and these are for a model that was loaded before: the landing is
        # not listed for every day of a history.
        if now.deliveries.hours is not None and now.reached[snapshot.name] > to_datetime(0):
            missing = {day.date(): now.deliveries.missing(day.date()) for day, _ in ready}
            now.late.update({day: feeds for day, feeds in missing.items() if feeds})
    now.reached[snapshot.name] = max([now.reached[snapshot.name], *(end for _, end in ready)])
    return ready


def loaded_late() -> list[tuple[date, list[str], datetime]]:
    """What the last plan or run loaded without waiting longer; nothing when asked again.

    Returns:
        Each day, the feeds that had no file of it, and until when they were waited for.
    """
    if not _passes:
        return []
    last = _passes.pop()
    return [(day, last.late[day], last.deliveries.deadline(day)) for day in sorted(last.late)]


def _pass_of(context: ExecutionContext) -> Pass:
    """The plan or run that asks."""
    first = next(iter(context.snapshots.values()))
    if not _passes or _passes[0].snapshot is not first:
        models = {s.name: s for s in context.snapshots.values() if s.is_model}
        feeds = feeds_of(s.model for s in models.values())
        reached = {
            name: _loaded_up_to(s, context) for name, s in models.items() if feeds_of([s.model])
        }
        _passes[:] = [Pass(first, look(feeds, context), reached)]
    return _passes[0]


def _loaded_up_to(snapshot: Snapshot, context: ExecutionContext) -> datetime:
    """The end of the last day that was loaded before this plan or run."""
    index = context.deployability_index
    is_deployable = index is None or index.is_deployable(snapshot)
    intervals = snapshot.intervals if is_deployable else snapshot.dev_intervals
    return to_datetime(max((end for _, end in intervals), default=0))


def _ends(snapshot: Snapshot, context: ExecutionContext, now: Pass) -> Iterator[datetime]:
    """Where the feeds above a model have come to."""
    for parent in snapshot.parents:
        if parent.name in now.reached:
            yield now.reached[parent.name]
        elif parent.name in context.snapshots:
            yield from _ends(context.snapshots[parent.name], context, now)
