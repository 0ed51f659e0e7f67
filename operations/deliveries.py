"""Whether the last day was delivered: `python -m operations.deliveries [--wait]`.

Plans and runs hold a day back by the same rule (signals/deliveries.py). It is about whole days: a
feed loaded before the others of its day would have rows that the gates find nowhere but in bronze.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from sqlmesh import Context, DatetimeRanges, ExecutionContext
from sqlmesh.core.model import Model
from sqlmesh.core.snapshot import Snapshot
from sqlmesh.utils import sys_path
from sqlmesh.utils.date import to_datetime
from sqlmesh.utils.errors import SQLMeshError

PROJECT = Path(__file__).parent.parent
with sys_path(PROJECT):  # `sqlmesh run` loads config.py alone, and does not look here after that
    from macros.local_files import _local_files
    from macros.volume_files import READ_OPTIONS, _volume_files

SIGNAL = "day_is_delivered"
MODEL = "delivered_"  # and the feed
MINUTE = "%Y-%m-%d %H:%M UTC"


@dataclass(frozen=True)
class Deliveries:
    """What has landed, as it is found at one moment; a day is looked up once.

    Args:
        feeds: Those that make a day whole.
        context: Has the engine that lists a volume which is no folder here.
        hours: For how many hours after its end a day is waited for; None: not at all.
        landing: The landing; empty: none, the seeds are the delivery.
        files_format: The format of its files.
    """

    feeds: Sequence[str]
    context: Context | ExecutionContext
    hours: int | None
    landing: str
    files_format: str
    moment: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    _missing: dict[date, list[str]] = field(default_factory=dict)

    def missing(self, day: date) -> list[str]:
        """The feeds that have no file of a day.

        Raises:
            SQLMeshError: The landing cannot be listed, or its format is none.
        """
        if day not in self._missing:
            self._missing[day] = [f for f in self.feeds if self.landing and not self._files(f, day)]
        return self._missing[day]

    def deadline(self, day: date) -> datetime:
        """From when on a day is loaded as it is."""
        end = datetime(day.year, day.month, day.day, tzinfo=timezone.utc) + timedelta(days=1)
        return end + timedelta(hours=self.hours or 0)

    def is_waited_for(self, day: date) -> bool:
        """Whether a day is not to be loaded yet.

        Raises:
            SQLMeshError: The landing cannot be listed, or its format is none.
        """
        is_early = self.hours is not None and self.moment < self.deadline(day)
        return is_early and bool(self.missing(day))

    def _files(self, feed: str, day: date) -> list[str]:
        if self.files_format not in READ_OPTIONS:
            raise SQLMeshError(
                f"STREAMING_LANDING_FORMAT is '{self.files_format}'; it must be one of "
                f"{', '.join(READ_OPTIONS)}."
            )
        folder = Path(self.landing)
        if self.context.engine_adapter.dialect != "databricks" or folder.is_dir():
            return _local_files(folder, feed, self.files_format, day, day)
        return _volume_files(
            self.context, self.landing.rstrip("/"), feed, self.files_format, (day, day)
        )


def look(feeds: Sequence[str], context: Context | ExecutionContext) -> Deliveries:
    """Looks at the landing now, by the settings.

    Raises:
        SQLMeshError: STREAMING_DELIVERY_WAIT_HOURS is no number of hours.
    """
    hours = os.environ.get("STREAMING_DELIVERY_WAIT_HOURS", "")
    if hours and not (hours.isdecimal() and len(hours) <= 4):
        raise SQLMeshError(
            f"STREAMING_DELIVERY_WAIT_HOURS is '{hours}'; it must be a whole number of hours, "
            "9999 at most, or empty so that no delivery is waited for."
        )
    return Deliveries(
        feeds,
        context,
        int(hours) if hours else None,
        os.environ.get("STREAMING_LANDING", ""),
        os.environ.get("STREAMING_LANDING_FORMAT", "") or "csv",
    )


def feeds_of(models: Iterable[Model]) -> list[str]:
    """The feeds whose models, `delivered_<feed>`, have the signal."""
    return sorted(
        model.view_name.removeprefix(MODEL)
        for model in models
        if model.view_name.startswith(MODEL) and any(name == SIGNAL for name, _ in model.signals)
    )


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


def watch(
    look_again: Callable[[], Deliveries], say: Callable[[str], None], every: float | None = None
) -> None:
    """Says what of the last finished day has landed.

    Args:
        look_again: Looks at the landing.
        say: Gets the lines.
        every: How many seconds to sleep between two looks until a run would load the day; None:
            one look is enough.

    Raises:
        SQLMeshError: A setting is wrong, or the landing cannot be listed.
    """
    deliveries = look_again()
    last = deliveries.moment.date() - timedelta(days=1)
    # A run would not load it before those that are waited for longer than a day.
    days = [last - timedelta(days=n) for n in range((deliveries.hours or 0) // 24, -1, -1)]
    while every is not None and any(map(deliveries.is_waited_for, days)):
        say(f"{deliveries.moment:{MINUTE}}: {_verdict(deliveries, days)}")
        time.sleep(every)
        deliveries = look_again()
    for feed in deliveries.feeds:
        say(f"{feed:<12}{'missing' if feed in deliveries.missing(last) else 'landed'}")
    say(f"{deliveries.moment:{MINUTE}}: {_verdict(deliveries, days)}")


def _verdict(deliveries: Deliveries, days: Sequence[date]) -> str:
    """Whether a run would load all of these days, and why."""
    for day in filter(deliveries.is_waited_for, days):
        missing = ", ".join(deliveries.missing(day))
        return f"{day} waits for {missing}, until {deliveries.deadline(day):{MINUTE}}."
    last = days[-1]
    if not deliveries.landing:
        return f"{last} is ready: STREAMING_LANDING is not set, the seeds are the delivery."
    if not deliveries.missing(last):
        return f"{last} is ready: every feed has landed."
    why = "STREAMING_DELIVERY_WAIT_HOURS is not set"
    if deliveries.hours is not None:
        why = f"it was waited for until {deliveries.deadline(last):{MINUTE}}"
    return f"{last} is ready without {', '.join(deliveries.missing(last))}: {why}."


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The arguments. Exits with 2 on a wrong one."""
    parser = argparse.ArgumentParser(
        prog="python -m operations.deliveries",
        description="Show which feeds have delivered the last finished day (UTC).",
    )
    parser.add_argument("--wait", action="store_true", help="until a run would load the day")
    parser.add_argument(
        "--every", type=float, default=60, metavar="SECONDS", help="(default: %(default)s)"
    )
    parser.add_argument("--gateway", help="a gateway of config.py; default: its default")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Shows or waits; gives the exit status: 0, or 1 after an error, told on stderr."""
    options = parse(arguments)
    context = Context(paths=PROJECT, gateway=options.gateway)
    feeds = feeds_of(context.models.values())
    try:
        watch(lambda: look(feeds, context), _say, options.every if options.wait else None)
    except SQLMeshError as error:
        print(f"deliveries: {error}", file=sys.stderr)
        return 1
    finally:
        context.close()
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
