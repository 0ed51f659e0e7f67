"""Keeps what SQLMesh tells its console of a plan's or run's work; `last_run.py` reports it.

SQLMesh itself keeps neither how long a model took nor how its audits ended.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

from sqlmesh.core.snapshot import Snapshot
from sqlmesh.utils.date import to_datetime

from macros.settings import setting
from operations.hooks.failures import reason
from operations.hooks.landing import found
from operations.sqlmesh_internals import (
    EnvironmentNamingInfo,
    EvaluatablePlan,
    NodeExecutionFailedError,
    get_console,
    listen,
)

MARK = "_streaming_run_record"
LENGTHS = 5  # for so many numbers of days it is kept how long a model took

Durations = Mapping[str, Mapping[int, float]]  # seconds, by a model's full name and number of days


def path(folder: str, environment: str) -> Path:
    """Where the record of an environment's last run is kept."""
    return Path(folder) / f"last_run.{environment}.json"


def durations(folder: str, environment: str) -> Durations:
    """How long models took when they were last computed for an environment."""
    file = path(folder, environment)
    record = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return {
        model: {int(days): seconds for days, seconds in by_days.items()}
        for model, by_days in record.get("durations", {}).items()
    }


def keep_record() -> None:
    """Has each run that computes something from now on leave its record.

    A run whose record cannot be written is no worse for it: the log says why.
    """
    console = get_console()
    if not hasattr(console, MARK):
        record = RunRecord(setting("STREAMING_DATA_DIR"))
        setattr(console, MARK, record)
        listen("start_plan_evaluation", record.forget)
        listen("start_evaluation_progress", record.begin)
        listen("update_snapshot_evaluation_progress", record.add)
        listen("stop_evaluation_progress", record.end)
        listen("log_failed_models", record.fail)


class RunRecord:
    """One run after the other, as the console is told of it."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._run: dict[str, Any] = {}

    def forget(self, plan: EvaluatablePlan) -> None:
        """A plan begins, and with it another record."""
        self._run = {}

    def begin(
        self,
        batched_intervals: Mapping[Snapshot, Any],
        environment_naming_info: EnvironmentNamingInfo,
        default_catalog: str | None,
        audit_only: bool = False,
    ) -> None:
        """A run begins; one that only audits is none.

        A run after its plan (`sqlmesh plan --run`) goes on with the plan's record.
        """
        environment = environment_naming_info.name
        if audit_only or self._run.get("environment") != environment:
            self._run = {}
        if not audit_only and not self._run:
            self._run = {
                "environment": environment,
                "began": _now(),
                "ended": None,
                "succeeded": None,
                "models": {},
                "failed": [],
                "durations": {m: dict(d) for m, d in durations(self._folder, environment).items()},
            }

    def add(
        self,
        snapshot: Snapshot,
        interval: tuple[int, int],
        batch_idx: int,
        duration_ms: int | None,
        num_audits_passed: int,
        num_audits_failed: int,
        **others: Any,
    ) -> None:
        """A model was computed for some days, and audited; without a duration it failed."""
        if self._run and snapshot.is_model:
            start, end = (_day(at) for at in (interval[0], interval[1] - 1))
            model = self._run["models"].setdefault(
                snapshot.name,
                {
                    "name": snapshot.model.name,
                    "reads": sorted(parent.name for parent in snapshot.parents),
                    "first_day": start,
                    "last_day": end,
                    "seconds": 0.0,
                    "audits_passed": 0,
                    "audits_failed": 0,
                },
            )
            model["first_day"] = min(model["first_day"], start)
            model["last_day"] = max(model["last_day"], end)
            model["seconds"] = round(model["seconds"] + (duration_ms or 0) / 1000, 3)
            model["audits_passed"] += num_audits_passed
            model["audits_failed"] += num_audits_failed
            if duration_ms is not None:
                took = self._run["durations"].setdefault(snapshot.name, {})
                days = (date.fromisoformat(end) - date.fromisoformat(start)).days + 1
                took.pop(days, None)  # the newest is the last
                took[days] = duration_ms / 1000
                while len(took) > LENGTHS:
                    del took[next(iter(took))]

    def end(self, success: bool = True) -> None:
        """The run is over."""
        if self._run:
            self._run |= {"ended": _now(), "succeeded": success and not self._run["failed"]}
            if landing := found(self._run["environment"]):
                self._run["not_read"] = landing.not_read.records()
                self._run["late"] = landing.not_loaded.records()
            self._write()

    def fail(self, errors: list[NodeExecutionFailedError[Any]]) -> None:
        """Says of a run that is over what failed in it."""
        if self._run and errors:
            self._run["failed"] = [
                {
                    "model": str(getattr(error.node, "snapshot_name", error.node)),
                    "reason": reason(error),
                }
                for error in errors
            ]
            self._write()

    def _write(self) -> None:
        target = path(self._folder, self._run["environment"])
        written = target.with_suffix(".part")
        written.write_text(json.dumps(self._run, indent=1, default=str) + "\n", encoding="utf-8")
        written.replace(target)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _day(milliseconds: int) -> str:
    return to_datetime(milliseconds).date().isoformat()
