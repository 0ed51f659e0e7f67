"""However the days are run, the tables come out the same: the oracle's."""

from __future__ import annotations

import multiprocessing
import random
from datetime import date, timedelta
from pathlib import Path

import oracle
import pytest
from harness import Platform, Row, draws
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.generate import write_landing
from generator.population import Settings

FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(8)]
HALF = DAYS[3]
FEEDS = tuple(oracle.FEEDS)


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight days with dirt, late, repeated and corrected rows, and keys that come late."""
    root = tmp_path_factory.mktemp("generated") / "landing"
    write_landing(
        Settings(
            watches=1200, days=len(DAYS), format="json", seed=7, start=FIRST, dirt=0.05, late=0.1
        ),
        root,
    )
    return root


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    return Platform(tmp_path, "json")


@pytest.fixture(scope="module")
def saved(landing: Path, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """The first four days, planned at once and saved."""
    platform = Platform(tmp_path_factory.mktemp("half"), "json")
    platform.receive(landing, DAYS[:4])
    platform.plan(HALF)
    platform.save()
    return platform


@pytest.fixture
def half(saved: Platform) -> Platform:
    """The first four days in prod."""
    saved.restore()
    return saved


def test_all_at_once(half: Platform) -> None:
    half.check()


def test_in_slices_of_a_day_and_of_more(half: Platform, landing: Path) -> None:
    for days in ([DAYS[4]], [DAYS[5]], DAYS[6:]):
        half.receive(landing, days)
        half.run(days[-1])
    half.check()


def test_the_deliveries_are_worth_replaying(platform: Platform, landing: Path) -> None:
    """The generated days hold what makes replaying hard; else the tests above show nothing."""
    platform.receive(landing, DAYS)
    tables = oracle.build(platform.deliveries)
    reconciliation = {row["feed"]: row for row in tables["quality.reconciliation"]}
    for feed in FEEDS:
        assert reconciliation[feed]["quarantined"] > 0
    assert reconciliation["watches"]["superseded"] > 0
    assert any(row["valid_to"] for row in tables["silver.users_history"])
    known = {row["user_id"]: row["valid_from"] for row in reversed(tables["silver.users_history"])}
    watched = {row["watch_id"]: row for row in tables["silver.watches"]}
    assert any(
        row["_ingest_date"] < known[row["user_id"]].date()
        for row in tables["bronze.watches"]
        if row["watch_id"] in watched and row["user_id"] in known
    ), "no watch came before its user"


def test_a_day_run_twice(half: Platform) -> None:
    half.restate(HALF, HALF, *FEEDS)
    half.check()


def test_a_run_killed_and_started_again(half: Platform, landing: Path) -> None:
    kills = 0
    for _ in range(draws(2)):
        half.restore()
        half.receive(landing, [DAYS[4]])
        process = multiprocessing.get_context("spawn").Process(target=half.run, args=(DAYS[4],))
        process.start()
        process.join(timeout=random.uniform(3, 7))
        kills += process.is_alive()
        process.kill()
        process.join()
        half.run(DAYS[4])
        half.check()
    assert kills, "no run lasted long enough to be killed"


def test_files_delivered_late_into_an_old_day(platform: Platform, landing: Path) -> None:
    """A day's files come after later days were run; restating it brings all up to date."""
    platform.receive(landing, [day for day in DAYS[:6] if day != DAYS[1]])
    platform.plan(DAYS[5])
    platform.receive(landing, [DAYS[1]])
    platform.restate(DAYS[1], DAYS[5], *FEEDS)
    platform.check()


def test_a_delivery_that_was_taken_back(half: Platform) -> None:
    """Users of a day vanish: what was accepted because of them goes back to quarantine."""
    half.file("users", DAYS[0]).unlink()
    half.deliveries = [
        delivery
        for delivery in half.deliveries
        if (delivery.feed, delivery.dt) != ("users", DAYS[0])
    ]
    half.restate(DAYS[0], HALF, "users")
    half.check()


def test_what_was_shown_is_never_rewritten(half: Platform, landing: Path) -> None:
    """Later runs close open versions of users_snapshot and add new ones; restating adds none."""

    def shown() -> dict[tuple, tuple]:
        rows = half.query("SELECT * FROM streaming_prod.silver.users_snapshot")
        return {row[:-1]: row[-1] for row in rows}

    seen = [{}, shown()]
    for day in DAYS[4:6]:
        half.receive(landing, [day])
        half.run(day)
        seen.append(shown())
    half.restate(DAYS[1], DAYS[5], *FEEDS)
    assert shown() == seen[-1]
    for before, after in zip(seen, seen[1:], strict=False):
        assert len(after) > len(before)
        for version, valid_to in before.items():
            assert version in after, f"{version} was rewritten"
            assert valid_to in (None, after[version]), f"the end of {version} was rewritten"


# A small world in which keys collide all the time: every row is about user, show and watch 1 or 2.


def moments(day: date) -> st.SearchStrategy[str]:
    """Timestamps from three days before `day` to three after."""
    return st.integers(-3, 3).map(lambda days: f"{day + timedelta(days=days)} 12:00:00")


def user(day: date) -> st.SearchStrategy[Row]:
    return st.fixed_dictionaries(
        {
            "user_id": st.sampled_from(["1", "2"]),
            "name": st.sampled_from(["ann", "bob", " "]),
            "email": st.just("a@b.c"),
            "country": st.sampled_from([None, "de"]),
            "subscription_plan": st.sampled_from(["free", "basic", "none"]),
            "signed_up_on": st.none(),
            "updated_at": moments(day),
        }
    )


def show(day: date) -> st.SearchStrategy[Row]:
    return st.fixed_dictionaries(
        {
            "show_id": st.sampled_from(["1", "2"]),
            "title": st.sampled_from(["A", "B"]),
            "genre": st.sampled_from([None, "drama"]),
            "release_year": st.none(),
            "seasons": st.none(),
            "rating_avg": st.sampled_from(["4", "4.5", "6"]),
            "updated_at": moments(day),
        }
    )


def watch(day: date) -> st.SearchStrategy[Row]:
    return st.fixed_dictionaries(
        {
            "watch_id": st.sampled_from(["1", "2"]),
            "user_id": st.sampled_from(["1", "2"]),
            "show_id": st.sampled_from(["1", "2"]),
            "watched_at": moments(day),
            "minutes_watched": st.sampled_from([None, "5", "-1"]),
            "completion_pct": st.just("0.5"),
            "status": st.sampled_from(["completed", "abandoned", "lost"]),
            "device": st.none(),
        }
    )


def rating(day: date) -> st.SearchStrategy[Row]:
    return st.fixed_dictionaries(
        {
            "rating_id": st.sampled_from(["1", "2"]),
            "user_id": st.sampled_from(["1", "2"]),
            "show_id": st.sampled_from(["1", "2"]),
            "watch_id": st.sampled_from([None, "1", "2"]),
            "rating": st.sampled_from(["3", "5", "9"]),
            "review": st.none(),
            "rated_at": moments(day),
        }
    )


ROWS = {"users": user, "shows": show, "watches": watch, "ratings": rating}


@st.composite
def histories(draw: st.DrawFn) -> tuple[dict[tuple[str, date], list[Row]], list[date]]:
    """Deliveries of five days, in one week or over months, and the days after which they are run.

    A slice over months touches every key (@IS_TOUCHED).
    """
    apart = draw(st.sampled_from([1, 20]))
    days = [FIRST + timedelta(days=n * apart) for n in range(5)]
    delivered = {
        (feed, day): draw(st.lists(rows(day), max_size=3))
        for feed, rows in ROWS.items()
        for day in days
    }
    ends = draw(st.sets(st.sampled_from(days[:-1]), max_size=3)) | {days[-1]}
    return delivered, sorted(ends)


@settings(max_examples=draws(2), deadline=None, suppress_health_check=list(HealthCheck))
@given(history=histories())
def test_any_history_in_any_slices(
    tmp_path_factory: pytest.TempPathFactory,
    history: tuple[dict[tuple[str, date], list[Row]], list[date]],
) -> None:
    delivered, ends = history
    platform = Platform(tmp_path_factory.mktemp("history"))
    start = FIRST
    for number, end in enumerate(ends):
        for (feed, day), rows in delivered.items():
            if start <= day <= end and (rows or day == FIRST):  # a landing has some file
                platform.deliver(feed, day, rows)
        start = end + timedelta(days=1)
        if number == 0:
            platform.plan(end)
        else:
            platform.run(end)
        platform.check()
