"""A day whose feeds have not all landed is left for a later run, and loaded whole then.

Most tests go on with one prod, day after day.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime, time, timedelta, timezone
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import oracle
import pytest
import time_machine
from harness import FIRST, Platform, Row, assert_equal, checkout, draws
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlmesh import DatetimeRanges
from sqlmesh.utils.errors import SQLMeshError

from macros.reading import listing
from operations import launcher, terminal
from operations.landing import SIGNAL, watch
from operations.landing.found import Deliveries, look
from operations.landing.ready import ready_intervals

FEEDS = tuple(oracle.FEEDS)
HOURS = "STREAMING_DELIVERY_WAIT_HOURS"


def clock(day: date, hour: int) -> AbstractContextManager[object]:
    """It is so many hours after the end of a day."""
    midnight = datetime.combine(day, time(), timezone.utc) + timedelta(days=1)
    return time_machine.travel(midnight + timedelta(hours=hour))


def rows(feed: str, day: date) -> list[Row]:
    """What a feed delivers: new and changed rows, one of them for a key that comes a day later."""
    number = (day - FIRST).days + 1
    at = f"{day} 12:00:00"
    return {
        "users": [
            {"user_id": n, "name": f"As of {day}", "email": "a@b.c", "updated_at": at}
            for n in (1, number)
        ],
        "shows": [{"show_id": n, "title": f"As of {day}", "updated_at": at} for n in (1, number)],
        "watches": [
            {
                "watch_id": 2 * number + n,
                "user_id": number + n,
                "show_id": number,
                "watched_at": at,
                "completion_pct": 1,
                "status": "completed",
            }
            for n in (0, 1)
        ],
        "ratings": [
            {
                "rating_id": number,
                "user_id": number,
                "show_id": 1,
                "watch_id": 2 * number,
                "rating": number % 7,
                "rated_at": at,
            }
        ],
    }[feed]


class Prod:
    """A prod that goes on from day to day, and the day that it has come to."""

    def __init__(self, folder: Path) -> None:
        self.platform = Platform(folder, **{HOURS: "12"})
        self.day = FIRST - timedelta(days=1)

    def next_day(self, *late: str) -> date:
        """The next day, delivered but for late feeds."""
        self.day += timedelta(days=1)
        self.land(self.day, *(feed for feed in FEEDS if feed not in late))
        return self.day

    def land(self, day: date, *feeds: str) -> None:
        """Delivers feeds of a day."""
        for feed in feeds:
            self.platform.deliver(feed, day, rows(feed, day))

    def run(self, hour: int) -> None:
        """Runs so many hours after the end of the day."""
        with clock(self.day, hour):
            self.platform.run(self.day)

    def check(self, last: date) -> None:
        """Asserts that prod holds what was delivered up to a day and nothing else."""
        delivered = [d for d in self.platform.deliveries if d.dt <= last]
        assert_equal(self.platform.tables(), oracle.build(delivered))
        shown = self.platform.query(
            "SELECT user_id, name FROM streaming_prod.silver.users_snapshot WHERE valid_to IS NULL"
        )
        users = self.platform.query("SELECT user_id, name FROM streaming_prod.silver.users")
        assert sorted(shown) == sorted(users)


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Prod:
    """Its first plan was made when the first day lacked a feed."""
    prod = Prod(tmp_path_factory.mktemp("late"))
    first = prod.next_day("ratings")
    with clock(first, 6):
        prod.platform.plan(first)
    assert set(map(len, prod.platform.tables().values())) <= {0, len(FEEDS)}  # per feed: 0 rows
    prod.land(first, "ratings")
    prod.run(7)
    prod.check(first)
    return prod


@pytest.mark.slow
@pytest.mark.parametrize("late", ["users", "ratings"])
def test_nothing_of_a_day_is_shown_before_all_of_it(prod: Prod, late: str) -> None:
    before = prod.day
    day = prod.next_day(late)
    prod.run(6)
    prod.check(before)
    prod.land(day, late)
    prod.run(7)
    prod.check(day)


@pytest.mark.slow
def test_after_the_deadline_a_day_is_loaded_as_it_is(prod: Prod) -> None:
    before = prod.day
    day = prod.next_day("shows", "ratings")
    prod.run(11)
    prod.check(before)
    prod.run(12)
    prod.check(day)
    prod.land(day, "shows")
    prod.platform.restate(day, day, "shows")
    prod.check(day)


@pytest.mark.slow
@pytest.mark.drawn(1)
@pytest.mark.parametrize("hours", ["12", ""], ids=["waits", "is due"])
def test_an_old_day_is_restated_before_the_last_one_is_loaded(prod: Prod, hours: str) -> None:
    """Models by unique key, which are restated up to now, stop where the deliveries do."""
    before = prod.day
    prod.platform.settings[HOURS] = hours
    day = prod.next_day("watches")
    with clock(day, 6):
        prod.platform.restate(before, day, "users", "shows")
    prod.check(before)
    prod.land(day, "watches")
    prod.run(7)
    prod.check(day)
    prod.platform.settings[HOURS] = "12"


@pytest.mark.slow
def test_a_change_is_deployed_while_a_day_waits(
    prod: Prod, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Users, and with them their forward-only snapshot, are computed anew up to the day before."""
    before = prod.day
    day = prod.next_day("users")
    project = checkout(tmp_path_factory.mktemp("changed") / "project")
    model = project / "models" / "silver" / "users.sql"
    model.write_text(model.read_text().replace("  name,", "  name || '' AS name,", 1))
    prod.platform.project = project
    with clock(day, 6):
        prod.platform.plan(day, no_gaps=True)
    prod.check(before)
    prod.land(day, "users")
    prod.run(7)
    prod.check(day)


class Arrivals(NamedTuple):
    """When the feeds of two days land, and when there are runs: hours after the end of the first.

    A day is waited for 30 hours, so the first up to 30, the second up to 54.
    """

    landed: dict[tuple[int, str], int]  # by place of the day and feed
    runs: list[int]


LATER_DAY_FIRST = Arrivals(
    {(place, feed): 20 for place in (0, 1) for feed in FEEDS} | {(0, "users"): 29}, [26, 54]
)
# The second run finds all of its day loaded.
NOTHING_TO_DO = Arrivals({(place, feed): 20 for place in (0, 1) for feed in FEEDS}, [26, 31, 54])


@st.composite
def arrivals(draw: st.DrawFn) -> Arrivals:
    """Before a day's deadline or never; a day is not over before it is."""
    landed = {}
    for place, hours in enumerate(
        (st.sampled_from([1, 20, 29, 99]), st.sampled_from([20, 40, 99]))
    ):
        landed |= {(place, feed): draw(hours) for feed in FEEDS}
    return Arrivals(
        landed, [*sorted(draw(st.sets(st.sampled_from([2, 23, 26, 31, 45]), max_size=3))), 54]
    )


@pytest.mark.slow
@example(arrivals=LATER_DAY_FIRST)
@example(arrivals=NOTHING_TO_DO)
@settings(
    max_examples=draws(1),
    deadline=None,
    # Not shrunk: what failed has left the platform as it is.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(arrivals=arrivals())
def test_whatever_arrives_and_whenever_it_is_run(prod: Prod, arrivals: Arrivals) -> None:
    """After every run prod holds the days that are whole or no longer waited for, up to the first
    that is neither."""
    prod.platform.settings[HOURS] = "30"
    done = prod.day
    days = [done + timedelta(days=1), done + timedelta(days=2)]
    landed: set[tuple[int, str]] = set()
    for hour in arrivals.runs:
        new = {key for key, at in arrivals.landed.items() if at <= hour} - landed
        landed |= new
        for place, feed in sorted(new):
            prod.land(days[place], feed)
        for place, day in enumerate(days):
            over = 24 * place
            whole = all((place, feed) in landed for feed in FEEDS)
            if done == day - timedelta(days=1) and hour >= over and (whole or hour >= over + 30):
                done = day
        with clock(days[0], hour):
            prod.platform.run(days[0] + timedelta(days=hour // 24))
        prod.check(done)
    prod.day = done
    prod.platform.settings[HOURS] = "12"


# What counts as delivered, and what a day waits for, without a run.

YESTERDAY = datetime.now(timezone.utc).date() - timedelta(days=1)


@pytest.fixture
def landing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A landing that is waited for as long as can be."""
    folder = tmp_path / "landing"
    folder.mkdir()
    monkeypatch.setenv("STREAMING_LANDING", str(folder))
    monkeypatch.setenv(HOURS, "9999")
    monkeypatch.delenv("STREAMING_LANDING_FORMAT", raising=False)
    return folder


def put(landing: Path, feed: str, name: str, day: date = YESTERDAY) -> None:
    """Puts an empty file into a day of a feed."""
    folder = landing / feed / f"dt={day}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).touch()


class Volume:
    """An engine that lists the folder of a landing, as Databricks lists a volume."""

    dialect = "databricks"

    def __init__(self, root: Path) -> None:
        self.root = root

    def fetchall(self, statement: str) -> list[tuple[str, str, int, int]]:
        path = re.fullmatch(r"LIST '/Volumes/a/b/c(.*)'", statement)[1]
        return [
            (str(f), f.name + "/" * f.is_dir(), 0, 0)
            for f in sorted((self.root / path.lstrip("/")).iterdir())
        ]


def seen(engine: object | None = None, feeds: Sequence[str] = FEEDS) -> Deliveries:
    """What is seen of the landing on DuckDB, or by another engine."""
    adapter = engine or SimpleNamespace(dialect="duckdb")
    return look(feeds, SimpleNamespace(engine_adapter=adapter))


@pytest.mark.parametrize("in_volume", [False, True], ids=["folder", "volume"])
@pytest.mark.parametrize("files_format", ["csv", "json", "parquet"])
def test_a_feed_is_delivered_by_a_file_of_the_format(
    landing: Path, monkeypatch: pytest.MonkeyPatch, files_format: str, in_volume: bool
) -> None:
    monkeypatch.setenv("STREAMING_LANDING_FORMAT", files_format)
    if in_volume:
        monkeypatch.setenv("STREAMING_LANDING", "/Volumes/a/b/c/")
    engine = Volume(landing) if in_volume else None
    put(landing, "users", f"part-0.{files_format}")
    put(landing, "shows", "part-0.txt")
    put(landing, "watches", f"part-0.{files_format}", YESTERDAY - timedelta(days=1))
    (landing / "ratings" / f"dt={YESTERDAY}").mkdir(parents=True)
    assert seen(engine).missing(YESTERDAY) == ["shows", "watches", "ratings"]
    assert seen(engine).is_waited_for(YESTERDAY)
    assert not seen(engine, ["users"]).is_waited_for(YESTERDAY)


def test_a_volume_that_is_a_folder_here_is_read_as_one(
    landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(landing, "users", "part-0.csv")
    monkeypatch.setattr(listing, "VOLUMES", str(landing))
    assert seen(SimpleNamespace(dialect="databricks"), ["users"]).missing(YESTERDAY) == []


@pytest.mark.parametrize(
    ("hours", "after", "waits"),
    [("6", 5, True), ("6", 6, False), ("0", -1, True), ("0", 0, False), ("", -1, False)],
)
def test_the_deadline(
    landing: Path, monkeypatch: pytest.MonkeyPatch, hours: str, after: int, waits: bool
) -> None:
    monkeypatch.setenv(HOURS, hours)
    with clock(FIRST, after):
        assert seen().is_waited_for(FIRST) is waits


def test_seeds_are_not_waited_for(landing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMING_LANDING", "")
    assert not seen().is_waited_for(YESTERDAY)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        (HOURS, "-1"),
        (HOURS, "1.5"),
        (HOURS, "a day"),
        (HOURS, "10000"),
        ("STREAMING_LANDING", "/no/such/folder"),
        ("STREAMING_LANDING_FORMAT", "xml"),
    ],
)
def test_a_wrong_setting_is_named(
    landing: Path, monkeypatch: pytest.MonkeyPatch, setting: str, value: str
) -> None:
    monkeypatch.setenv(setting, value)
    with pytest.raises(SQLMeshError, match=f"{setting} is '{value}'.*(;|, which|Correct)"):
        seen().missing(YESTERDAY)


def asked(
    name: str, snapshots: dict[str, SimpleNamespace], batch: DatetimeRanges
) -> DatetimeRanges:
    """What the signal answers for one of the models of a run."""
    context = SimpleNamespace(
        snapshots=snapshots,
        deployability_index=None,
        is_restatement=False,
        engine_adapter=SimpleNamespace(dialect="duckdb"),
    )
    return ready_intervals(batch, snapshots[name], context)


def test_all_models_of_a_run_get_the_same_answer(landing: Path) -> None:
    """A file that lands between two questions would let a feed go ahead of the others."""

    def snapshots() -> dict[str, SimpleNamespace]:
        return {
            name: SimpleNamespace(
                name=name,
                is_model=True,
                model=SimpleNamespace(view_name=name, signals=[(SIGNAL, {})]),
                intervals=[],
                parents=[],
            )
            for name in ("delivered_users", "delivered_watches")
        }

    start = datetime.combine(YESTERDAY, time(), timezone.utc)
    batch = [(start, start + timedelta(days=1))]
    put(landing, "users", "part-0.csv")
    run = snapshots()
    assert asked("delivered_users", run, batch) == []
    put(landing, "watches", "part-0.csv")
    assert asked("delivered_watches", run, batch) == []
    assert asked("delivered_watches", snapshots(), batch) == batch


# The command


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """A platform on which nothing was run."""
    return Platform(tmp_path_factory.mktemp("waiting"), **{HOURS: "9999"})


def test_the_command_waits_for_a_file(waiting: Platform) -> None:
    """And leaves the databases alone meanwhile: whoever loads needs them."""
    days = [YESTERDAY - timedelta(days=n) for n in range(9999 // 24 + 1)]
    for day in days:
        for feed in FEEDS:
            put(waiting.landing, feed, "part-0.csv", day)
    last = waiting.file("watches", YESTERDAY)
    last.unlink()
    process = subprocess.Popen(
        [*launcher.call(), "landing", "--wait", "--every", "0.2"],
        env=waiting.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    first = process.stdout.readline()
    assert f": {YESTERDAY} waits for watches, until " in first
    assert list(waiting.data.iterdir()) == []
    last.touch()
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert [line.split() for line in out.splitlines()[-6:-2]] == [
        [feed, "landed"] for feed in sorted(FEEDS)
    ]
    assert out.endswith(f": {YESTERDAY} is ready: every feed has landed.\n")


@pytest.mark.parametrize(
    ("hours", "verdict"),
    [
        ("9999", "waits for ratings, shows, users, watches, until "),
        ("0", "is ready without ratings, shows, users, watches: it was waited for until "),
        ("", f"is ready without ratings, shows, users, watches: {HOURS} is not set."),
    ],
)
def test_the_command_tells_what_is_missing(
    landing: Path, monkeypatch: pytest.MonkeyPatch, hours: str, verdict: str
) -> None:
    monkeypatch.setenv(HOURS, hours)
    said = StringIO()
    last = watch.judge(seen(feeds=sorted(FEEDS)))
    watch.show(last, terminal.console(said))
    told = [line.split() for line in said.getvalue().splitlines()[1:-2]]
    assert told == [[feed, "missing"] for feed in sorted(FEEDS)]
    assert verdict in said.getvalue().splitlines()[-1]
    assert last.ready == (" is ready " in last.verdict)


def test_the_command_fails_on_a_wrong_setting(tmp_path: Path) -> None:
    told = Platform(tmp_path, STREAMING_LANDING="/no/such/folder").streaming("landing", "--wait")
    assert (told.exit_code, told.stdout) == (1, "")
    assert "Error: STREAMING_LANDING is '/no/such/folder', which is no folder that" in told.stderr


def test_programs_get_the_landing_as_json(tmp_path: Path) -> None:
    told = Platform(tmp_path, **{HOURS: "9999"}).streaming("landing", "--format", "json")
    last = json.loads(told.stdout)
    assert (last["day"], last["ready"]) == (str(YESTERDAY), False)
    assert last["feeds"] == [{"feed": feed, "delivery": "missing"} for feed in sorted(FEEDS)]
