"""Whether the last day was delivered: `python -m operations.landing [--wait]`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from sqlmesh import Context
from sqlmesh.utils.errors import SQLMeshError

from operations import PROJECT
from operations.landing.found import Deliveries, feeds_of, look

MINUTE = "%Y-%m-%d %H:%M UTC"


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
        prog="python -m operations.landing",
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
