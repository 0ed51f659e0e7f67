"""The bundle's definitions, and what is wrong in them, without the command line of Databricks.

That is not on a package registry, and accepts a dependency on a task that is not there, an
environment that is not there and a cron that is none, even with `--strict`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from croniter import CroniterError, croniter
from databricks.bundles.alerts import Alert
from databricks.bundles.dashboards import Dashboard
from databricks.bundles.jobs import Job
from databricks.bundles.schemas import Schema
from databricks.bundles.secret_scopes import SecretScope
from databricks.bundles.sql_warehouses import SqlWarehouse
from databricks.bundles.volumes import Volume
from databricks.sdk.service.postgres import (
    BranchSpec,
    DatabaseDatabaseSpec,
    EndpointSpec,
    ProjectSpec,
    RoleRoleSpec,
)
from ruamel.yaml import YAML

PROJECT = Path(__file__).parent.parent.parent
CONFIGURATION: dict[str, Any] = YAML(typ="safe").load(PROJECT / "databricks.yml")
TARGETS = tuple(CONFIGURATION["targets"])
KINDS = {
    "alerts": Alert,
    "dashboards": Dashboard,
    "jobs": Job,
    "schemas": Schema,
    "secret_scopes": SecretScope,
    "sql_warehouses": SqlWarehouse,
    "volumes": Volume,
}
# Kinds that databricks-bundles has no types of: the API's, and what the bundle has beside it.
SPECS = {
    "postgres_branches": (BranchSpec, {"branch_id", "parent", "replace_existing"}),
    "postgres_databases": (DatabaseDatabaseSpec, {"database_id", "parent"}),
    "postgres_endpoints": (EndpointSpec, {"endpoint_id", "parent", "replace_existing"}),
    "postgres_projects": (ProjectSpec, {"project_id"}),
    "postgres_roles": (RoleRoleSpec, {"role_id", "parent"}),
}
# What a kind's permissions may be; databricks-bundles and the command line accept any level.
# Source: docs.databricks.com/security/auth/access-control
LEVELS = {
    "alerts": {"CAN_RUN", "CAN_MANAGE"},
    "dashboards": {"CAN_READ", "CAN_EDIT", "CAN_MANAGE"},
    "jobs": {"CAN_VIEW", "CAN_MANAGE_RUN", "IS_OWNER", "CAN_MANAGE"},
    "sql_warehouses": {"CAN_VIEW", "CAN_MONITOR", "CAN_USE", "IS_OWNER", "CAN_MANAGE"},
}
BUILD = "databricks.bundles.build"  # what the command line calls
SECRET = re.compile(r"\b(\w*(?:TOKEN|CLIENT_SECRET|PASSWORD|WEBHOOK)=\S+|dapi[0-9a-f]{8,})")
REFERENCE = re.compile(r"\$\{([\w.]+)\}")

Definitions = dict[str, dict[str, dict[str, Any]]]  # by kind and name


def golden(target: str) -> Path:
    """Where a target's definitions are kept; `python -m tests.bundle` writes them anew."""
    return Path(__file__).parent / f"{target}.json"


def kept(found: Definitions) -> Definitions:
    """Definitions without the dashboard's JSON, which is a file that is reviewed itself."""
    return found | {
        "dashboards": {
            name: {key: value for key, value in each.items() if key != "serialized_dashboard"}
            for name, each in found["dashboards"].items()
        }
    }


def variables(target: str) -> dict[str, Any]:
    """The values of a target's variables; None for those that whoever deploys gives."""
    defaults = {name: each.get("default") for name, each in CONFIGURATION["variables"].items()}
    return defaults | CONFIGURATION["targets"][target]["variables"]


def definitions(target: str, **changed: Any) -> Definitions:
    """A target's resources, of Python and of databricks.yml, with some variables changed.

    Raises:
        ValueError: They cannot be loaded; says why.
    """
    given = {
        "bundle": {"name": CONFIGURATION["bundle"]["name"], "target": target},
        "python": CONFIGURATION["python"],
        "variables": {k: {"value": v} for k, v in (variables(target) | changed).items()},
    }
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / f"{name}.json" for name in ("input", "output", "diagnostics")}
        files["input"].write_text(json.dumps(given))
        arguments = [f"--{name}={path}" for name, path in files.items()]
        subprocess.run(
            [
                sys.executable,
                "-m",
                "databricks.bundles.build",
                "--phase=load_resources",
                *arguments,
            ],
            cwd=PROJECT,
            check=False,
            capture_output=True,
        )
        if said := files["diagnostics"].read_text():
            raise ValueError(said)
        of_python = json.loads(files["output"].read_text())["resources"]
    return of_python | CONFIGURATION["targets"][target].get("resources", {})


def uploaded(project: Path = PROJECT) -> set[str]:
    """What a deployment uploads of a checkout: all that neither git ignores nor `sync` excludes.

    A pattern without a slash is of any folder, as in .gitignore.

    Source: docs.databricks.com/dev-tools/bundles/settings.html#sync
    """
    left_out = [
        f":(exclude,glob){pattern if '/' in pattern else f'**/{pattern}'}"
        for pattern in CONFIGURATION["sync"]["exclude"]
    ]
    listed = subprocess.run(
        [
            "git",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            "--",
            ".",
            *left_out,
        ],
        cwd=project,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return {name for name in listed.split("\0") if name}


def problems(
    target: str, found: Definitions, files: set[str], configuration: dict[str, Any] = CONFIGURATION
) -> list[str]:
    """What is wrong in a target's definitions, given the files that are uploaded with them."""
    return [
        *_wrong_fields(found),
        *_wrong_levels(found),
        *_wrong_references(target, found, configuration),
        *(
            problem
            for name, job in found["jobs"].items()
            for problem in _wrong_tasks(name, job, files)
        ),
        *_wrong_times(configuration),
        *(f"a secret: {each}" for each in SECRET.findall(json.dumps([found, configuration]))),
    ]


def _wrong_fields(found: Definitions) -> Iterator[str]:
    """Fields that are not of a resource, values that are not of a field, types, what is missing."""
    for kind, named in found.items():
        for name, resource in named.items():
            try:
                if kind in SPECS:
                    spec, beside = SPECS[kind]
                    given = {k: v for k, v in resource.items() if k not in beside | {"lifecycle"}}
                    understood = spec.from_dict(given).as_dict()
                    if understood != given:
                        yield f"{kind}.{name}: of {given} only {understood} is understood"
                else:
                    KINDS[kind].from_dict(resource)  # type: ignore[attr-defined]
            except (TypeError, ValueError) as error:
                yield f"{kind}.{name}: {error}"


def _wrong_levels(found: Definitions) -> Iterator[str]:
    """Permissions that a kind does not know."""
    for kind, named in found.items():
        for name, resource in named.items():
            for permission in resource.get("permissions", []):
                if permission["level"] not in LEVELS[kind]:
                    yield f"{kind}.{name}: {permission['level']} is no permission of {kind}"


def _wrong_references(
    target: str, found: Definitions, configuration: dict[str, Any]
) -> Iterator[str]:
    """Variables and resources that are not there; variables of which nothing is said."""
    used = set(REFERENCE.findall(json.dumps([found, configuration["targets"][target]])))
    for reference in sorted(used):
        kind, _, name = reference.partition(".")
        if kind == "var" and name not in configuration["variables"]:
            yield f"{reference} is not there"
        if kind == "resources":
            of, resource = name.split(".")[:2]
            if resource not in found.get(of, {}):
                yield f"{reference} is not there"
    for name, variable in configuration["variables"].items():
        if not variable.get("description", "").endswith("."):
            yield f"variable {name} has no description"


def _wrong_tasks(name: str, job: dict[str, Any], files: set[str]) -> Iterator[str]:
    """Tasks, environments and parameters that are not there, files that are not uploaded."""
    keys = [task["task_key"] for task in job["tasks"]]
    environments = {each["environment_key"]: each["spec"] for each in job["environments"]}
    if len(set(keys)) < len(keys):
        yield f"{name}: two tasks have one name"
    for task in job["tasks"]:
        for before in task.get("depends_on", []):
            if before["task_key"] not in keys[: keys.index(task["task_key"])]:
                yield f"{name}: no task {before['task_key']} before {task['task_key']}"
        if task["environment_key"] not in environments:
            yield f"{name}: no environment {task['environment_key']}"
        if not task.get("timeout_seconds"):
            yield f"{name}.{task['task_key']} has no time limit"
        called = task["spark_python_task"]
        if called["python_file"] not in files:
            yield f"{name}: {called['python_file']} is not uploaded"
        known = {f"job.parameters.{each['name']}" for each in job.get("parameters", [])}
        for used in re.findall(r"\{\{(.*?)\}\}", str(called["parameters"])):
            # docs.databricks.com/jobs/dynamic-value-references: others need backticks
            if used not in known | {"workspace.url"} or not re.fullmatch(r"[\w.]+", used):
                yield f"{name}: no value for {used}"
    for spec in environments.values():
        for line in spec["dependencies"]:
            if (pins := line.removeprefix("-r ")) not in files:
                yield f"{name}: {pins} is not uploaded"


def _wrong_times(configuration: dict[str, Any]) -> Iterator[str]:
    """Quartz cron expressions that are none: seconds first, and one of the two days is a `?`.

    Source: www.quartz-scheduler.org/documentation/quartz-2.3.0/tutorials/crontrigger.html
    """
    for name in ("schedule", "alert_schedule"):
        expression = configuration["variables"][name]["default"]
        fields = expression.split()
        try:
            croniter(expression, second_at_beginning=True)
        except CroniterError as error:
            yield f"{name} is '{expression}': {error}"
        if len(fields) != 6 or (fields[3] == "?") == (fields[5] == "?"):
            yield f"{name} is '{expression}': not one ? for the day of the month or of the week"
