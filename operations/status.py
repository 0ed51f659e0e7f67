"""What is where: rows, rejects and their reasons, audits, and what to try next."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from rich.console import Console
from sqlmesh import Context

from macros.settings import setting
from operations import terminal
from operations.environment.shown import (
    audited_days,
    audits,
    feeds,
    last_day,
    last_delivery,
    made,
    models,
    reasons,
)
from operations.hooks.failures import as_expected, expected
from operations.landing import account
from operations.terminal import Table

NEXT = """Next:
  {bin}sqlmesh plan dev     try a change beside prod
  {bin}streaming run        load what was delivered since, also late files
  {bin}streaming last-run   what the last run did, and how long it took
  {bin}streaming --help     all commands; docs, dashboard and ui open in the browser
  {bin}sqlmesh fetchdf "SELECT * FROM streaming_prod.analytics.monthly_viewing_trend"
  mkdir -p mine
  export STREAMING_DATA_DIR=mine STREAMING_LANDING=landing STREAMING_LANDING_FORMAT=csv
  bash setup.sh run"""


FIRST_TABLE = "analytics.monthly_viewing_trend"
FIRST_LOOK = """Look first at analytics.monthly_viewing_trend, which has one row a month:

{bin}sqlmesh fetchdf "SELECT month, watches, viewers
  FROM {view} ORDER BY month"
Next: {bin}streaming status    all tables, feeds and reasons; what to try"""
FOR_ANALYSTS = ("gold", "analytics")


@dataclass(frozen=True)
class Status:
    """What an environment holds.

    Attributes:
        up_to: The day up to which it was run.
        audited: The first and the last day for which its audits were run again.
        rejects: The most frequent reasons of each feed.
        not_read: The files of the landing that are not read, by reason.
        late: Those that are no longer what was loaded, by feed and day.
        data: Where the data is.
        first: The view to look at first.
    """

    environment: str
    gateway: str
    up_to: date
    models: Table
    feeds: Table
    rejects: Table
    audited: tuple[date, date]
    audits: Table
    not_read: Table
    late: Table
    data: str
    first: str


def read(context: Context, environment: str) -> Status:
    """Looks an environment up, and runs its audits again for the days since the last delivery.

    Raises:
        NoEnvironment: It is not there.
    """
    snapshots, views = made(context, environment)
    up_to = last_day(snapshots.values())
    assert up_to  # a finished environment was computed
    landing = account.look(context, environment)
    days = audited_days(last_delivery(context, views), up_to)
    return Status(
        environment=environment,
        gateway=context.selected_gateway,
        up_to=up_to,
        models=Table("layer model rows".split(), models(context, snapshots, views)),
        feeds=Table(
            "feed delivered accepted superseded quarantined unaccounted last_delivery".split(),
            feeds(context, views),
        ),
        rejects=Table("quarantined reason rows".split(), reasons(context, views)),
        audited=days,
        audits=Table("outcome rows audit model".split(), audits(context, snapshots, days)),
        not_read=landing.not_read,
        late=landing.not_loaded,
        data=_place(context, views),
        first=views[FIRST_TABLE],
    )


def show(status: Status, out: Console) -> None:
    """Prints it; of the audits those that found rows, and how many there were of each outcome."""
    out.print(f"\n{status.environment} on the gateway {status.gateway}, run up to {status.up_to}\n")
    for table in (
        status.models,
        status.feeds,
        status.rejects,
        status.not_read,
        status.late,
    ):
        terminal.show(table, out)
    first, last = status.audited
    counts = Counter(row[0] for row in status.audits.rows)
    said = ", ".join(f"{counts[name]} {name}" for name in ("passed", "warned", "failed"))
    out.print(f"Audits run again for {first} (last delivery) to {last}: {said}\n")
    found = [row for row in status.audits.rows if row[0] != "passed"]
    terminal.show(Table(status.audits.columns, found), out)
    for outcome, rows, audit, _ in found:
        if outcome == "warned" and (why := as_expected(audit, rows)):
            out.print(f"{why}\n")


def show_briefly(status: Status, out: Console) -> None:
    """Prints what somebody needs who sees the platform for the first time, 80 columns wide."""
    out.print(f"\n{status.environment}, run up to {status.up_to}:")
    rows = [row for row in status.models.rows if row[0] in FOR_ANALYSTS]
    terminal.show(Table(status.models.columns, rows), out)
    feeds = status.feeds.records()
    delivered, kept = (sum(feed[name] for feed in feeds) for name in ("delivered", "quarantined"))
    kept_of = f"{kept:,} of {delivered:,} delivered"
    out.print(f"Quarantine keeps rows that broke a rule, with the reasons: {kept_of}.")
    counts = Counter(
        "as expected" if row[0] == "warned" and expected(row[2]) else row[0]
        for row in status.audits.rows
    )
    said = ", ".join(f"{counts[name]} {name}" for name in ("passed", "as expected", "failed"))
    out.print(f"Audits: {said}.")
    out.print(f"The data is in {status.data}.")
    out.print(FIRST_LOOK.format(bin=_bin(), view=status.first))


def next_steps() -> str:
    """What to try next, with commands as they are typed in the project's folder."""
    return NEXT.format(bin=_bin())


def _bin() -> str:
    return os.path.relpath(Path(sys.executable).parent) + os.sep


def _place(context: Context, views: Mapping[str, str]) -> str:
    """Where the data is: a file, or a catalog of a warehouse."""
    catalog = views[FIRST_TABLE].partition(".")[0]
    if context.engine_adapter.dialect != "duckdb":
        return f"the catalog {catalog}"
    return os.path.join(setting("STREAMING_DATA_DIR"), f"{catalog}.duckdb")
