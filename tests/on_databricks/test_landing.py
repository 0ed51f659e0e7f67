"""The same files are read, told and accounted for on both engines."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from engines import Engines, engines, plain
from harness import FIRST, Platform, checkout, deliver_day

from macros.feeds import FEEDS
from operations.environment.shown import fetch, shown
from operations.landing import account
from operations.landing.account import Account
from tests.warehouse import Warehouse

pytestmark = pytest.mark.slow

MODELS = (
    *(f"bronze.{kind}_{feed}" for kind in ("raw", "delivered") for feed in FEEDS),
    "quality.files",
)


@pytest.fixture(scope="module")
def both(running_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Engines:
    """Both engines with a day loaded, of which not all files are read."""
    folder = tmp_path_factory.mktemp("landing")
    project = checkout(folder / "checkout", MODELS)
    both = engines(running_warehouse, folder, STREAMING_LATE_DAYS="9999")
    deliver_day(both.local, FIRST)
    day = both.local.file("users", FIRST).parent
    text = (day / "part-0.csv").read_text(encoding="utf-8")
    (day / "PART-1.CSV").write_text(text, encoding="utf-8")
    for name in ("_SUCCESS", ".part.csv", "part.txt", "deep/part.csv", "part.csv.d/part.csv"):
        (day / name).parent.mkdir(exist_ok=True)
        (day / name).write_text(text, encoding="utf-8")
    (day.parent / "dt=2026-02-30").mkdir()
    (day.parent / "dt=2026-02-30" / "part.csv").write_text(text, encoding="utf-8")
    for platform in (both.local, both.databricks):
        platform.project = project
        platform.plan(FIRST)
    return both


def files_of(platform: Platform) -> list[tuple[Any, ...]]:
    """What quality.files says, but for when its rows were loaded."""
    with platform.context() as context:
        _, views = shown(context, "prod")
        rows = fetch(
            context,
            "SELECT feed, _ingest_date, path, bytes, modified_at, rows, _rows_in_file, _content "
            f"FROM {views['quality.files']} ORDER BY path",
        )
        return [tuple(map(plain, row)) for row in rows]


def look(platform: Platform) -> Account:
    with platform.context() as context:
        return account.look(context, "prod")


def test_the_same_files_are_read_and_told(both: Engines) -> None:
    found = look(both.local)
    assert [row[:2] for row in found.not_read.rows] == [("day", 1), ("extension", 1), ("folder", 2)]
    assert look(both.databricks) == found
    files = files_of(both.local)
    assert len(files) == 4
    assert all(file[5] == file[6] == 1 and file[7] is not None for file in files)
    assert files_of(both.databricks) == files


def test_the_same_files_are_late(both: Engines) -> None:
    users = both.local.file("users", FIRST)
    upper = users.with_name("PART-1.CSV")
    os.utime(upper, (1, 1))
    users.write_text(users.read_text(encoding="utf-8").replace("Ann", "Ben"), encoding="utf-8")
    both.local.file("shows", FIRST).unlink()
    both.local.deliver("watches", FIRST, [{"watch_id": 7}], name="part-1")
    found = look(both.local).late
    assert [(file.what, Path(file.path).name) for file in found] == [
        ("changed", "part-0.csv"),
        ("vanished", "part-0.csv"),
        ("came", "part-1.csv"),
    ]
    assert look(both.databricks).late == found
