"""The jobs of the bundle, really run: on an emulated workspace, with DuckDB as the warehouse."""

from __future__ import annotations

import copy
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import oracle
import pytest
from bundle import definitions, uploaded, variables
from bundle.job_states import FAILED, UPSTREAM_FAILED, job_state, task_states
from databricks.sdk.service.jobs import Run
from emulator import Emulator, emulator, states
from harness import PROJECT, SETTINGS, Platform, deliver_day, gold, tier_lacks

pytestmark = pytest.mark.slow
SCOPE = "streaming-test"
GOOD = {"wait": "SUCCESS", "run": "SUCCESS", "report": "SUCCESS", "janitor": "SUCCESS"}
JOBS = definitions("prod")["jobs"]


def last_day() -> date:
    """The last finished day, which the daily job loads."""
    return datetime.now(timezone.utc).date() - timedelta(days=1)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """With the project as a deployment uploads it, and the scope of its secrets."""
    if sys.version_info < (3, 11):
        tier_lacks("the emulator of a workspace needs Python 3.11")
    folder = tmp_path_factory.mktemp("workspace")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(SETTINGS)]:
            patch.delenv(name)
        with emulator(folder, TMPDIR=str(folder)) as workspace:
            (workspace.secrets / SCOPE).mkdir()
            workspace.upload(PROJECT, uploaded())
            yield workspace


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """Prod as of the day before the last one."""
    platform = Platform(tmp_path_factory.mktemp("jobs"))
    before = last_day() - timedelta(days=1)
    deliver_day(platform, before)
    deliver_ratings(platform, before)
    platform.plan(before)
    return platform


@pytest.fixture
def platform(planned: Platform, workspace: Emulator, tmp_path: Path) -> Platform:
    """The same, for one test to change. Where its data are the jobs learn from the secret scope.

    The landing lies elsewhere than it was loaded from, which the jobs tell of, and leave so.
    """
    platform = copy.copy(planned)
    platform.deliveries = list(planned.deliveries)
    platform.landing, platform.data = tmp_path / "landing", tmp_path / "data"
    shutil.copytree(planned.landing, platform.landing)
    shutil.copytree(planned.data, platform.data)
    platform.settings = planned.settings | {
        "STREAMING_LANDING": str(platform.landing),
        "STREAMING_DATA_DIR": str(platform.data),
    }
    (workspace.secrets / SCOPE / "STREAMING_DATA_DIR").write_text(str(platform.data))
    (workspace.secrets / SCOPE / "STREAMING_LATE_FILES").write_text("tell")
    (workspace.secrets / SCOPE / "PATH").write_text("no setting of the project")
    return platform


def job_variables(platform: Platform, **changed: Any) -> dict[str, Any]:
    """Those of prod, for a platform on this machine."""
    here = {"gateway": "local", "secret_scope": SCOPE, "landing": platform.landing}
    return variables("prod") | here | {"state_host": ""} | changed


def daily(every: str = "--every=1") -> dict[str, Any]:
    """The daily job, which looks each second whether something has landed."""
    job = copy.deepcopy(JOBS["daily"])
    parameters = job["tasks"][0]["spark_python_task"]["parameters"]
    parameters[parameters.index("--every=60")] = every
    return job


def failed(*tasks: str) -> dict[str, str]:
    """How the daily job ends if these tasks fail: red, also by the rules of Databricks."""
    ended = task_states(JOBS["daily"], dict.fromkeys(tasks, FAILED))
    assert job_state(JOBS["daily"], ended) == FAILED
    # The emulator does not say why it left a task out.
    return {k: "SKIPPED" if end == UPSTREAM_FAILED else end for k, end in ended.items()}


def finished(workspace: Emulator, job: dict[str, Any], given: dict[str, Any], **more: str) -> Run:
    """A run that has ended."""
    return workspace.start(job, given, **more).result()


def test_a_delivery_arrives_while_it_is_waited_for(workspace: Emulator, platform: Platform) -> None:
    """And the day before, whose files now lie elsewhere, is loaded again."""
    (workspace.secrets / SCOPE / "STREAMING_LATE_FILES").write_text("load")
    platform.deliveries = [
        replace(file, source=str(platform.landing.joinpath(*Path(file.source).parts[-3:])))
        for file in platform.deliveries
    ]
    started = workspace.start(daily(), job_variables(platform, wait_hours=48))
    until(lambda: "waits for ratings, shows, users, watches" in workspace.output.read_text())
    assert running("wait") and not running("run")
    deliver_day(platform, last_day())
    deliver_ratings(platform, last_day())
    run = started.result()
    logs = workspace.logs(run)
    assert states(run) == GOOD, logs
    assert "every feed has landed" in logs["wait"]
    assert "watches" in logs["report"]
    platform.check()


def test_a_delivery_is_late(workspace: Emulator, platform: Platform) -> None:
    """The day is loaded as it is; when the rest has come, a restatement brings it in."""
    deliver_day(platform, last_day())
    run = finished(workspace, daily(), job_variables(platform, wait_hours=0))
    logs = workspace.logs(run)
    assert states(run) == GOOD, logs
    assert "without ratings" in logs["wait"]
    platform.check()

    deliver_ratings(platform, last_day())
    days = {"first_day": str(last_day()), "last_day": str(last_day())}
    run = finished(workspace, JOBS["restate"], job_variables(platform), feeds="ratings", **days)
    assert states(run) == {"restate": "SUCCESS"}, workspace.logs(run)
    platform.check()


def test_an_audit_fails(workspace: Emulator, platform: Platform) -> None:
    """Gold keeps what it had; the report comes nevertheless, and the run failed."""
    before = gold(platform)
    deliver_day(platform, last_day())
    bad = {"user_id": 1, "show_id": 1, "watched_at": "yesterday", "status": "completed"}
    platform.deliver(
        "watches", last_day(), [{"watch_id": n, **bad} for n in range(1, 1101)], name="part-1"
    )
    run = finished(workspace, daily(), job_variables(platform, wait_hours=0))
    logs = workspace.logs(run)
    assert states(run) == failed("run"), logs
    assert "reject_share_is_within_limit" in logs["run"]
    assert "watched_at_malformed" in logs["report"]
    assert gold(platform) == before


def test_a_run_is_killed_and_tried_again(workspace: Emulator, platform: Platform) -> None:
    """As Databricks would; the emulator ignores retries, so this is another run."""
    deliver_day(platform, last_day())
    deliver_ratings(platform, last_day())
    started = workspace.start(daily(), job_variables(platform))
    until((platform.data / "streaming_prod.duckdb.wal").exists)
    assert running("run")
    for process in running("run"):
        os.kill(process, signal.SIGKILL)
    run = started.result()
    assert states(run) == failed("run"), workspace.logs(run)
    run = finished(workspace, daily(), job_variables(platform))
    assert states(run) == GOOD, workspace.logs(run)
    platform.check()


def test_layer_by_layer(workspace: Emulator, platform: Platform) -> None:
    deliver_day(platform, last_day())
    run = finished(workspace, JOBS["layers"], job_variables(platform, wait_hours=0))
    ended = states(run)
    assert list(ended) == ["bronze", "silver", "quarantine", "quality", "gold", "analytics"]
    assert set(ended.values()) == {"SUCCESS"}, workspace.logs(run)
    platform.check()


def test_a_restatement_changes_no_model(workspace: Emulator, platform: Platform) -> None:
    """What was uploaded may be newer than prod; a model goes to prod by its deployment only."""
    model = "models/gold/dim_shows.sql"
    text = (PROJECT / model).read_text()
    changed = platform.data.parent / "changed"
    (changed / model).parent.mkdir(parents=True)
    (changed / model).write_text(text.replace("'Unrated'", "'x'"))
    assert (changed / model).read_text() != text
    before = last_day() - timedelta(days=1)
    platform.deliver("shows", before, [show(2, before)], name="part-1")
    workspace.upload(changed, {model})
    try:
        days = {"first_day": str(before), "last_day": str(before)}
        run = finished(workspace, JOBS["restate"], job_variables(platform), feeds="shows", **days)
    finally:
        workspace.upload(PROJECT, {model})
    assert states(run) == {"restate": "SUCCESS"}, workspace.logs(run)
    shows = gold(platform)["gold.dim_shows"]
    assert len(shows) == 2 and shows == oracle.build(platform.deliveries)["gold.dim_shows"]


@pytest.mark.parametrize(
    "parameters, said",
    [
        ({"feeds": "users devices"}, "feeds is 'users devices'; it must name some of: users"),
        ({"feeds": " "}, "feeds is ' '; it must name some of: users"),
        ({"first_day": "yesterday"}, "first_day is 'yesterday'; it must be a day, YYYY-MM-DD"),
        ({"first_day": "2026-01-01"}, "last_day is ''; it must be a day, YYYY-MM-DD"),
    ],
)
def test_a_wrong_parameter(
    workspace: Emulator, platform: Platform, parameters: dict[str, str], said: str
) -> None:
    run = finished(workspace, JOBS["restate"], job_variables(platform), **parameters)
    assert states(run) == {"restate": "FAILED"}
    assert said in workspace.logs(run)["restate"]


def test_a_scope_that_is_not_there(workspace: Emulator, platform: Platform) -> None:
    run = finished(workspace, daily(), job_variables(platform, secret_scope="streaming-other"))
    assert states(run) == failed("wait", "report")
    said = workspace.logs(run)["wait"]
    assert "The secret scope 'streaming-other' cannot be read" in said and "READ" in said


def deliver_ratings(platform: Platform, day: date) -> None:
    """A rating, which makes a day's delivery whole."""
    number = (day - last_day()).days + 2
    rating = {"rating_id": number, "user_id": 1, "show_id": 1, "rating": 4}
    platform.deliver("ratings", day, [{**rating, "rated_at": f"{day} 21:00:00"}])


def show(number: int, day: date) -> oracle.Row:
    return {"show_id": number, "title": "Another", "updated_at": f"{day} 00:00:00"}


def running(command: str) -> list[int]:
    """The processes of tasks that do a command now."""
    found = subprocess.run(
        ["pgrep", "-f", f"operations/job.py .*--secrets={SCOPE} {command}( |$)"],
        capture_output=True,
        text=True,
    )
    return [int(line) for line in found.stdout.split()]


def until(condition: Any, seconds: float = 120) -> None:
    """Waits for something to happen."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"nothing happened in {seconds} s"
        time.sleep(0.1)
