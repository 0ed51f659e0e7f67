"""The account of files: what lies in a landing is read, or told; what was loaded and differs, too."""

from __future__ import annotations

import os
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from harness import FIRST, Platform, Stopped, deliver_day, morning_after
from sqlmesh.utils.errors import SQLMeshError

from macros.reading.listing import day_of, delivered, has_format, take_stock
from operations.landing import account

SECOND = FIRST + timedelta(days=1)
STRAYS = {  # where a file may lie, and why it is not read there; None: nobody's delivery
    "users/dt=2026-01-01/part.txt": "extension",
    "users/dt=2026-01-01/part.csv.bak": "extension",
    "users/dt=2026-01-01/part.csv.zip": "extension",
    "users/dt=2026-01-01/more/part.csv": "folder",
    "users/dt=2026-01-01/part.csv/part.csv": "folder",
    "users/2026-01-01/part.csv": "folder",
    "users/part.csv": "folder",
    "part.csv": "folder",
    "users/dt=2026-13-01/part.csv": "day",
    "users/dt=2026-1-1/part.csv": "day",
    "users/dt=20260101/part.csv": "day",
    "users/dt=/part.csv": "day",
    "users/dt=2025-12-31/part.csv": "before_start",
    "usrs/dt=2026-01-01/part.csv": "feed",
    "Users/dt=2026-01-01/part.csv": "feed",
    "users/dt=2026-01-01/.part.csv": None,
    "users/dt=2026-01-01/_SUCCESS": None,
    "users/dt=2026-01-01/_temporary/part.csv": None,
    ".git/part.csv": None,
    "_generator.json": None,
}


def put(landing: Path, name: str, text: str = "user_id\n1\n") -> Path:
    path = landing / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "files_format", "is_read"),
    [
        ("part.csv", "csv", True),
        ("PART.CSV", "csv", True),
        ("part.csv.gz", "csv", True),
        ("part.Csv.GZ", "csv", True),
        ("part.json.gz", "json", True),
        ("part.parquet", "parquet", True),
        ("part.parquet.gz", "parquet", False),
        ("part.snappy.parquet", "parquet", True),
        ("partcsv", "csv", False),
        ("part.csv2", "csv", False),
        ("part.gz", "csv", False),
        ("part.json", "csv", False),
    ],
)
def test_the_ending_says_the_format(name: str, files_format: str, is_read: bool) -> None:
    assert has_format(name, files_format) is is_read


@pytest.mark.parametrize("name", STRAYS)
def test_what_is_not_read_is_told_with_its_reason(name: str, tmp_path: Path) -> None:
    good = put(tmp_path, "users/dt=2026-01-01/good.csv")
    stray = put(tmp_path, name)
    stock = take_stock(None, str(tmp_path), ("users",), "csv", FIRST)
    assert [file.path for file in stock.files] == [str(good)]
    reason = STRAYS[name]
    assert stock.strays == ([(str(stray), reason)] if reason else [])
    read = delivered(None, str(tmp_path), "users", "csv", date.min, date.max)
    assert [file.path for file in read if file.day >= FIRST] == [str(good)]


def test_only_a_real_day_is_one() -> None:
    assert day_of("dt=2026-02-28") == date(2026, 2, 28)
    assert not any(map(day_of, ("2026-02-28", "dt=2026-02-29", "DT=2026-02-28", "dt=2026-W09-6")))


def test_old_days_are_looked_into_only_where_newer_ones_have_nothing(tmp_path: Path) -> None:
    old = put(tmp_path, "users/dt=2026-01-01/part.csv")
    put(tmp_path, "users/dt=2026-01-01/part.txt")
    since = date(2026, 3, 1)
    [file] = take_stock(None, str(tmp_path), ("users",), "csv", FIRST, since).files
    assert file.path == str(old)
    new = put(tmp_path, "users/dt=2026-03-01/part.csv")
    stock = take_stock(None, str(tmp_path), ("users",), "csv", FIRST, since)
    assert ([file.path for file in stock.files], stock.strays) == ([str(new)], [])


# Before anything is written


def refused(platform: Platform) -> str:
    """What a first plan is refused with; it has written no table."""
    with pytest.raises(SQLMeshError) as error:
        platform.plan(FIRST)
    assert not list(platform.data.glob("streaming_*.duckdb")) or not platform.stored()
    return str(error.value)


@pytest.mark.parametrize(
    ("landing", "files", "said", "way_out"),
    [
        (".", [], "There is no file in it.", "A file is read from {root}/<feed>/dt=YYYY-MM-DD/*.csv"),
        (".", ["in/users/dt=2026-01-01/a.csv"], "(feed): 1 file", "STREAMING_LANDING={root}/in"),
        ("users", ["users/dt=2026-01-01/a.csv"], "(feed): 1 file", "STREAMING_LANDING={root}"),
        (
            "users/dt=2026-01-01",
            ["users/dt=2026-01-01/a.csv"],
            "(folder): 1 file",
            "STREAMING_LANDING={root}",
        ),
        (
            ".",
            [f"users/dt=2026-01-0{n}/a.parquet" for n in range(1, 6)],
            "(extension): 5 files",
            "There are 5 parquet files, but STREAMING_LANDING_FORMAT is csv: set "
            "STREAMING_LANDING_FORMAT=parquet",
        ),
        (".", ["users/dt=2025-12-31/a.csv"], "(before_start): 1 file", "A file is read from"),
    ],
    ids=["empty", "one too high", "one too low", "two too low", "another format", "too early"],
)
def test_a_landing_without_a_file_to_read_is_refused(
    landing: str, files: list[str], said: str, way_out: str, tmp_path: Path
) -> None:
    platform = Platform(tmp_path)
    for name in files:
        put(platform.landing, name)
    platform.settings["STREAMING_LANDING"] = str(platform.landing / landing)
    message = refused(platform)
    assert f"STREAMING_LANDING is '{platform.landing / landing}'" in message
    assert said in message
    assert way_out.format(root=platform.landing) in message
