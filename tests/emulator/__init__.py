"""A workspace on this machine that really runs a job's Python tasks: minilake, from PyPI.

It installs no `environments`, ignores retries, leaves references to parameters as they are, has no
`dbutils` (runtime/ has what the jobs use of it), and does not call a run what Databricks would:
assert each task's state, and leave the run's to tests/bundle/job_states.py.
"""

from __future__ import annotations

import copy
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from databricks.sdk import WorkspaceClient
from databricks.sdk.service.jobs import Run, Wait

HERE = Path(__file__).parent
OWN = HERE.parent.parent / ".emulator"  # its packages are not those of the project
READY_IN = 60  # seconds
ROOT = "/Workspace/Users/minilake-user/files"


@dataclass(frozen=True)
class Emulator:
    """A running workspace. `environment` is that of its tasks, beside their own settings; `secrets`
    has a folder a scope, and in it a file a secret; `output` is what tasks have said so far."""

    client: WorkspaceClient
    environment: dict[str, str]
    secrets: Path
    output: Path

    def upload(self, project: Path, files: set[str]) -> None:
        """Puts files of a checkout where a deployment would."""
        for folder in sorted({str(Path(name).parent) for name in files}):
            self.client.workspace.mkdirs(f"{ROOT}/{folder}")
        for name in sorted(files):
            self.client.api_client.do(
                "POST",
                f"/api/2.0/workspace-files/import-file{ROOT}/{name}",
                query={"overwrite": "true"},
                data=(project / name).read_bytes(),
                headers={"Content-Type": "application/octet-stream"},
            )

    def start(
        self, job: dict[str, Any], variables: Mapping[str, Any], **parameters: str
    ) -> Wait[Run]:
        """Creates a job of the bundle, with its references resolved as a deployment does, and runs
        it, with its parameters' values in place as a workspace does."""
        job = copy.deepcopy(job)
        given = {
            f"job.parameters.{p['name']}": parameters.get(p["name"], p["default"])
            for p in job.pop("parameters", [])
        } | {"workspace.url": str(self.client.config.host)}
        for task in job["tasks"]:
            called = task["spark_python_task"]
            called["python_file"] = f"{ROOT}/{called['python_file']}"
            called["parameters"] = [
                re.sub(
                    r"\{\{([\w.]+)\}\}",
                    lambda found: given[found[1]],
                    resolved(parameter, variables),
                )
                for parameter in called["parameters"]
            ]
        created = self.client.api_client.do("POST", "/api/2.2/jobs/create", body=job)
        return self.client.jobs.run_now(created["job_id"])  # type: ignore[index]

    def logs(self, run: Run) -> dict[str, str]:
        """What each task of a run has said."""
        return {
            task.task_key: self.client.jobs.get_run_output(task.run_id).logs or ""
            for task in run.tasks or []
            if task.run_id
        }


def states(run: Run) -> dict[str, str]:
    """How each task of a run has ended: its result, or why it was not run."""
    return {
        task.task_key: (task.state.result_state or task.state.life_cycle_state).value  # type: ignore
        for task in run.tasks or []
    }


def resolved(text: str, variables: Mapping[str, Any]) -> str:
    """Text with the variables of the bundle in place; other references become empty."""
    return re.sub(
        r"\$\{([\w.]+)\}", lambda found: str(variables.get(found[1].removeprefix("var."), "")), text
    )


@contextmanager
def emulator(folder: Path, **environment: str) -> Iterator[Emulator]:
    """Runs a workspace on a free port; tasks run by this Python, with `environment` beside it."""
    install()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    secrets, output = folder / "secrets", folder / "output.txt"
    secrets.mkdir()
    output.touch()
    tasks = {
        **os.environ,
        "PYTHONPATH": str(HERE / "runtime"),
        "EMULATED_SECRETS": str(secrets),
        "EMULATED_OUTPUT": str(output),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "DATABRICKS_HOST": address,
        "DATABRICKS_TOKEN": "a-token",
        **environment,
    }
    own = {
        "MINILAKE_DATA_DIR": str(folder / "workspace"),
        "MINILAKE_JOB_EXECUTOR": "subprocess",
        "MINILAKE_NOTEBOOK": "0",
        "MINILAKE_SPARK_PREWARM": "0",
    }
    with (folder / "emulator.log").open("w") as log:
        server = subprocess.Popen(
            [OWN / "bin" / "minilake", "--port", str(port)],
            env=tasks | own,
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    try:
        end = time.monotonic() + READY_IN
        while not _answers(port):
            assert server.poll() is None, (folder / "emulator.log").read_text()
            assert time.monotonic() < end, f"minilake was not ready after {READY_IN} s"
            time.sleep(0.1)
        client = WorkspaceClient(host=address, token="a-token")
        yield Emulator(client, tasks, secrets, output)
    finally:
        server.terminate()
        server.wait()


def _answers(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def install() -> None:
    """Sets up the emulator's own environment, unless its pins are there."""
    pins, stamp = HERE / "requirements.txt", OWN / "installed.txt"
    if stamp.exists() and stamp.read_text() == pins.read_text():
        return
    shutil.rmtree(OWN, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", OWN], check=True)
    subprocess.run([OWN / "bin" / "pip", "install", "--quiet", "-r", pins], check=True)
    stamp.write_text(pins.read_text())
