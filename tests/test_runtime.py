"""Where the project runs: in the IPython shell of a task, and beside a workspace that is silent."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import PROJECT, Platform
from sqlmesh.utils.errors import ConfigError

from operations.sqlmesh_internals import config_of

TASK = Path(__file__).with_name("ipython_task.py")
WAREHOUSE = {
    "DATABRICKS_HOST": "workspace.invalid",
    "DATABRICKS_HTTP_PATH": "/sql/1.0/warehouses/abc",
    "DATABRICKS_CLIENT_ID": "an-id",
    "DATABRICKS_CLIENT_SECRET": "a-secret",
}


def task(command: str, platform: Platform, folder: Path, shell: str = "InteractiveShell") -> str:
    """What a command of a job prints in an IPython shell of this class, and what is said of it."""
    done = subprocess.run(
        [sys.executable, TASK, shell, PROJECT / "operations" / "job.py", command],
        env=platform.environment() | {"STREAMING_ENVIRONMENT": "prod", "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_task_prints_tables(seeds_in_prod: Platform, tmp_path: Path) -> None:
    """As text: in a notebook rich would display HTML."""
    *told, _, displayed = task("report", seeds_in_prod, tmp_path).splitlines()
    assert displayed == "displayed: 0"
    assert any("watches" in line for line in told)


@pytest.mark.parametrize("shell", ["InteractiveShell", "ZMQInteractiveShell"])
def test_a_task_is_no_notebook(shell: str, tmp_path: Path) -> None:
    """For SQLMesh, which would show its progress as widgets."""
    told = task("janitor", Platform(tmp_path / "platform"), tmp_path, shell)
    assert "console: MarkdownConsole" in told
    assert "displayed: 0" in told or shell == "ZMQInteractiveShell"


def test_the_gateway_is_the_warehouse_wherever_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not the Spark session that a task has."""
    for name, value in WAREHOUSE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SQLMESH_RUNTIME_ENVIRONMENT", "databricks")  # as a notebook finds itself
    connection = config_of(PROJECT).get_connection("databricks")
    assert not connection.use_spark_session_only  # type: ignore[attr-defined]


def test_what_the_gateway_lacks_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABRICKS_HOST", "workspace.invalid")
    for name in ("DATABRICKS_CLIENT_ID", "DATABRICKS_TOKEN"):
        monkeypatch.setenv(name, "")
    with pytest.raises(ConfigError, match=r"`http_path`, and `access_token` are required"):
        config_of(PROJECT)


@pytest.fixture
def silence() -> Iterator[socket.socket]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)  # seconds
        yield listening


def was_asked(listening: socket.socket) -> bool:
    """Whether anybody connects, or has since this was asked."""
    try:
        listening.accept()
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize(
    ("gateway", "reached_by"),
    [("local", "its name"), ("local", "a proxy"), ("databricks", "its name")],
)
def test_who_does_not_use_the_workspace_does_not_ask_it(
    gateway: str, reached_by: str, silence: socket.socket, tmp_path: Path
) -> None:
    """With a name that no host has, a proxy would be asked for it."""
    address = f"127.0.0.1:{silence.getsockname()[1]}"
    dead = {"DATABRICKS_HOST": address, "NO_PROXY": "*", "no_proxy": "*"}
    if reached_by == "a proxy":
        dead = {"HTTPS_PROXY": f"http://{address}", "NO_PROXY": "", "no_proxy": ""}
    platform = Platform(tmp_path, **(WAREHOUSE | dead))
    command = platform.start("--gateway", gateway, "info")
    asked = False
    while command.poll() is None and not asked:
        asked = was_asked(silence)
    command.kill()
    out, errors = command.communicate()
    assert asked == (gateway == "databricks"), out + errors
    assert asked or "Data warehouse connection succeeded" in out
