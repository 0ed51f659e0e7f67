"""What became of a model in the last runs and plans, from the records of commands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmesh import Context
from sqlmesh.core.model import Model

from macros.feeds import FEEDS
from operations.environment.shown import fetch
from operations.hooks import records
from operations.hooks.records import Record

MOST = 90  # runs of each model
LOADS = ("bronze", "quarantine")  # schemas whose models are named for a feed

Rejected = Mapping[tuple[str, str], int]  # rows, by feed and day of delivery


@dataclass(frozen=True)
class Point:
    """A command: when it began, a number of it, that number in words, and how the model ended."""

    at: str
    value: float
    said: str
    outcome: str


@dataclass(frozen=True)
class Chart:
    """One number of all commands, the oldest first."""

    title: str
    unit: str
    points: list[Point]


@dataclass(frozen=True)
class Run:
    """A model in one command. Of a command before they were kept, `rows` is None."""

    at: str
    outcome: str  # passed, warned or failed
    first_day: str
    last_day: str
    seconds: float
    audits_passed: int
    audits_failed: int
    rows: int | None


class History:
    """The records of an environment's commands, and what was delivered."""

    def __init__(self, context: Context, environment: str, views: Mapping[str, str]) -> None:
        self._records = records.all_of(context, environment)
        self._rejected = _rejected(context, views) if views else {}

    def runs(self, model: Model) -> list[Run]:
        """The newest commands that computed a model, the oldest of them first."""
        found = (_run(record, model.fqn) for record in self._records)
        return [run for run in found if run][:MOST][::-1]

    def charts(self, model: Model) -> list[Chart]:
        """The small multiples of a model; those of which nothing is known are left out."""
        runs = self.runs(model)
        if not runs:
            return []
        found = [Chart("Audits", "", _points(runs, [_audits(run) for run in runs]))]
        if counted := [run for run in runs if run.rows is not None]:
            rows = [_count(run.rows or 0) for run in counted]
            found.append(Chart("Rows", "", _points(counted, rows)))
        if feed := feed_of(model):
            rejects = [_count(self._rejected_of(feed, run)) for run in runs]
            found.append(Chart(f"Rejected of {feed}", "", _points(runs, rejects)))
        seconds = [(run.seconds, f"{run.seconds:,.1f}") for run in runs]
        return [*found, Chart("Seconds", " s", _points(runs, seconds))]

    def _rejected_of(self, feed: str, run: Run) -> int:
        """The rows that were rejected when the days of a run were last computed."""
        return sum(
            rows
            for (of, day), rows in self._rejected.items()
            if of == feed and run.first_day <= day <= run.last_day
        )


def feed_of(model: Model) -> str | None:
    """The feed whose deliveries a model holds; None of another model."""
    feed = model.view_name.removeprefix("delivered_")
    return feed if model.schema_name in LOADS and feed in FEEDS else None


def _run(record: Record, model: str) -> Run | None:
    entry: dict[str, Any] | None = record.get("models", {}).get(model)
    if entry is None:
        return None
    failed = any(failure["model"] == model for failure in record["failed"])
    return Run(
        at=record["began"][:16].replace("T", " "),
        outcome="failed" if failed else "warned" if entry["audits_failed"] else "passed",
        first_day=entry["first_day"],
        last_day=entry["last_day"],
        seconds=entry["seconds"],
        audits_passed=entry["audits_passed"],
        audits_failed=entry["audits_failed"],
        rows=entry.get("rows"),
    )


def _rejected(context: Context, views: Mapping[str, str]) -> Rejected:
    query = f"SELECT feed, _ingest_date, rejected FROM {views['quality.deliveries']}"
    days: Iterable[tuple[str, date, int]] = fetch(context, query)
    return {(feed, str(day)): rows for feed, day, rows in days}


def _audits(run: Run) -> tuple[float, str]:
    found = f", {run.audits_failed} found rows" if run.audits_failed else ""
    return run.audits_passed + run.audits_failed, f"{run.audits_passed} passed{found}"


def _count(rows: int) -> tuple[float, str]:
    return rows, f"{rows:,}"


def _points(runs: Iterable[Run], values: Iterable[tuple[float, str]]) -> list[Point]:
    return [
        Point(run.at, value, said, run.outcome)
        for run, (value, said) in zip(runs, values, strict=True)
    ]
