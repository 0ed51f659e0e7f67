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
from collections.abc import Callable, Mapping
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
from bundle.job_states import (
    EXCLUDED,
    FAILED,
    SUCCESS,
    SUCCESS_WITH_FAILURES,
    UPSTREAM_FAILED,
    job_state,
    task_states,
    told,
)
from emulator import emulator, resolved
from harness import PARTS
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PRINCIPAL = "00000000-0000-0000-0000-000000000000"
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
    "a field that Postgres does not know": (
        lambda found, _: found["postgres_endpoints"]["state"].update(capacity=1),
        "postgres_endpoints.state",
    ),
    "an endpoint of no type": (
        lambda found, _: found["postgres_endpoints"]["state"].update(endpoint_type="PRIMARY"),
        "postgres_endpoints.state",
    ),
    "a permission that a dashboard does not know": (
        lambda found, _: found["dashboards"]["streaming"]["permissions"][0].update(level="CAN_RUN"),
        "CAN_RUN is no permission of dashboards",
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
    """Runs compute what is missing, once the warehouse has ended what a killed try had sent. A
    restatement begins anew, so only a person repeats it; and serverless compute repeats nothing."""
    tasks = {task["task_key"]: task for job in found["jobs"].values() for task in job["tasks"]}
    assert all(task["disable_auto_optimization"] for task in tasks.values())
    assert tasks.pop("restate")["max_retries"] == 0
    assert all(task["max_retries"] for task in tasks.values())
    assert {task["min_retry_interval_millis"] for task in tasks.values()} == {600_000}


def test_jobs_take_turns(found: Definitions) -> None:
    for job in found["jobs"].values():
        assert job["max_concurrent_runs"] == 1 and job["queue"] == {"enabled": True}


def test_a_failure_is_told_and_seen(found: Definitions) -> None:
    """Whichever task of whichever job fails: it says so itself, and the run is red."""
    someone = ["${var.alert_email}"]
    for job in found["jobs"].values():
        for task in job["tasks"]:
            failing = task["task_key"]
            states = task_states(job, {failing: FAILED})
            assert told(job, states) == {failing: someone, "job": someone}
            assert job_state(job, states) == FAILED
        states = task_states(job, {})
        assert told(job, states) == {} and job_state(job, states) == SUCCESS


def test_a_run_that_failed_is_reported(found: Definitions) -> None:
    """And nothing is removed after it."""
    expected = {"wait": SUCCESS, "run": FAILED, "report": SUCCESS, "janitor": UPSTREAM_FAILED}
    assert task_states(found["jobs"]["daily"], {"run": FAILED}) == expected


def test_a_job_whose_last_task_comes_in_any_case_hides_a_failure() -> None:
    """As the daily job was: its run loaded nothing, and Databricks called that a success."""
    job = definitions_of_prod()["jobs"]["daily"]
    janitor = job["tasks"][-1]
    janitor.update(depends_on=[{"task_key": "report"}], run_if="ALL_DONE")
    for task in job["tasks"]:
        del task["email_notifications"]
    states = task_states(job, {"run": FAILED})
    assert job_state(job, states) == SUCCESS_WITH_FAILURES
    assert told(job, states) == {}


@pytest.mark.parametrize(
    "run_if, one, other, ends",
    [
        ("ALL_SUCCESS", SUCCESS, FAILED, UPSTREAM_FAILED),
        ("AT_LEAST_ONE_SUCCESS", SUCCESS, FAILED, SUCCESS),
        ("AT_LEAST_ONE_SUCCESS", FAILED, FAILED, UPSTREAM_FAILED),
        ("NONE_FAILED", SUCCESS, FAILED, UPSTREAM_FAILED),
        ("ALL_DONE", FAILED, FAILED, SUCCESS),
        ("AT_LEAST_ONE_FAILED", SUCCESS, FAILED, SUCCESS),
        ("AT_LEAST_ONE_FAILED", SUCCESS, SUCCESS, EXCLUDED),
        ("ALL_FAILED", SUCCESS, FAILED, EXCLUDED),
        ("ALL_FAILED", FAILED, FAILED, SUCCESS),
    ],
)
def test_when_a_task_runs(run_if: str, one: str, other: str, ends: str) -> None:
    """The table of docs.databricks.com/jobs/run-if."""
    after = [{"task_key": "one"}, {"task_key": "other"}]
    job = {
        "tasks": [
            *after,
            {"task_key": "last", "depends_on": after, "run_if": run_if},
        ]
    }
    assert task_states(job, {"one": one, "other": other})["last"] == ends


def test_postgres_does_not_sleep_while_a_task_may_hold_the_lock() -> None:
    """Scale to zero ends sessions, and the session of the lock is silent."""
    found = definitions("prod")
    idle = int(found["postgres_endpoints"]["state"]["suspend_timeout_duration"].removesuffix("s"))
    limits = [task["timeout_seconds"] for job in found["jobs"].values() for task in job["tasks"]]
    assert idle > max(limits)
    assert 60 <= idle <= 604_800  # docs.databricks.com/oltp/projects/scale-to-zero


def opened(found: Definitions, given: Mapping[str, Any] | None = None) -> dict[str, dict[str, str]]:
    """What each group and grantee has, by resource; their names by the variables that are given."""
    by_whom: dict[str, dict[str, str]] = {}
    for kind, named in found.items():
        for name, resource in named.items():
            each_has = [
                *(
                    (each.get("group_name"), each["level"])
                    for each in resource.get("permissions", [])
                ),
                *((each["principal"], *each["privileges"]) for each in resource.get("grants", [])),
            ]
            for whom, what in each_has:
                if whom:
                    whom = resolved(whom, given) if given else whom
                    by_whom.setdefault(whom, {})[f"{kind}.{name}"] = what
    return by_whom


def test_who_may_open_what(target: str, found: Definitions) -> None:
    """In prod; in dev all of it belongs to whoever deployed."""
    landing = {"schemas.landing": "USE_SCHEMA", "volumes.deliveries": "READ_VOLUME"}
    expected = {
        "${var.engineers}": {
            "jobs.daily": "CAN_MANAGE_RUN",
            "jobs.layers": "CAN_MANAGE_RUN",
            "jobs.restate": "CAN_MANAGE_RUN",
            "alerts.late": "CAN_RUN",
            "alerts.rejects": "CAN_RUN",
            "dashboards.streaming": "CAN_READ",
            "sql_warehouses.platform": "CAN_USE",
            **landing,
        },
        "${var.analysts}": {
            "dashboards.streaming": "CAN_READ",
            "sql_warehouses.platform": "CAN_USE",
        },
        "${var.service_principal}": landing,
    }
    assert opened(found) == (expected if target == "prod" else {})


def test_permissions_of_all_kinds_are_those_of_whoever_manages() -> None:
    """A level of the whole bundle is another one on each kind, but for CAN_MANAGE."""
    levels = CONFIGURATION["targets"]["prod"]["permissions"]
    assert levels == [{"level": "CAN_MANAGE", "service_principal_name": "${var.service_principal}"}]
    assert "permissions" not in CONFIGURATION | CONFIGURATION["targets"]["dev"]


def pins(file: str) -> dict[str, Requirement]:
    """What a file pins for the Python of the jobs, by name."""
    lines = re.findall(
        r"^[\w.-]+(?:\[[\w,.-]+\])?==[^#\\\n]+", (PROJECT / file).read_text(), flags=re.M
    )
    there = {"python_full_version": "3.12.3", "python_version": "3.12", "sys_platform": "linux"}
    return {
        canonicalize_name(pin.name): pin
        for pin in map(Requirement, lines)
        if not pin.marker or pin.marker.evaluate(there)
    }


def version(pin: Requirement) -> str:
    (specifier,) = pin.specifier
    return specifier.version


def test_jobs_replace_nothing_that_their_environment_brings() -> None:
    """It runs on that itself: pyarrow, ipython, the SDK and many others."""
    brought, jobs = pins("requirements-jobs.constraints.txt"), pins("requirements-jobs.txt")
    assert {"pyarrow", "ipython", "numpy", "databricks-sdk"} <= set(brought) & set(jobs)
    replaced = {
        name: (version(pin), str(brought[name].specifier))
        for name, pin in jobs.items()
        if name in brought and version(pin) not in brought[name].specifier
    }
    assert replaced == {}


def test_what_jobs_install_beside_it_is_what_the_tests_run() -> None:
    """But for dateparser, whose last version wants a newer pytz than there is."""
    brought, tested = pins("requirements-jobs.constraints.txt"), pins("requirements-dev.txt")
    jobs = pins("requirements-jobs.txt")
    other = {n for n in set(jobs) - set(brought) if version(jobs[n]) != version(tested[n])}
    assert other == {"dateparser"}


def test_what_jobs_install_is_known_by_its_hash() -> None:
    """pip checks the hashes of a file all of whose pins have some."""
    text = (PROJECT / "requirements-jobs.txt").read_text()
    pinned = re.findall(r"^[\w.-]+(?:\[[\w,.-]+\])?==\S+(.*)$", text, flags=re.M)
    assert len(pinned) == len(pins("requirements-jobs.txt")) > 90
    assert set(pinned) == {" \\"}
    assert len(re.findall(r" \\\n    --hash=sha256:", text)) >= len(pinned)


def test_the_environment_is_the_one_whose_packages_are_known(found: Definitions) -> None:
    known = (PROJECT / "requirements-jobs.constraints.txt").read_text()
    (number,) = re.findall(r"serverless environment version (\d+) ", known)
    versions = {
        environment["spec"]["environment_version"]
        for job in found["jobs"].values()
        for environment in job["environments"]
    }
    assert versions == {number}


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
        "BUNDLE_VAR_service_principal": PRINCIPAL,
        "BUNDLE_VAR_state_host": "db.example.org",
    }
    with emulator(tmp_path) as workspace:

        def bundle(*command: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                ["databricks", "bundle", *command, "--target", target],
                cwd=PROJECT,
                env=workspace.environment | given,
                capture_output=True,
                text=True,
            )

        validated = bundle("validate", "--strict")
        understood = json.loads(bundle("validate", "--output", "json").stdout)["resources"]
        files = bundle("sync", "--dry-run", "--output", "text").stdout
    said = validated.stdout + validated.stderr
    warnings = set(re.findall("^ *Warning: (.*)", said, flags=re.M))
    # The folder of a prod that is deployed by its service principal; the emulator knows one user.
    assert warnings <= {"workspace folder has permissions not configured in bundle"}, said
    assert ("Error" in said) == bool(warnings), said
    # It adds who manages by the permissions of the whole bundle, and who deploys.
    ours = opened(definitions(target), variables(target) | {"service_principal": PRINCIPAL})
    assert opened(understood) == ours
    names = re.findall(r"^Uploaded (.*)", files, flags=re.M)  # folders too
    assert {name for name in names if (PROJECT / name).is_file()} == uploaded()
