"""The account of files: what lies in a landing is read or told, and so is what differs later."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta, timezone
from pathlib import Path
from typing import Any

import oracle
import pytest
import time_machine
from harness import (
    FIRST,
    PROJECT,
    Platform,
    Stopped,
    checkout,
    deliver_day,
    gold,
    morning_after,
)
from sqlmesh import Context
from sqlmesh.core.engine_adapter import DuckDBEngineAdapter
from sqlmesh.utils.errors import PlanError, SQLMeshError

from macros.reading import listing
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
    read = delivered(None, str(tmp_path), ["users"], "csv", date.min, date.max)
    assert [file.path for file in read if file.day >= FIRST] == [str(good)]


def test_a_job_reads_its_volume_as_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = put(tmp_path, "users/dt=2026-01-01/good.csv")
    stray = put(tmp_path, "users/dt=2026-01-01/more/part.csv")

    class Warehouse:
        dialect = "databricks"

        def fetchall(self, query: str) -> list[Any]:
            raise OSError("asked")

    listed = Warehouse(), str(tmp_path), ["users"], "csv", FIRST
    with pytest.raises(SQLMeshError, match="asked"):
        take_stock(*listed)
    monkeypatch.setattr(listing, "VOLUMES", str(tmp_path))
    stock = take_stock(*listed)
    assert [file.path for file in stock.files] == [str(good)]
    assert stock.strays == [(str(stray), "folder")]


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


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """A project of which nothing is built."""
    with Platform(tmp_path_factory.mktemp("new")).context() as context:
        yield context


@pytest.mark.parametrize(
    ("landing", "files", "said", "way_out"),
    [
        (
            ".",
            [],
            "There is no file in it.",
            "A file is read from {root}/<feed>/dt=YYYY-MM-DD/*.csv",
        ),
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
    landing: str,
    files: list[str],
    said: str,
    way_out: str,
    context: Context,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in files:
        put(tmp_path, name)
    monkeypatch.setenv("STREAMING_LANDING", str(tmp_path / landing))
    with pytest.raises(SQLMeshError) as error:
        account.look(context, "prod")
    message = str(error.value)
    assert f"STREAMING_LANDING is '{tmp_path / landing}'" in message
    assert said in message
    assert way_out.format(root=tmp_path) in message


def test_an_empty_landing_stops_a_first_plan(tmp_path: Path) -> None:
    assert "in which no feed has a file that is read" in refused(Platform(tmp_path))


def test_strays_stop_a_plan_where_they_shall(tmp_path: Path) -> None:
    platform = Platform(tmp_path, STREAMING_STRAY_FILES="stop")
    deliver_day(platform, FIRST)
    stray = put(platform.landing, "users/dt=2026-01-01/part.txt")
    assert str(stray) in refused(platform)


# After a day was loaded


def files_of(platform: Platform) -> dict[str, tuple[int, int]]:
    """What quality.files says of each file: rows that were loaded, and rows that it holds."""
    rows = platform.query("SELECT path, rows, _rows_in_file FROM streaming_prod.quality.files")
    return {path: (loaded, held) for path, loaded, held in rows}


def late_files(platform: Platform) -> list[tuple[str, str, str]]:
    """What is found late: what happened, the feed, and the file's name."""
    with platform.context() as context:
        found = account.look(context, "prod").late
    return sorted((file.what, file.feed, Path(file.path).name) for file in found)


def run_all(platform: Platform, day: date, *arguments: str) -> str:
    """`streaming run` on the morning after a day."""
    with time_machine.travel(morning_after(day).replace(tzinfo=timezone.utc)):
        result = platform.streaming("run", *arguments)
    assert result.exit_code == 0, result.output
    return result.output


def users_of(platform: Platform) -> list[int]:
    rows = platform.query("SELECT user_id FROM streaming_prod.silver.users ORDER BY 1")
    return [user for (user,) in rows]


def shown_as_current(platform: Platform) -> list[int]:
    """The users with an open version in silver.users_snapshot."""
    query = "SELECT user_id FROM streaming_prod.silver.users_snapshot WHERE valid_to IS NULL"
    return sorted(user for (user,) in platform.query(query))


def test_every_kind_of_difference_is_found_and_loaded_again(first_day_in_prod: Platform) -> None:
    platform = first_day_in_prod
    users = platform.file("users", FIRST)
    assert files_of(platform)[str(users)] == (1, 1)
    assert late_files(platform) == []

    os.utime(users, (1, 1))  # a copy with another time is no change
    assert late_files(platform) == []
    platform.restate(FIRST, FIRST, "shows")
    assert late_files(platform) == []  # the account of users was made anew with it
    platform.settings["STREAMING_LANDING"] = f"{platform.landing.parent}/.//landing/"
    assert late_files(platform) == []

    text = users.read_text(encoding="utf-8")
    users.write_text(text.replace("Ann", "Ben"), encoding="utf-8")  # as long as before
    shows = platform.file("shows", FIRST)
    shows.rename(platform.folder / "shows.csv")
    empty = platform.deliver("users", FIRST, [], name="empty")
    user = {"user_id": 9, "name": "Cy", "email": "c@d.e", "updated_at": f"{FIRST} 00:00:00"}
    platform.deliver("users", FIRST, [user], name="part-1")
    assert late_files(platform) == [
        ("came", "users", "empty.csv"),
        ("came", "users", "part-1.csv"),
        ("changed", "users", "part-0.csv"),
        ("vanished", "shows", "part-0.csv"),
    ]

    platform.settings["STREAMING_LATE_FILES"] = "tell"
    deliver_day(platform, SECOND)
    run_all(platform, SECOND)
    assert users_of(platform) == [1, 10_001]
    platform.settings["STREAMING_LATE_FILES"] = "load"
    (platform.folder / "shows.csv").rename(shows)
    run_all(platform, SECOND)
    assert late_files(platform) == []
    assert users_of(platform) == shown_as_current(platform) == [1, 9, 10_001]
    assert files_of(platform)[str(empty)] == (0, 0)
    [(name,)] = platform.query("SELECT name FROM streaming_prod.silver.users WHERE user_id = 1")
    assert name == "Ben"


def test_a_day_delivered_anew_after_a_run_that_stopped_half_way(
    first_day_in_prod: Platform,
) -> None:
    """A bad file of users stops the run; the watches of the day are loaded and then replaced."""
    platform = first_day_in_prod
    deliver_day(platform, SECOND)
    users, watches = platform.file("users", SECOND), platform.file("watches", SECOND)
    good = users.read_text(encoding="utf-8")
    users.write_text(good + '"never closed\n', encoding="utf-8")
    with pytest.raises(Stopped):
        platform.run(SECOND)
    users.write_text(good, encoding="utf-8")
    text = watches.read_text(encoding="utf-8")
    more = (
        text.replace("completed", "abandoned")
        + text.splitlines()[1].replace("10001,", "10002,", 1)
        + "\n"
    )
    watches.write_text(more, encoding="utf-8")
    os.utime(watches, (1, 1))
    assert late_files(platform) == [("changed", "watches", "part-0.csv")]
    run_all(platform, SECOND)
    assert late_files(platform) == []
    assert platform.query(
        "SELECT watch_id, status FROM streaming_prod.gold.fct_watches WHERE watch_id > 1 ORDER BY 1"
    ) == [(10_001, "abandoned"), (10_002, "completed")]


def test_a_name_that_is_no_utf8(tmp_path: Path) -> None:
    folder = tmp_path / "users" / f"dt={FIRST}"
    folder.mkdir(parents=True)
    (folder / os.fsdecode(b"caf\xe9.csv")).write_text("user_id\n1\n")
    with pytest.raises(SQLMeshError, match=r"caf\\udce9.csv': its name is no UTF-8. Rename it."):
        take_stock(None, str(tmp_path), oracle.FEEDS, "csv", FIRST)


def test_a_day_delivered_anew_after_a_first_plan_that_stopped_half_way(tmp_path: Path) -> None:
    """The first plan that ends tells what the one before has loaded and is otherwise now."""
    platform = Platform(tmp_path)
    deliver_day(platform, FIRST)
    users, watches = platform.file("users", FIRST), platform.file("watches", FIRST)
    good = users.read_text(encoding="utf-8")
    users.write_text(good + '"never closed\n', encoding="utf-8")
    plan = ("plan", "prod", "--auto-apply", "--no-prompts", "--skip-tests", "--skip-linter")
    plan += ("--execution-time", f"{SECOND} 06:00:00")
    assert platform.command(*plan).returncode == 1
    users.write_text(good, encoding="utf-8")
    text = watches.read_text(encoding="utf-8")
    watches.write_text(text.replace("completed", "abandoned"), encoding="utf-8")
    planned = platform.command(*plan)
    assert planned.returncode == 0, planned.stdout
    assert f"Late: of watches, {FIRST}, which was loaded, 1 file changed" in planned.stdout
    assert "Next: streaming run" in planned.stdout
    run_all(platform, FIRST)
    assert late_files(platform) == []
    fact = "SELECT status FROM streaming_prod.gold.fct_watches"
    assert platform.query(fact) == [("abandoned",)]


def test_a_day_that_is_loaded_again_and_stopped_is_not_forgotten(
    first_day_in_prod: Platform,
) -> None:
    """The late file is loaded, and an audit stops all below it: the next run goes on from there."""
    platform = first_day_in_prod
    deliver_day(platform, SECOND)
    platform.run(SECOND)
    bad = {"user_id": 999, "show_id": 1, "watched_at": f"{FIRST} 08:00:00", "status": "completed"}
    rows = [{"watch_id": n, "completion_pct": 1, **bad} for n in range(20_000, 21_100)]
    rows.append({"watch_id": 7, "completion_pct": 1, **bad, "user_id": 1})
    platform.deliver("watches", FIRST, rows, name="late")
    platform.settings["STREAMING_MAX_REJECT_SHARE"] = "0.2"
    with time_machine.travel(morning_after(SECOND).replace(tzinfo=timezone.utc)):
        for _ in range(2):
            assert platform.streaming("run").exit_code == 1
    assert not platform.query("SELECT * FROM streaming_prod.gold.fct_watches WHERE watch_id = 7")
    platform.settings["STREAMING_MAX_REJECT_SHARE"] = "1"
    run_all(platform, SECOND)
    platform.check()


def test_a_withdrawn_user_is_shown_no_longer(first_day_in_prod: Platform) -> None:
    """The day without the file is loaded again, after the run, which computes the next day."""
    platform = first_day_in_prod
    deliver_day(platform, SECOND)
    platform.file("users", FIRST).unlink()
    run_all(platform, SECOND)
    assert users_of(platform) == shown_as_current(platform) == [10_001]
    third = SECOND + timedelta(days=1)
    deliver_day(platform, third)
    platform.run(third)
    assert users_of(platform) == shown_as_current(platform) == [10_001, 20_001]


def test_the_last_lines_of_a_failed_command_are_the_cause_and_the_way_out(
    first_day_in_prod: Platform,
) -> None:
    platform = first_day_in_prod
    deliver_day(platform, SECOND)
    bad = platform.file("users", SECOND)
    bad.write_bytes(b"\xff" + bad.read_bytes())
    ended = platform.command("run")
    assert ended.returncode == 1
    lines = (ended.stdout + ended.stderr).splitlines()
    [said] = [n for n, line in enumerate(lines) if line.startswith("bronze.delivered_users: ")]
    assert str(bad) in lines[said]
    assert said >= len(lines) - 5
    assert not re.search(r"Traceback|SELECT|^ *def |\.py", "\n".join(lines), re.M)


def test_another_landing_is_asked_about(first_day_in_prod: Platform) -> None:
    platform = first_day_in_prod
    for n in range(1, 4):
        deliver_day(platform, FIRST + timedelta(days=n))
    last = FIRST + timedelta(days=3)
    platform.run(last)
    other = platform.folder / "other"
    shutil.copytree(platform.landing, other)
    platform.settings["STREAMING_LANDING"] = str(other)
    before = files_of(platform)
    with time_machine.travel(morning_after(last).replace(tzinfo=timezone.utc)):
        asked = platform.streaming("run")
    assert asked.exit_code == 1 and "If they are to be: streaming run --yes." in asked.output
    assert files_of(platform) == before
    run_all(platform, last, "--yes")
    assert all(path.startswith(str(other)) for path in files_of(platform))
    assert late_files(platform) == []


def test_a_file_that_is_replaced_while_it_is_read_stops_the_run(
    first_day_in_prod: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = first_day_in_prod
    deliver_day(platform, SECOND)
    users = platform.file("users", SECOND)
    with platform.context() as context:
        execute = DuckDBEngineAdapter.insert_overwrite_by_time_partition
        content = users.read_bytes()

        def replaced_meanwhile(self: DuckDBEngineAdapter, *arguments: Any, **options: Any) -> Any:
            # In one go: feeds are loaded at once, and none shall find half of it.
            fresh = users.with_name(f".{threading.get_ident()}")
            fresh.write_bytes(content)
            fresh.replace(users)
            return execute(self, *arguments, **options)

        monkeypatch.setattr(
            DuckDBEngineAdapter, "insert_overwrite_by_time_partition", replaced_meanwhile
        )
        with pytest.raises(PlanError):
            if context.run(execution_time=morning_after(SECOND), skip_janitor=True).is_failure:
                raise PlanError("failed")
    monkeypatch.undo()
    platform.run(SECOND)
    assert files_of(platform)[str(users)] == (1, 1)


@pytest.mark.parametrize("delivered_users", [1, 0], ids=["some rows", "all rows"])
def test_rows_that_are_lost_stop_the_run_before_gold(
    delivered_users: int, first_day_in_prod: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second reader finds a row more than were loaded."""
    platform = first_day_in_prod
    before = gold(platform)
    deliver_day(platform, SECOND)
    text = platform.file("users", SECOND).read_text(encoding="utf-8").splitlines(keepends=True)
    platform.file("users", SECOND).write_text("".join(text[: 1 + delivered_users]))
    with pytest.raises(Stopped, match="quality.*files.*'every_file_is_loaded' audit error: 1 row"):
        with platform.context() as context:
            from macros.reading import memory

            look = memory.look_at_local

            def looked(*arguments: Any) -> list[Any]:
                return [
                    replace(facts, rows=facts.rows + 1) if "/users/" in facts.path else facts
                    for facts in look(*arguments)
                ]

            monkeypatch.setattr(memory, "look_at_local", looked)
            if context.run(execution_time=morning_after(SECOND), skip_janitor=True).is_failure:
                raise PlanError("failed")
    assert gold(platform) == before


def test_an_earlier_start_is_refused(first_day_in_prod: Platform, tmp_path: Path) -> None:
    platform = first_day_in_prod
    project = checkout(tmp_path / "checkout")
    config = project / "config.py"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace('start="2026-01-01"', 'start="2025-12-01"'), encoding="utf-8")
    deliver_day(platform, date(2025, 12, 31))
    before, platform.project = platform.stored(), project
    try:
        with pytest.raises(SQLMeshError, match="Set the start back to 2026-01-01; or"):
            platform.plan(SECOND)
    finally:
        platform.project = PROJECT
    assert platform.stored() == before


def test_what_is_not_read_or_late_is_told_wherever_people_look(
    first_day_in_prod: Platform,
) -> None:
    platform = first_day_in_prod
    platform.settings["STREAMING_LATE_FILES"] = "tell"
    stray = put(platform.landing, "users/dt=2026-01-01/part.txt")
    late = platform.deliver("users", FIRST, [], name="part-1")
    deliver_day(platform, SECOND)
    said = run_all(platform, SECOND)
    assert "Not read (extension): 1 file named otherwise than" in said
    assert f"came: {late}." in said
    assert (
        "Next: sqlmesh plan prod --restate-model bronze.delivered_users "
        f"--start {FIRST} --end {FIRST}" in said
    )
    for command in ("status", "last-run"):
        shown = platform.streaming(command).output
        assert re.search(rf"extension +1 +{re.escape(str(stray))}", shown)
        assert re.search(rf"came +users +{FIRST} +1 +{re.escape(str(late))}", shown)
    assert f"came: {late}." in run_all(platform, SECOND)  # which has nothing to do
    page = platform.streaming("last-run", "--format", "html").output
    assert str(stray) in page and str(late) in page
