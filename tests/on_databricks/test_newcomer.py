"""What a newcomer meets: `streaming check` names the setting that is wrong, and the way out."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest
from sqlmesh.utils.errors import ConfigError

from operations import connection, launcher
from tests.warehouse import Warehouse

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def workspace(running_warehouse: Warehouse) -> dict[str, str]:
    """The settings of a workspace in which one of the two catalogs was made."""
    return {**os.environ, **running_warehouse.emptied("streaming_prod").environment}


def checked(settings: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """What `streaming check` says with these settings."""
    return subprocess.run(
        [*launcher.call(), "check"],
        env={**settings, "STREAMING_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize(
    ("changes", "named", "said"),
    [
        ({"DATABRICKS_HOST": ""}, "DATABRICKS_HOST", "not set"),
        ({"DATABRICKS_HTTP_PATH": ""}, "DATABRICKS_HTTP_PATH", "not set"),
        ({"DATABRICKS_TOKEN": ""}, "DATABRICKS_TOKEN", "not set"),
        ({"DATABRICKS_CLIENT_ID": "someone"}, "DATABRICKS_CLIENT_SECRET", "not set"),
        ({"DATABRICKS_HOST": "adb-1.2.invalid/?o=34"}, "DATABRICKS_HOST", "in a browser"),
        ({"DATABRICKS_HOST": "two words"}, "DATABRICKS_HOST", "'two words'"),
        ({"DATABRICKS_HOST": "elsewhere.invalid"}, "DATABRICKS_HOST", "does not answer"),
        ({"DATABRICKS_HOST": "127.0.0.1:9", "no_proxy": "*"}, "DATABRICKS_HOST", "refused"),
        ({"DATABRICKS_HOST": "http://127.0.0.1:9/", "no_proxy": "*"}, "DATABRICKS_HOST", "refused"),
        (
            dict.fromkeys(("HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9"),
            "HTTPS_PROXY",
            "refused",
        ),
        ({"DATABRICKS_TOKEN": "dapi-of-yesterday"}, "DATABRICKS_TOKEN", "expired"),
        ({"DATABRICKS_HTTP_PATH": "/sql/1.0/warehouses/none"}, "DATABRICKS_HTTP_PATH", "/none'"),
        ({}, "resources/databricks.sql", "streaming_dev"),
    ],
)
def test_the_setting_is_named(
    workspace: dict[str, str], tmp_path: Path, changes: dict[str, str], named: str, said: str
) -> None:
    settings = {**workspace, **changes}
    result = checked(settings, tmp_path)
    assert result.returncode == 1
    line = result.stderr.splitlines()[-1]  # the driver's own words may stand before it
    assert line.startswith("Error: ") and named in line and said in line
    assert "Traceback" not in result.stderr
    secret = settings["DATABRICKS_TOKEN"] or workspace["DATABRICKS_TOKEN"]
    assert secret not in result.stdout + result.stderr


@pytest.mark.parametrize(
    "host",
    [
        *("token:dapi0f12@adb-1.2.invalid", "dapi0f12", "adb-1.2.invalid/?token=dapi0f12"),
        *("ann:pw/0f12@adb-1.2.invalid", "adb-1.2.invalid/?token=0f12", "adb-1.2.invalid#0f12"),
    ],
)
def test_a_token_in_the_host_is_not_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], host: str
) -> None:
    of_workspace = {"DATABRICKS_HTTP_PATH": "/sql", "DATABRICKS_TOKEN": "dapi0f12"}
    for name, value in {**of_workspace, "DATABRICKS_HOST": host}.items():
        monkeypatch.setenv(name, value)
    refusals = (ConfigError, connection.Unusable)
    with pytest.raises(refusals, match="DATABRICKS_HOST is '.*[.][.][.]") as refused:
        connection.check()
    assert "0f12" not in str(refused.value) + capsys.readouterr().out


def test_a_host_that_takes_calls_and_says_nothing(
    workspace: dict[str, str], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        host = f"127.0.0.1:{mute.getsockname()[1]}"
        result = checked({**workspace, "DATABRICKS_HOST": host, "no_proxy": "*"}, tmp_path)
    assert f"DATABRICKS_HOST is '{host}', which does not answer" in result.stderr
    assert "timed out" in result.stderr


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("PERMISSION_DENIED: You do not have permission to use the SQL warehouse 1a.", "CAN USE"),
        (
            "[INSUFFICIENT_PERMISSIONS] User does not have USE CATALOG. id 01f0-403-404",
            "resources/databricks.sql grants",
        ),
        ("The SQL warehouse 1a is stopped and cannot be started.", "is stopped"),
        ("Received 401 - UNAUTHORIZED. Confirm your credentials.", "DATABRICKS_TOKEN"),
        ("invalid_client: Client authentication failed", "DATABRICKS_TOKEN"),
        ("Received 404 - NOT_FOUND. The requested resource does not exist.", "no SQL warehouse"),
        ("Catalog 'warehouse' was not found. id 40177", "run resources/databricks.sql"),
        ("timed out (session 9404-401)", "not known here"),
    ],
)
def test_what_the_stand_in_cannot_provoke(
    monkeypatch: pytest.MonkeyPatch, words: str, named: str
) -> None:
    """Words made up after the connector's source and Databricks' documentation."""
    monkeypatch.setenv("DATABRICKS_TOKEN", "dapi-secret")
    monkeypatch.delenv("DATABRICKS_CLIENT_ID", raising=False)

    class Refusing:
        def execute(self, statement: str) -> None:
            raise RuntimeError(f"{words} dapi-secret")

    with pytest.raises(connection.Unusable) as refused:
        connection._run(Refusing(), "SELECT 1")
    assert named in str(refused.value)
    assert "dapi-secret" not in str(refused.value)


def test_a_workspace_that_is_ready(
    workspace: dict[str, str], running_warehouse: Warehouse, tmp_path: Path
) -> None:
    running_warehouse.administer("CREATE CATALOG streaming_dev")
    result = checked(workspace, tmp_path)
    assert result.returncode == 0, result.stderr
    assert "can be used" in result.stdout
