"""Keeps what SQLMesh tells its console of a plan's or run's work; `last_run.py` reports it.

SQLMesh itself keeps neither how long a model took nor how its audits ended.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from sqlmesh.core.console import Console, get_console
from sqlmesh.core.environment import EnvironmentNamingInfo
from sqlmesh.core.plan import EvaluatablePlan
from sqlmesh.core.snapshot import Snapshot
from sqlmesh.utils.concurrency import NodeExecutionFailedError

MARK = "_streaming_run_record"
logger = logging.getLogger(__name__)


def path(folder: str, environment: str) -> Path:
    """Where the record of an environment's last run is kept."""
    return Path(folder) / f"last_run.{environment}.json"


def keep(folder: str) -> None:
    """Has each run that computes something from now on leave its record in a folder.

    A run whose record cannot be written is no worse for it: the log says why.
    """
    console = get_console()
    if not hasattr(console, MARK):
        record = RunRecord(folder)
        setattr(console, MARK, record)
        _tell(console, "start_plan_evaluation", record.forget)
        _tell(console, "start_evaluation_progress", record.begin)
        _tell(console, "update_snapshot_evaluation_progress", record.add)
        _tell(console, "stop_evaluation_progress", record.end)
        _tell(console, "log_failed_models", record.fail)


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

    def end(self, success: bool = True) -> None:
        """The run is over."""
        if self._run:
            self._run |= {"ended": _now(), "succeeded": success and not self._run["failed"]}
            self._write()

    def fail(self, errors: list[NodeExecutionFailedError[Any]]) -> None:
        """Says of a run that is over what failed in it."""
        if self._run and errors:
            self._run["failed"] = [
                {
                    "model": str(getattr(error.node, "snapshot_name", error.node)),
                    "reason": str(error.__cause__ or error).partition("\n")[0],
                }
                for error in errors
            ]
            self._write()

    def _write(self) -> None:
        target = path(self._folder, self._run["environment"])
        written = target.with_suffix(".part")
        written.write_text(json.dumps(self._run, indent=1) + "\n", encoding="utf-8")
        written.replace(target)


def _tell(console: Console, method: str, listener: Callable[..., None]) -> None:
    shown = getattr(console, method)

    def told(*arguments: Any, **named: Any) -> Any:
        try:
            listener(*arguments, **named)
        except Exception:
            logger.warning("The record of the run is not complete.", exc_info=True)
        return shown(*arguments, **named)

    setattr(console, method, told)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _day(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc).date().isoformat()
