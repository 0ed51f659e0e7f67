"""The jobs of the bundle and their tasks, as resources/jobs.py defines them."""

from __future__ import annotations

from databricks.bundles.jobs import Task

from operations.terminal import Table
from resources.jobs import HOUR, daily, layers, restate


def tasks() -> Table:
    """Each task: after which others it comes, how long it may take, and what it does."""
    rows = [
        (job.name, task.task_key, _after(task), task.timeout_seconds // HOUR, _does(task))
        for job in (daily(), layers(), restate())
        for task in job.tasks
    ]
    return Table(("job", "task", "after", "hours", "does"), rows)


def _after(task: Task) -> str:
    return ", ".join(other.task_key for other in task.depends_on)


def _does(task: Task) -> str:
    """The command and its options, which follow the settings and the secrets."""
    parameters = task.spark_python_task.parameters
    secrets = next(n for n, given in enumerate(parameters) if given.startswith("--secrets="))
    return " ".join(parameters[secrets + 1 :])
