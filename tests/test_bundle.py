"""The bundle of Databricks: its definitions, checked without a workspace.

What its jobs do is tested in test_jobs.py.
"""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bundle import (
    CONFIGURATION,
    PROJECT,
    TARGETS,
    Definitions,
    definitions,
    golden,
    kept,
    problems,
    uploaded,
    variables,
)
from emulator import emulator
from harness import PARTS

Fault = Callable[[Definitions, dict[str, Any]], Any]


@pytest.fixture(scope="module", params=TARGETS)
def target(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def found(target: str) -> Definitions:
    return definitions(target)


def test_nothing_is_wrong(target: str, found: Definitions) -> None:
    assert problems(target, found, uploaded()) == []


def test_the_definitions_are_as_before(target: str, found: Definitions) -> None:
    """So that a change is seen in review. After a change that is meant: python -m tests.bundle."""
    assert kept(found) == json.loads(golden(target).read_text(encoding="utf-8"))


def first_task(found: Definitions) -> dict[str, Any]:
    return found["jobs"]["daily"]["tasks"][1]


FAULTS: dict[str, tuple[Fault, str]] = {
    "an unknown field": (
        lambda found, _: found["jobs"]["daily"].update(retries=1),
        "retries",
    ),
    "an unknown field further down": (
        lambda found, _: first_task(found).update(timeout=1),
        "timeout",
    ),
    "a value that is none of an enum": (
        lambda found, _: first_task(found).update(run_if="ALWAYS"),
        "ALWAYS",
    ),
    "another type": (
        lambda found, _: found["jobs"]["daily"].update(max_concurrent_runs=[1]),
        "jobs.daily",
    ),
    "a field that is missing": (
        lambda found, _: found["schemas"]["gold"].pop("catalog_name"),
        "catalog_name",
    ),
    "a task that is not there": (
        lambda found, _: first_task(found).update(depends_on=[{"task_key": "seed"}]),
        "no task seed",
    ),
    "a task that waits for itself": (
        lambda found, _: first_task(found).update(depends_on=[{"task_key": "run"}]),
        "no task run before run",
    ),
    "two tasks of one name": (
        lambda found, _: first_task(found).update(task_key="wait", depends_on=[]),
        "two tasks",
    ),
    "an environment that is not there": (
        lambda found, _: first_task(found).update(environment_key="default"),
        "no environment default",
    ),
    "no time limit": (
        lambda found, _: first_task(found).pop("timeout_seconds"),
        "no time limit",
    ),
    "a file that is not there": (
        lambda found, _: first_task(found)["spark_python_task"].update(python_file="jobs/job.py"),
        "jobs/job.py is not uploaded",
    ),
    "a file that is left out": (
        lambda found, _: first_task(found)["spark_python_task"].update(
            python_file="tests/harness.py"
        ),
        "tests/harness.py is not uploaded",
    ),
    "pins that are not there": (
        lambda found, _: found["jobs"]["daily"]["environments"][0]["spec"].update(
            dependencies=["-r requirements-job.txt"]
        ),
        "requirements-job.txt is not uploaded",
    ),
    "a dependency that is not pinned": (
        lambda found, _: found["jobs"]["daily"]["environments"][0]["spec"].update(
            dependencies=["sqlmesh"]
        ),
        "sqlmesh is not uploaded",
    ),
    "a parameter that is not there": (
        lambda found, _: first_task(found)["spark_python_task"]["parameters"].append(
            "{{job.parameters.day}}"
        ),
        "no value for job.parameters.day",
    ),
    "a parameter whose name would need backticks": (
        lambda found, _: (
            found["jobs"]["restate"]["parameters"].append({"name": "a-day", "default": ""}),
            found["jobs"]["restate"]["tasks"][0]["spark_python_task"]["parameters"].append(
                "{{job.parameters.a-day}}"
            ),
        ),
        "no value for job.parameters.a-day",
    ),
    "a variable that is not there": (
        lambda found, _: found["sql_warehouses"]["platform"].update(cluster_size="${var.size}"),
        "var.size is not there",
    ),
    "a resource that is not there": (
        lambda found, _: found["alerts"]["late"].update(
            warehouse_id="${resources.sql_warehouses.small.id}"
        ),
        "resources.sql_warehouses.small.id is not there",
    ),
    "a variable without a description": (
        lambda _, configuration: configuration["variables"]["landing"].pop("description"),
        "landing has no description",
    ),
    "a cron of another number of fields": (
        lambda _, configuration: configuration["variables"]["schedule"].update(
            default="15 0 * * ?"
        ),
        "schedule is",
    ),
    "a cron of two days": (
        lambda _, configuration: configuration["variables"]["schedule"].update(
            default="0 15 0 1 * MON"
        ),
        "not one ?",
    ),
    "a cron of an hour that is none": (
        lambda _, configuration: configuration["variables"]["alert_schedule"].update(
            default="0 0 25 * * ?"
        ),
        "alert_schedule is",
    ),
    "a secret as a setting": (
        lambda found, _: first_task(found)["spark_python_task"]["parameters"].insert(
            0, "--setting=STREAMING_STATE_PASSWORD=sesame"
        ),
        "STREAMING_STATE_PASSWORD=sesame",
    ),
    "a secret in the configuration": (
        lambda _, configuration: configuration["variables"]["landing"].update(
            default="dapi0123456789abcdef"
        ),
        "dapi0123456789abcdef",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault: str) -> None:
    """The checks above can fail: each of these breaks the definitions of prod."""
    broken, configuration = definitions_of_prod(), copy.deepcopy(CONFIGURATION)
    make, said = FAULTS[fault]
    make(broken, configuration)
    assert any(said in problem for problem in problems("prod", broken, uploaded(), configuration))


def definitions_of_prod() -> Definitions:
    """As they are kept, which a test above compares with those of today."""
    return json.loads(golden("prod").read_text(encoding="utf-8"))


def test_what_is_uploaded() -> None:
    """What a checkout needs for SQLMesh to load it, and nothing of tests, docs or git."""
    files = uploaded()
    for part in (*PARTS, "requirements-jobs.txt"):
        here = {part} if (PROJECT / part).is_file() else set(Path(part).rglob("*.[psc][yqs]*"))
        assert {str(path) for path in here if "__pycache__" not in str(path)} <= files
    tops = {name.partition("/")[0] for name in files}
    assert not tops & {
        "tests",
        "docs",
        "benchmarks",
        ".github",
        "LICENSE",
        "README.md",
        "SECURITY.md",
        "requirements-dev.txt",
    }


def test_what_git_ignores_is_not_uploaded(tmp_path: Path) -> None:
    """Secrets, databases, caches and logs stay here, wherever they are."""
    shutil.copy(PROJECT / ".gitignore", tmp_path)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    private = (
        ".env",
        ".env.prod",
        "data/state.duckdb",
        "data/state.duckdb.wal",
        ".cache/models.bin",
        "logs/sqlmesh.log",
        ".venv/pyvenv.cfg",
        ".databricks/bundle/prod/deployment.json",
        "models/__pycache__/a.pyc",
        "landing/users/dt=2026-01-01/part-0.csv",
    )
    for name in (*private, "config.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert uploaded(tmp_path) == {".gitignore", "config.py"}


def test_what_starts_the_daily_job() -> None:
    """One or the other; and no third."""
    by_schedule, by_arrival = (
        definitions("prod", start_with=start)["jobs"]["daily"]
        for start in ("schedule", "file_arrival")
    )
    assert "schedule" in by_schedule and "trigger" not in by_schedule
    assert "trigger" in by_arrival and "schedule" not in by_arrival
    with pytest.raises(ValueError, match="start_with is 'cron'; it must be one of"):
        definitions("prod", start_with="cron")


def test_a_retry_is_safe(found: Definitions) -> None:
    """Runs compute what is missing. A restatement begins anew, so only a person repeats it."""
    retries = {
        task["task_key"]: task["max_retries"]
        for job in found["jobs"].values()
        for task in job["tasks"]
    }
    assert retries.pop("restate") == 0
    assert all(retries.values())


def test_jobs_take_turns_and_tell(found: Definitions) -> None:
    for job in found["jobs"].values():
        assert job["max_concurrent_runs"] == 1 and job["queue"] == {"enabled": True}
        assert job["email_notifications"]["on_failure"] == ["${var.alert_email}"]


def test_every_variable_is_used() -> None:
    text = json.dumps([*map(definitions, TARGETS), CONFIGURATION["targets"]])
    steering = {"environment", "start_with"}  # read by resources/__init__.py
    used = {name for name in variables("prod") if f"${{var.{name}}}" in text}
    assert used | steering == set(CONFIGURATION["variables"])
    assert not used & {"start_with"}


def test_settings_are_documented(found: Definitions) -> None:
    """Each that a job is given is in .env.example, or SQLMesh's own."""
    documented = set(re.findall(r"^#(\w+)=", (PROJECT / ".env.example").read_text(), flags=re.M))
    parameters = found["jobs"]["daily"]["tasks"][0]["spark_python_task"]["parameters"]
    given = set(re.findall(r"--setting=(\w+)=", " ".join(parameters)))
    assert given - documented == {"SQLMESH__DEFAULT_GATEWAY"}


def test_the_command_line_agrees(target: str, tmp_path: Path) -> None:
    """`databricks bundle`, where it is installed, with the emulator as its workspace."""
    if not shutil.which("databricks"):
        reason = "the Databricks command line is not installed: docs.databricks.com/dev-tools/cli"
        if os.environ.get("STREAMING_REQUIRE_DATABRICKS_CLI"):
            pytest.fail(reason)
        pytest.skip(reason)
    given = {
        "BUNDLE_VAR_alert_email": "ann@example.org",
        "BUNDLE_VAR_service_principal": "00000000-0000-0000-0000-000000000000",
        "BUNDLE_VAR_state_host": "db.example.org",
    }
    with emulator(tmp_path) as workspace:

        def bundle(*command: str) -> str:
            done = subprocess.run(
                ["databricks", "bundle", *command, "--target", target],
                cwd=PROJECT,
                env=workspace.environment | given,
                capture_output=True,
                text=True,
            )
            return done.stdout + done.stderr

        said = bundle("validate", "--strict")
        files = bundle("sync", "--dry-run", "--output", "text")
    warnings = set(re.findall("^ *Warning: (.*)", said, flags=re.M))
    # The folder of a prod that is deployed by its service principal; the emulator knows one user.
    assert warnings <= {"workspace folder has permissions not configured in bundle"}, said
    assert ("Error" in said) == bool(warnings), said
    names = re.findall(r"^Uploaded (.*)", files, flags=re.M)  # folders too
    assert {name for name in names if (PROJECT / name).is_file()} == uploaded()
