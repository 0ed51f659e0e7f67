"""The jobs: one that keeps an environment fresh, one in separate steps, one that restates days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from databricks.bundles.jobs import (
    CronSchedule,
    Environment,
    FileArrivalTriggerConfiguration,
    Job,
    JobEmailNotifications,
    JobEnvironment,
    JobParameterDefinition,
    JobsHealthMetric,
    JobsHealthOperator,
    JobsHealthRule,
    JobsHealthRules,
    QueueSettings,
    RunIf,
    SparkPythonTask,
    Task,
    TaskDependency,
    TaskEmailNotifications,
    TaskNotificationSettings,
    TriggerSettings,
)

from macros.feeds import FEEDS, LAYERS
from resources.storage import WAREHOUSE_ID
from resources.variables import Variables

HOUR = 3600
ENVIRONMENT = "5"  # of serverless Python; requirements-jobs.constraints.txt says what it brings
RETRY_AFTER = 10 * 60 * 1000  # ms: what a killed run had sent to the warehouse has ended by then
SETTINGS = {
    "SQLMESH__DEFAULT_GATEWAY": Variables.gateway,
    "DATABRICKS_HOST": "{{workspace.url}}",
    "DATABRICKS_HTTP_PATH": f"/sql/1.0/warehouses/{WAREHOUSE_ID}",
    "STREAMING_ENVIRONMENT": Variables.environment,
    "STREAMING_STATE_HOST": Variables.state_host,
    "STREAMING_STATE_DATABASE": Variables.state_database,
    "STREAMING_LANDING": Variables.landing,
    "STREAMING_LANDING_FORMAT": Variables.landing_format,
    "STREAMING_DELIVERY_WAIT_HOURS": Variables.wait_hours,
    "STREAMING_MAX_REJECT_SHARE": Variables.max_reject_share,
    "STREAMING_MAX_SILENCE_DAYS": Variables.max_silence_days,
    "STREAMING_ANALYSTS": Variables.analysts,
}


def daily() -> Job:
    """Waits for the day before, loads it, and reports in any case; then removes what no one sees.

    A run of a job is as its leaf tasks are (docs.databricks.com/jobs/run-if). So the last task
    needs those before it: came it in any case, a run that loaded nothing would be a success.
    """
    return job(
        "streaming daily",
        "Waits for the deliveries of the day before, and loads all that is new.",
        [
            task("wait", "wait", "--every=60", hours=12, retries=2),
            task("run", "run", after=["wait"], hours=6, retries=1),
            task("report", "report", after=["run"], run_if=RunIf.ALL_DONE, retries=1),
            task("janitor", "janitor", after=["run", "report"], retries=1),
        ],
        # What is not there by then is late, whatever it waits for.
        health=JobsHealthRules(
            rules=[
                JobsHealthRule(
                    metric=JobsHealthMetric.RUN_DURATION_SECONDS,
                    op=JobsHealthOperator.GREATER_THAN,
                    value=8 * HOUR,
                )
            ]
        ),
    )


def layers() -> Job:
    """The same models in steps, a layer each, for whoever wants to watch or repeat them apart."""
    before = [[], *([layer] for layer in LAYERS)]
    return job(
        "streaming layers",
        "Loads what was delivered since the last run, layer by layer.",
        [
            task(layer, "run", "--layer", layer, after=after, hours=6, retries=1)
            for layer, after in zip(LAYERS, before, strict=False)
        ],
    )


def restate() -> Job:
    """Loads days again, of some feeds or all, and all that depends on them."""
    parameters = {"feeds": " ".join(FEEDS), "first_day": "", "last_day": ""}
    asked = [f"--{name.replace('_', '-')}={{{{job.parameters.{name}}}}}" for name in parameters]
    return job(
        "streaming restate",
        "Reads the deliveries of first_day to last_day (YYYY-MM-DD) again, and computes what "
        "depends on them. Start it by 'Run now with different parameters'; feeds have blanks "
        "between.",
        [task("restate", "restate", *asked, hours=12)],
        parameters=[
            JobParameterDefinition(name=name, default=default)
            for name, default in parameters.items()
        ],
    )


def on_schedule(job: Job) -> Job:
    """A job that starts at the hour of databricks.yml."""
    schedule = CronSchedule(quartz_cron_expression=Variables.schedule, timezone_id="UTC")
    return replace(job, schedule=schedule)


def on_file_arrival(job: Job) -> Job:
    """A job that starts when no more files come into the landing, every half hour at most."""
    arrival = FileArrivalTriggerConfiguration(
        url=f"{Variables.landing}/",
        min_time_between_triggers_seconds=HOUR // 2,
        wait_after_last_change_seconds=5 * 60,
    )
    return replace(job, trigger=TriggerSettings(file_arrival=arrival))


def job(name: str, description: str, tasks: Sequence[Task], **more: Any) -> Job:
    """A job of one run at a time, which tells of its failures."""
    return Job(
        name=name,
        description=description,
        tasks=list(tasks),
        max_concurrent_runs=1,
        queue=QueueSettings(enabled=True),
        email_notifications=JobEmailNotifications(
            on_failure=[Variables.alert_email],
            on_duration_warning_threshold_exceeded=[Variables.alert_email],
        ),
        environments=[
            JobEnvironment(
                environment_key="pinned",
                spec=Environment(
                    environment_version=ENVIRONMENT, dependencies=["-r requirements-jobs.txt"]
                ),
            )
        ],
        tags={"commit": "${bundle.git.commit}"},
        **more,
    )


def task(
    key: str,
    *command: str,
    after: Sequence[str] = (),
    run_if: RunIf | None = None,
    hours: int = 1,
    retries: int = 0,
) -> Task:
    """A call of operations/job.py, which tells of its own failure, once no retry is left.

    Repeated only where a second call computes what is missing, and not before `RETRY_AFTER`. So
    serverless compute must not repeat it too, as its auto-optimization would
    (docs.databricks.com/jobs/run-serverless-jobs).
    """
    settings = [f"--setting={name}={value}" for name, value in SETTINGS.items()]
    return Task(
        task_key=key,
        depends_on=[TaskDependency(task_key=other) for other in after],
        run_if=run_if,
        environment_key="pinned",
        spark_python_task=SparkPythonTask(
            python_file="operations/job.py",
            parameters=[*settings, f"--secrets={Variables.secret_scope}", *command],
        ),
        timeout_seconds=hours * HOUR,
        max_retries=retries,
        min_retry_interval_millis=RETRY_AFTER if retries else None,
        disable_auto_optimization=True,
        email_notifications=TaskEmailNotifications(on_failure=[Variables.alert_email]),
        # A task that was skipped has one before it that failed, and that has told of it.
        notification_settings=TaskNotificationSettings(
            alert_on_last_attempt=True, no_alert_for_skipped_runs=True
        ),
    )
