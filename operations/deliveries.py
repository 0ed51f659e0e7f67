"""Whether the last day was delivered: `python -m operations.deliveries [--wait]`.

Plans and runs hold a day back by the same rule (signals/deliveries.py). It is about whole days: of
a feed that were loaded before the others of its day the gates would not find the rows again.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from sqlmesh import Context, DatetimeRanges, ExecutionContext
from sqlmesh.core.model import Model
from sqlmesh.core.snapshot import Snapshot
from sqlmesh.utils.errors import SQLMeshError

from macros.local_files import _local_files
from macros.volume_files import READ_OPTIONS, _volume_files

PROJECT = Path(__file__).parent.parent
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
            SQLMeshError: The landing cannot be listed.
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
            SQLMeshError: The landing cannot be listed.
        """
        return self.moment < self.deadline(day) and bool(self.missing(day))

    def _files(self, feed: str, day: date) -> list[str]:
        folder = Path(self.landing)
        if self.context.engine_adapter.dialect != "databricks" or folder.is_dir():
            return _local_files(folder, feed, self.files_format, day, day)
        return _volume_files(
            self.context, self.landing.rstrip("/"), feed, self.files_format, (day, day)
        )


def look(feeds: Sequence[str], context: Context | ExecutionContext) -> Deliveries:
    """Looks at the landing now, by the settings.

    Raises:
        SQLMeshError: A setting is wrong.
    """
    hours = os.environ.get("STREAMING_DELIVERY_WAIT_HOURS", "")
    if hours and not (hours.isdecimal() and len(hours) <= 4):
        raise SQLMeshError(
            f"STREAMING_DELIVERY_WAIT_HOURS is '{hours}'; it must be a whole number of hours, "
            "9999 at most, or empty so that no delivery is waited for."
        )
    files_format = os.environ.get("STREAMING_LANDING_FORMAT", "") or "csv"
    if files_format not in READ_OPTIONS:
        raise SQLMeshError(
            f"STREAMING_LANDING_FORMAT is '{files_format}'; it must be one of "
            f"{', '.join(READ_OPTIONS)}."
        )
    landing = os.environ.get("STREAMING_LANDING", "")
    return Deliveries(feeds, context, int(hours) if hours else None, landing, files_format)


def feeds_of(models: Iterable[Model]) -> list[str]:
    """The feeds whose models, `delivered_<feed>`, have the signal."""
    return sorted(
        model.view_name.removeprefix(MODEL)
        for model in models
        if any(name == SIGNAL for name, _ in model.signals)
    )


def ready_intervals(batch: DatetimeRanges, context: ExecutionContext) -> DatetimeRanges:
    """The first days of a batch, up to one that is waited for.

    A later day does not go ahead: models that build on their own past would stop at the earlier
    one, and the others would not. A restatement waits for nothing: who orders it wants what is
    there.

    Args:
        batch: Days, one interval each, in their order.
        context: SQLMesh's, for one model of a plan or run.

    Raises:
        SQLMeshError: A setting is wrong, or the landing cannot be listed.
    """
    if context.is_restatement or not os.environ.get("STREAMING_DELIVERY_WAIT_HOURS"):
        return batch
    deliveries = _seen_by(context)
    waited_for = (n for n, (day, _) in enumerate(batch) if deliveries.is_waited_for(day.date()))
    return batch[: next(waited_for, len(batch))]


_last: list[tuple[Mapping[str, Snapshot], Deliveries]] = []


def _seen_by(context: ExecutionContext) -> Deliveries:
    """What a plan or run sees of the landing: all its models the same, whatever lands meanwhile.

    SQLMesh asks for one model after the other, each time with the same mapping of snapshots.
    """
    if not _last or _last[0][0] is not context.snapshots:
        feeds = feeds_of(s.model for s in context.snapshots.values() if s.is_model)
        _last[:] = [(context.snapshots, look(feeds, context))]
    return _last[0][1]


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
