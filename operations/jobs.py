"""The jobs of the bundle and their tasks, as resources/jobs.py defines them."""

from __future__ import annotations

from typing import Any

from operations.terminal import Table
from resources.jobs import HOUR, daily, layers, restate


def tasks() -> Table:
    """Each task: after which others it comes, how long it may take, and what it does."""
    # Plain data: of a Job every attribute may be a variable of the bundle.
    jobs: list[dict[str, Any]] = [dict(job.as_dict()) for job in (daily(), layers(), restate())]
    rows = [
        (job["name"], task["task_key"], _after(task), task["timeout_seconds"] // HOUR, _does(task))
        for job in jobs
        for task in job["tasks"]
    ]
    return Table(("job", "task", "after", "hours", "does"), rows)


def _after(task: dict[str, Any]) -> str:
    return ", ".join(other["task_key"] for other in task.get("depends_on", ()))


def _does(task: dict[str, Any]) -> str:
    """The command and its options, which follow the settings and the secrets."""
    parameters = task["spark_python_task"]["parameters"]
    secrets = next(n for n, given in enumerate(parameters) if given.startswith("--secrets="))
    return " ".join(parameters[secrets + 1 :])
