"""Files that came into, changed in or vanished from days that were loaded before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlmesh import Context
from sqlmesh.core.snapshot import Snapshot
from sqlmesh.utils.date import to_datetime
from sqlmesh.utils.errors import SQLMeshError

from macros.feeds import FEEDS, LANDED, REQUESTS
from macros.reading.content import checksums
from macros.reading.listing import Landed
from macros.settings import setting
from operations.environment.shown import by_model, fetch, shown
from operations.hooks.landing import found
from operations.landing import MODEL

FEW = 2  # so many days may be late however short the history is
SHARE = 0.1  # of all days; when more differ, it is another landing
ACCOUNT = "quality.files"
PROD = "prod"


@dataclass(frozen=True)
class Late:
    """A file that is not what was loaded: it `came`, `changed` or `vanished` since."""

    feed: str
    day: date
    path: str
    what: str


class _Loaded(NamedTuple):
    """What a file was like when it was loaded; what is not known is None."""

    day: date
    bytes: int | None
    state: int | None
    content: int | None


def find(
    context: Context, environment: str, files: Sequence[Landed], since: date | None
) -> tuple[list[Late], int]:
    """The files that are not what an environment loaded, and the number of days to compare.

    What was loaded stands in quality.files; of days that a run loaded before it stopped half way,
    in bronze.

    Args:
        files: Those that the landing has, back to `since`.
        since: The first day that is compared; None: all are.
    """
    snapshots, views = shown(context, environment)
    models = by_model(snapshots)
    if ACCOUNT not in models:
        return [], 0
    accounted = recorded_days(models[ACCOUNT], since)
    account = _accounted(context, views[ACCOUNT], accounted)
    differing: list[Late] = []
    days = {file.day for file in files}
    for feed in LANDED:
        name = f"bronze.{MODEL}{feed}"
        if name not in models:
            continue
        done = recorded_days(models[name], since)
        loaded = {path: was for path, was in account[feed].items() if was.day in done}
        loaded |= _only_in_bronze(context, views[name], done - accounted)
        landed = {file.path: file for file in files if file.feed == feed and file.day in done}
        days |= {was.day for was in loaded.values()}
        differing += _differing(context, feed, landed, loaded, done - accounted)
    return differing, len(days)


def are_most(late: Sequence[Late], days: int) -> bool:
    """Whether more than a tenth of all days differ: this is another landing, or a copy of it."""
    return len({file.day for file in late}) > max(FEW, days * SHARE)


def next_step(late: Sequence[Late], days: int, environment: str) -> str:
    """What to do about late files."""
    command = f"streaming run{f' {environment}' if environment != PROD else ''}"
    tells = setting("STREAMING_LATE_FILES") != "load"
    if tells and any(file.feed == REQUESTS for file in late):
        command = f"STREAMING_LATE_FILES=load {command}"  # a plan does not load requests again
    elif tells:
        command = (
            f"sqlmesh plan {environment} "
            f"{' '.join(f'--restate-model {model}' for model in _models(late))} "
            f"--start {min(file.day for file in late)} --end {max(file.day for file in late)}"
        )
    elif are_most(late, days):
        command += " --yes"
    if are_most(late, days):
        differing = len({file.day for file in late})
        return (
            f"{differing:,} of {days:,} days differ from what was loaded, as in another landing or "
            f"a copy of it, and are not loaded. If they are to be: {command}. If not, correct "
            "STREAMING_LANDING, or use a new STREAMING_DATA_DIR."
        )
    return command


def load_after_run(
    context: Context,
    environment: str,
    is_agreed: Callable[[], bool],
    say: Callable[[str], None],
) -> None:
    """Loads the days again whose files the run before found late, and all that hangs on them.

    Nothing where STREAMING_LATE_FILES is `tell`. No model is changed.

    Args:
        is_agreed: Asks whether to load them though most days differ.
        say: Is told what is loaded.

    Raises:
        PlanError: It failed.
        SQLMeshError: Most days differ, and it is not agreed to.
    """
    account = found(environment)
    if not account or not account.late or setting("STREAMING_LATE_FILES") != "load":
        return
    if account.is_another_landing and not is_agreed():
        raise SQLMeshError(next_step(account.late, account.days, environment))
    late = [file for file in account.late if file.feed != REQUESTS]
    if requests := [file.day for file in account.late if file.feed == REQUESTS]:
        from operations.erasure import erase, evidence_lines

        for line in evidence_lines(erase(context, requests)):
            say(line)
    if late:
        load_again(context, environment, late, say)


def load_again(
    context: Context, environment: str, late: Sequence[Late], say: Callable[[str], None]
) -> None:
    """Loads the days of files again, and all that hangs on them. No model is changed.

    Raises:
        PlanError: It failed.
    """
    say(f"Loading {_models_and_days(late)} again")
    first, last = min(file.day for file in late), max(file.day for file in late)
    plan = context.plan_builder(
        environment,
        restate_models=_models(late),
        start=first,
        end=last,
        skip_tests=True,
        skip_linter=True,
    ).build()
    context.apply(plan)


def _models_and_days(late: Sequence[Late]) -> str:
    first, last = min(file.day for file in late), max(file.day for file in late)
    return f"{', '.join(_models(late))} of {first}{f' to {last}' if last > first else ''}"


def _models(late: Sequence[Late]) -> list[str]:
    return [f"bronze.{MODEL}{feed}" for feed in FEEDS if feed in {file.feed for file in late}]


def recorded_days(snapshot: Snapshot, since: date | None = None) -> set[date]:
    """The days that a model has been computed for, as the state has recorded it."""
    return {
        day
        for start, end in snapshot.intervals
        for day in _each(to_datetime(start).date(), to_datetime(end).date() - timedelta(days=1))
        if since is None or day >= since
    }


def _each(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _accounted(
    context: Context, view: Any, days: set[date]
) -> defaultdict[str, dict[str, _Loaded]]:
    """What quality.files says of some days: each feed's files, by their paths."""
    account: defaultdict[str, dict[str, _Loaded]] = defaultdict(dict)
    if days:
        query = f"""SELECT feed, _ingest_date, path, bytes, modified_at, _content FROM {view}
            WHERE _ingest_date BETWEEN DATE '{min(days)}' AND DATE '{max(days)}'"""
        for *file, content in fetch(context, query):
            landed = Landed(*file)
            state = landed.state if landed.modified_at else None
            account[landed.feed][landed.path] = _Loaded(landed.day, landed.bytes, state, content)
    return account


def _only_in_bronze(context: Context, view: Any, days: set[date]) -> dict[str, _Loaded]:
    if not days:
        return {}
    query = f"""SELECT DISTINCT _source, _ingest_date, _file_state FROM {view}
        WHERE _ingest_date BETWEEN DATE '{min(days)}' AND DATE '{max(days)}'"""
    return {
        path: _Loaded(day, None, state, None)
        for path, day, state in fetch(context, query)
        if day in days
    }


def _differing(
    context: Context,
    feed: str,
    landed: dict[str, Landed],
    loaded: dict[str, _Loaded],
    only_in_bronze: set[date],
) -> Iterator[Late]:
    """The differences of a feed; where size and content are the same, another time is none.

    A request that vanished was granted.
    """
    for path, was in loaded.items():
        if path not in landed and feed != REQUESTS:
            yield Late(feed, was.day, path, "vanished")
    touched = []
    for path, file in landed.items():
        if path not in loaded:
            # In bronze a file without rows has left no trace.
            if file.day not in only_in_bronze or _has_rows(context, file):
                yield Late(feed, file.day, path, "came")
        elif file.state != loaded[path].state:
            if file.bytes == loaded[path].bytes:
                touched.append(path)
            else:
                yield Late(feed, file.day, path, "changed")
    contents = checksums(context.engine_adapter, touched)
    for path in touched:
        if loaded[path].content is None or contents.get(path) != loaded[path].content:
            yield Late(feed, landed[path].day, path, "changed")


def _has_rows(context: Context, file: Landed) -> bool:
    from macros.reading import memory
    from macros.reading.facts import types_of_feed

    files_format = setting("STREAMING_LANDING_FORMAT")
    types = types_of_feed(file.feed)
    facts = memory.facts_of(context.engine_adapter, [file], files_format, types)
    return bool(facts[file.path].rows)
