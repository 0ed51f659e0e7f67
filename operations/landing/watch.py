"""Whether the last day was delivered, and waiting for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from rich.console import Console
from sqlmesh import Context

from operations import terminal
from operations.landing import found
from operations.landing.found import Deliveries
from operations.terminal import Table

MINUTE = "%Y-%m-%d %H:%M UTC"


@dataclass(frozen=True)
class LastDay:
    """What of the last finished day has landed.

    Attributes:
        moment: When it was looked up.
        ready: Whether a run would load the day.
        verdict: This, and why, in words.
    """

    moment: datetime
    day: date
    feeds: Table
    ready: bool
    verdict: str


def look(context: Context) -> LastDay:
    """Looks what of the last finished day has landed.

    Raises:
        SQLMeshError: A setting is wrong, or the landing cannot be listed.
    """
    return judge(found.look(found.feeds_of(context.models.values()), context))


def wait(context: Context, say: Callable[[str], None], every: float) -> LastDay:
    """Looks until a run would load the last finished day.

    Args:
        context: With the models.
        say: Gets a line after each look but the last.
        every: Seconds between two looks.

    Raises:
        SQLMeshError: A setting is wrong, or the landing cannot be listed.
    """
    while not (last := look(context)).ready:
        say(_line(last))
        time.sleep(every)
    return last


def judge(deliveries: Deliveries) -> LastDay:
    """Whether a run would load the last finished day."""
    day = deliveries.moment.date() - timedelta(days=1)
    # A run would not load it before those that are waited for longer than a day.
    days = [day - timedelta(days=n) for n in range((deliveries.hours or 0) // 24, -1, -1)]
    waited_for = next(filter(deliveries.is_waited_for, days), None)
    missing = deliveries.missing(day)
    return LastDay(
        moment=deliveries.moment,
        day=day,
        feeds=Table(
            ("feed", "delivery"),
            [(f, "missing" if f in missing else "landed") for f in deliveries.feeds],
        ),
        ready=waited_for is None,
        verdict=_waits(deliveries, waited_for) if waited_for else _is_ready(deliveries, day),
    )


def show(last: LastDay, out: Console) -> None:
    """Prints each feed, and the verdict."""
    terminal.show(last.feeds, out)
    out.print(_line(last))


def _line(last: LastDay) -> str:
    return f"{last.moment:{MINUTE}}: {last.verdict}"


def _waits(deliveries: Deliveries, day: date) -> str:
    missing = ", ".join(deliveries.missing(day))
    return f"{day} waits for {missing}, until {deliveries.deadline(day):{MINUTE}}."


def _is_ready(deliveries: Deliveries, day: date) -> str:
    if not deliveries.landing:
        return f"{day} is ready: STREAMING_LANDING is not set, the seeds are the delivery."
    if not deliveries.missing(day):
        return f"{day} is ready: every feed has landed."
    why = "STREAMING_DELIVERY_WAIT_HOURS is not set"
    if deliveries.hours is not None:
        why = f"it was waited for until {deliveries.deadline(day):{MINUTE}}"
    return f"{day} is ready without {', '.join(deliveries.missing(day))}: {why}."
