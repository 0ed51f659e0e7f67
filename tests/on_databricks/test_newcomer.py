"""What a newcomer meets: databricks_check.py names the setting that is wrong, and the way out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from engines import require_warehouse
from harness import PROJECT

from tests.warehouse.start import warehouse

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The settings of a workspace in which one of the two catalogs was made."""
    require_warehouse()
    with warehouse(tmp_path_factory.mktemp("workspace"), catalogs=("streaming_prod",)) as server:
        yield {**os.environ, **server.environment}


def checked(settings: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """What databricks_check.py says with these settings."""
    return subprocess.run(
        [sys.executable, PROJECT / "databricks_check.py"],
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
        ({"DATABRICKS_HOST": "elsewhere.invalid"}, "DATABRICKS_HOST", "does not answer"),
        (
            dict.fromkeys(("HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9"),
            "HTTPS_PROXY",
            "refused",
        ),
        ({"DATABRICKS_TOKEN": "dapi-of-yesterday"}, "DATABRICKS_TOKEN", "expired"),
        ({"DATABRICKS_HTTP_PATH": "/sql/1.0/warehouses/none"}, "DATABRICKS_HTTP_PATH", "copy it"),
        ({}, "resources/databricks.sql", "streaming_dev"),
    ],
)
def test_the_setting_is_named(
    workspace: dict[str, str], tmp_path: Path, changes: dict[str, str], named: str, said: str
) -> None:
    result = checked({**workspace, **changes}, tmp_path)
    assert result.returncode == 1
    assert named in result.stderr and said in result.stderr
    assert "Traceback" not in result.stderr
    assert workspace["DATABRICKS_TOKEN"] not in result.stdout + result.stderr


def test_a_workspace_that_is_ready(workspace: dict[str, str], tmp_path: Path) -> None:
    made = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os; from databricks import sql\n"
            "with sql.connect(os.environ['DATABRICKS_HOST'], os.environ['DATABRICKS_HTTP_PATH'],"
            " os.environ['DATABRICKS_TOKEN']) as c, c.cursor() as cursor:\n"
            "    cursor.execute('CREATE CATALOG streaming_dev')",
        ],
        env=workspace,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    result = checked(workspace, tmp_path)
    assert result.returncode == 0, result.stderr
    assert "can be used" in result.stdout
