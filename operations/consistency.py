"""Whether SQLMesh's state and the tables say the same (`streaming check`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from sqlglot import exp
from sqlmesh import Context

from macros.feeds import LANDED
from operations import CommandError, project
from operations.environment.shown import (
    Snapshots,
    audits,
    by_model,
    fetch,
    shown,
)
from operations.hooks.belonging import draw, read, told_apart
from operations.hooks.failures import next_step
from operations.hooks.overwriting import standing
from operations.hooks.state_lock import in_turn
from operations.hooks.unfinished import to_be_finished
from operations.landing import MODEL, account
from operations.landing.late import recorded_days
from operations.sqlmesh_internals import has_state
from operations.terminal import counted, first_of, short_name

PROD = "prod"
ACCOUNT = "quality.files"
MOST = 5  # names or days in a line


@contextmanager
def opened(gateway: str | None) -> Iterator[Context]:
    """The project on a gateway, also where state and tables do not belong together."""
    with told_apart(), project(gateway, load=False) as context:
        yield context


def compare(context: Context, accept: bool) -> str:
    """Compares state and tables.

    Args:
        accept: Whether they belong together from now on, if no table is missing. What else differs
            is mended by the commands that are named, which would not begin otherwise.

    Returns:
        In words that they say the same.

    Raises:
        CommandError: They do not; says in what.
        Apart: They differ in nothing but that each knows another last change.
    """
    if not has_state(context):
        return "Nothing was planned yet, so there is no state to compare the tables with."
    if accept and not list(_missing(context)):
        with in_turn(context, "check"):
            draw(context, read(context))
    if lines := differences(context):
        raise CommandError("\n".join(["The state and the tables differ.", *lines]))
    read(context).require_one()
    return "The state and the tables say the same."


def differences(context: Context) -> list[str]:
    """In what the state and the tables differ, a line each; none where they do not.

    Nothing was cut off; each table and view that an environment shows is there; each day that prod
    has recorded has the rows that were loaded of its files, and no other day has any; every audit
    passes for all days; and the landing has what was loaded.
    """
    lines = list(_missing(context)) or to_be_finished(context)
    snapshots, views = shown(context, PROD)
    if lines or not snapshots:
        return lines
    lines += _days(context, snapshots, views)
    days = sorted(set().union(*map(recorded_days, snapshots.values())))
    lines += [
        f"{audit} on {model} found {counted(rows, 'row')}. Next: {next_step(audit)}"
        for outcome, rows, audit, model in audits(context, snapshots, (days[0], days[-1]))
        if outcome == "failed"
    ]
    landing = account.look(context, PROD)
    return lines + (landing.lines(PROD) if landing.late else [])


def _missing(context: Context) -> Iterator[str]:
    """The tables and views that environments show and that are not there."""
    for environment in context.state_reader.get_environments():
        promoted = {each.name for each in environment.promoted_snapshots}
        wanted: dict[str, set[exp.Table]] = {}  # of which one has to be there
        for snapshot in shown(context, environment.name)[0].values():
            if not snapshot.is_model or snapshot.is_symbolic or snapshot.name not in promoted:
                continue
            name = short_name(snapshot.name)
            may_be = (True,) if environment.name == PROD else (True, False)
            wanted[f"the table of {name}"] = {exp.to_table(snapshot.table_name(a)) for a in may_be}
            view = snapshot.qualified_view_name.table_for_environment(
                environment.naming_info, dialect=context.engine_adapter.dialect
            )
            wanted[f"the view of {name}"] = {view}
        there = {*standing(context, set().union(*wanted.values()))}
        if gone := sorted(what for what, tables in wanted.items() if not tables & there):
            yield (
                f"{environment.name} lacks {counted(len(gone), 'object')}: "
                f"{first_of(gone, MOST)}. Next: {_way_back(environment.name)}"
            )


def _way_back(environment: str) -> str:
    if environment == PROD:
        return "bring state and tables back from one backup: streaming restore FOLDER --replace"
    return f"sqlmesh invalidate {environment}, then sqlmesh janitor, then plan it again"


def _days(context: Context, snapshots: Snapshots, views: dict[str, str]) -> Iterator[str]:
    """The days on which the rows of a feed are not those that were loaded of its files."""
    by_name = by_model(snapshots)
    told: defaultdict[str, dict[date, int]] = defaultdict(dict)
    query = f"SELECT feed, _ingest_date, SUM(rows) FROM {views[ACCOUNT]} GROUP BY 1, 2"
    for feed, day, rows in fetch(context, query):
        told[feed][day] = int(rows)
    accounted = recorded_days(by_name[ACCOUNT])
    for feed in LANDED:
        name = f"bronze.{MODEL}{feed}"
        if name not in by_name:
            continue
        recorded = recorded_days(by_name[name])
        query = f"SELECT _ingest_date, COUNT(*) FROM {views[name]} GROUP BY 1"
        held: dict[date, int] = dict(fetch(context, query))
        lost = sorted(
            day for day in recorded & accounted if held.get(day, 0) != told[feed].get(day, 0)
        )
        if lost:
            day = lost[0]
            yield (
                f"{name}: {counted(len(lost), 'day')} with other rows than were loaded: "
                f"{first_of([*map(str, lost)], MOST)}. Of {day} it has {held.get(day, 0):,}, and "
                f"{told[feed].get(day, 0):,} were loaded. Next: sqlmesh plan prod --restate-model "
                f"{name} --start {day} --end {lost[-1]}"
            )
        if unknown := sorted(held.keys() - recorded):
            yield (
                f"{name} has rows of {counted(len(unknown), 'day')} that the state does not know: "
                f"{first_of([*map(str, unknown)], MOST)}. Next: streaming run loads them again."
            )
