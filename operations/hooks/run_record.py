"""Keeps what SQLMesh tells of a plan's or run's work, from its start; `last_run.py` reports it.

SQLMesh itself keeps neither how long a model took nor how its audits ended, and nothing of a
command that was cut off.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import PrivateAttr
from sqlmesh import Context
from sqlmesh.core.notification_target import GenericNotificationTarget, NotificationEvent
from sqlmesh.core.snapshot import Snapshot
from sqlmesh.utils.date import TimeLike, now, to_datetime

from operations.environment.shown import rows
from operations.hooks import PLANS_AND_RUNS, join, records
from operations.hooks.before_plans import is_rollback
from operations.hooks.failures import reason
from operations.hooks.histories import bring_up_to_date
from operations.hooks.landing import found
from operations.hooks.records import Record
from operations.hooks.unfinished import finish_covered, finish_in_run
from operations.sqlmesh_internals import (
    EnvironmentNamingInfo,
    EvaluatablePlan,
    NodeExecutionFailedError,
    get_console,
    listen,
    random_id,
)

logger = logging.getLogger(__name__)

MARK = "_streaming_run_record"
LENGTHS = 5  # for so many numbers of days it is kept how long a model took

Durations = Mapping[str, Mapping[int, float]]  # seconds, by a model's full name and number of days


def durations(context: Context, environment: str) -> Durations:
    """How long models took when they were last computed for an environment."""
    record = records.last(context, environment) or {}
    return {
        model: {int(days): seconds for days, seconds in by_days.items()}
        for model, by_days in record.get("durations", {}).items()
    }


class Commands(GenericNotificationTarget):
    """Tells the record when plans and runs of a context begin and end."""

    notify_on: frozenset[NotificationEvent] = PLANS_AND_RUNS
    _context: Context = PrivateAttr()
    _record: RunRecord = PrivateAttr()

    def notify_apply_start(self, *args: Any, **kwargs: Any) -> None:
        """A plan begins."""
        self._record.open(self._context)

    def notify_run_start(self, environment: str, *args: Any, **kwargs: Any) -> None:
        """A run begins; first it takes over what a restatement left."""
        finish_in_run(self._context, environment)
        self._record.open(self._context)

    def notify_run_end(self, *args: Any, **kwargs: Any) -> None:
        """It succeeded."""
        self._record.end(succeeded=True)

    def notify_run_failure(self, *args: Any, **kwargs: Any) -> None:
        """It failed."""
        self._record.end(succeeded=False)

    # pydantic's plugin for mypy takes these methods for fields.
    notify_apply_end = notify_run_end  # type: ignore[pydantic-field]
    notify_apply_failure = notify_run_failure  # type: ignore[pydantic-field]


def keep_record(context: Context) -> RunRecord:
    """Has each plan, and each run that computes something, leave its record from now on.

    A run whose record cannot be written is no worse for it: the log says why.
    """
    console = get_console()
    if not hasattr(console, MARK):
        record = RunRecord()
        setattr(console, MARK, record)
        listen("start_evaluation_progress", record.begin_run)
        listen("update_snapshot_evaluation_progress", record.add)
        listen("log_failed_models", record.fail)
    target = Commands()
    target._context, target._record = context, getattr(console, MARK)
    join(context, target)
    return target._record


class RunRecord:
    """One command after the other, as the console and the notifications tell of them."""

    def __init__(self) -> None:
        self._context: Context | None = None
        self._run: Record = {}
        self._moment: TimeLike = ""

    def open(self, context: Context) -> None:
        """A plan or run begins."""
        self._context, self._run, self._moment = context, {}, now()

    def begin_plan(self, context: Context, plan: EvaluatablePlan) -> None:
        """A plan is about to write."""
        self._moment = plan.execution_time or now()
        versions = {snapshot.name: snapshot.version for snapshot in plan.environment.snapshots}
        self._begin(
            plan.plan_id,
            plan.environment.name,
            _command_of(plan),
            {name: [versions[name], *time] for name, time in plan.restatements.items()},
        )
        self._write()

    def begin_run(
        self,
        batched_intervals: Mapping[Snapshot, Any],
        environment_naming_info: EnvironmentNamingInfo,
        default_catalog: str | None,
        audit_only: bool = False,
    ) -> None:
        """Models are about to be computed: by a run, or by the plan that has its record already."""
        if audit_only:
            return
        if not self._run:
            self._begin(random_id(), environment_naming_info.name, "run", {})
        if self._run:
            self._run["days"] = {
                snapshot.name: [_day(intervals[0][0]), _day(intervals[-1][1] - 1)]
                for snapshot, intervals in batched_intervals.items()
                if snapshot.is_model and intervals
            }
            self._write()

    def _begin(
        self, command_id: str, environment: str, command: str, restates: dict[str, Any]
    ) -> None:
        if self._context is None:  # of a project without these hooks
            return
        self._run = records.begun(self._context, command_id, environment, command, restates)

    def _write(self) -> None:
        if self._context is not None:
            records.write(self._context, self._run)

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
                days = str((date.fromisoformat(end) - date.fromisoformat(start)).days + 1)
                took.pop(days, None)  # the newest is the last
                took[days] = duration_ms / 1000
                while len(took) > LENGTHS:
                    del took[next(iter(took))]

    def fail(self, errors: list[NodeExecutionFailedError[Any]]) -> None:
        """Models failed."""
        if self._run:
            self._run["failed"] = [
                {
                    "model": str(getattr(error.node, "snapshot_name", error.node)),
                    "reason": reason(error),
                }
                for error in errors
            ]

    def end(self, succeeded: bool) -> None:
        """The command is over; its record is written once more."""
        if not self._run or self._context is None:
            return
        self._run = records.ended(self._run, succeeded and not self._run["failed"])
        if landing := found(self._run["environment"]):
            self._run["not_read"] = landing.not_read.records()
            self._run["late"] = landing.not_loaded.records()
        self._count_rows(self._context)
        try:
            if self._run["succeeded"]:
                finish_covered(self._context, self._run)
                bring_up_to_date(self._context, self._run, self._moment)
            self._write()
        except Exception:
            logger.warning("The record of the command is not written.", exc_info=True)
        self._run = {}

    def _count_rows(self, context: Context) -> None:
        """Takes down how many rows the tables hold that were computed, if they can be counted."""
        try:
            counts = self._counted(context)
        except Exception:
            logger.warning("The rows of the command are not counted.", exc_info=True)
            return
        for name, counted in counts.items():
            self._run["models"][name]["rows"] = counted

    def _counted(self, context: Context) -> Mapping[str, int]:
        environment = context.state_reader.get_environment(self._run["environment"])
        if not environment or not environment.finalized_ts:
            return {}
        # The versions themselves, which would have to be read, are not asked.
        views = {
            version.name: version.qualified_view_name.for_environment(environment.naming_info)
            for version in environment.snapshots
            if version.name in self._run["models"] and version.is_materialized
        }
        return rows(context, views)


def _command_of(plan: EvaluatablePlan) -> str:
    """What a plan does, in a word."""
    if is_rollback(plan):
        return "rollback"
    if plan.restatements:
        return "restatement"
    return "plan" if plan.is_dev or plan.requires_backfill else "promotion"


def _day(milliseconds: int) -> str:
    return to_datetime(milliseconds).date().isoformat()
