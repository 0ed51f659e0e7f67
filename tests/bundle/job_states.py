"""How Databricks calls a run of a job, and who is told, given how its tasks end: a model.

Source: docs.databricks.com/jobs/run-if, jobs/notifications and the Jobs API, read 2026-11-30.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SUCCESS, FAILED = "SUCCESS", "FAILED"
UPSTREAM_FAILED, EXCLUDED = "UPSTREAM_FAILED", "EXCLUDED"
SUCCESS_WITH_FAILURES = "SUCCESS_WITH_FAILURES"
GOOD = {SUCCESS, EXCLUDED}  # what is excluded counts as a success


def task_states(job: dict[str, Any], ends: Mapping[str, str]) -> dict[str, str]:
    """How each task ends: as `ends` says (else well) if it runs, or why it does not run.

    Raises:
        KeyError: A task has a condition that the model does not know.
    """
    states: dict[str, str] = {}
    for task in job["tasks"]:
        key = task["task_key"]
        before = [states[other["task_key"]] for other in task.get("depends_on", [])]
        states[key] = _skipped(task.get("run_if", "ALL_SUCCESS"), before) or ends.get(key, SUCCESS)
    return states


def job_state(job: dict[str, Any], states: Mapping[str, str]) -> str:
    """How the run is called: as its leaf tasks are, those on which no other depends."""
    followed = {d["task_key"] for task in job["tasks"] for d in task.get("depends_on", [])}
    if all(state in GOOD for state in states.values()):
        return SUCCESS
    if all(state in GOOD for key, state in states.items() if key not in followed):
        return SUCCESS_WITH_FAILURES
    return FAILED


def told(job: dict[str, Any], states: Mapping[str, str]) -> dict[str, list[str]]:
    """Who gets mail of a failure, by task, and as `job` by the job itself.

    A run that succeeded with failures counts as a success, and a task that was skipped may be
    silent (no_alert_for_skipped_runs).
    """
    mails = {}
    for task in job["tasks"]:
        settings = task.get("notification_settings", {})
        silent = {UPSTREAM_FAILED} if settings.get("no_alert_for_skipped_runs") else set()
        if states[task["task_key"]] in {FAILED, UPSTREAM_FAILED} - silent:
            mails[task["task_key"]] = task.get("email_notifications", {}).get("on_failure", [])
    if job_state(job, states) == FAILED:
        mails["job"] = job.get("email_notifications", {}).get("on_failure", [])
    return {of: whom for of, whom in mails.items() if whom}


def _skipped(run_if: str, before: list[str]) -> str | None:
    """Why a task with these ends before it does not run; None if it does."""
    if before and set(before) == {EXCLUDED}:
        return EXCLUDED
    good = [state for state in before if state in GOOD]
    bad = [state for state in before if state not in GOOD]
    runs, otherwise = {
        "ALL_SUCCESS": (not bad, UPSTREAM_FAILED),
        "AT_LEAST_ONE_SUCCESS": (bool(good), UPSTREAM_FAILED),
        "NONE_FAILED": (not bad, UPSTREAM_FAILED),
        "ALL_DONE": (True, None),
        "AT_LEAST_ONE_FAILED": (bool(bad), EXCLUDED),
        "ALL_FAILED": (not good, EXCLUDED),
    }[run_if]
    return None if runs else otherwise
