"""A task of a job with the stand-in as its warehouse, in an IPython shell as on serverless."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from engines import engines, filled_model
from harness import FIRST, checkout, deliver_day

from tests.warehouse import Warehouse

TASK = Path(__file__).parent.parent / "ipython_task.py"
pytestmark = pytest.mark.slow


def test_a_task_works_with_the_warehouse(running_warehouse: Warehouse, tmp_path: Path) -> None:
    """Whatever Spark session it has; a day that comes again is replaced by one statement."""
    both = engines(running_warehouse, tmp_path, STREAMING_ENVIRONMENT="prod")
    platform, warehouse = both.databricks, both.warehouse
    platform.project = checkout(
        tmp_path / "project", ["bronze.raw_shows", "bronze.delivered_shows"]
    )
    deliver_day(both.local, FIRST)
    platform.plan(FIRST)
    since = len(warehouse.statements())
    done = subprocess.run(
        [
            *(
                sys.executable,
                TASK,
                "InteractiveShell",
                platform.project / "operations" / "job.py",
                "run",
            ),
            *("--setting=SQLMESH__DEFAULT_GATEWAY=databricks", "--layer=bronze"),
        ],
        env=platform.environment() | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    filling = [s.sent for s in warehouse.statements()[since:] if filled_model(s)]
    assert len(filling) == 1 and "REPLACE WHERE `_ingest_date` BETWEEN" in filling[0]
    assert done.stdout.splitlines()[-2:] == ["console: MarkdownConsole", "displayed: 0"]
