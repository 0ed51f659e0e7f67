"""A restatement that is cut off or fails is finished by the next run. No plan builds on it."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import oracle
import pytest
from harness import Platform, checkout
from killing import command
from sqlmesh.core.engine_adapter.duckdb import DuckDBEngineAdapter
from sqlmesh.utils.errors import SQLMeshError

from generator.generate import write_landing
from generator.population import Settings

DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(4)]
LAST = DAYS[2]  # that is loaded; another can be run after it
FORK = multiprocessing.get_context("fork")
# What SQLMesh's state says last of a plan.
FINISHES = r"^UPDATE \S*_environments\S* SET \S*finalized_ts"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """Three days in prod, of four that are generated."""
    folder = tmp_path_factory.mktemp("unfinished")
    write_landing(
        Settings(watches=400, days=4, format="json", seed=3, start=DAYS[0], dirt=0.05, late=0.1),
        folder / "generated",
    )
    platform = Platform(folder / "platform", "json")
    platform.receive(folder / "generated", DAYS[:3])
    platform.plan(LAST)
    platform.save()
    return platform


@pytest.fixture
def prod(saved: Platform) -> Platform:
    """Prod, and a change of its first day: half of its users vanish."""
    saved.restore()
    [of_users] = [d for d in saved.deliveries if (d.feed, d.dt) == ("users", DAYS[0])]
    path = Path(of_users.source)
    kept = path.read_text(encoding="utf-8").splitlines(keepends=True)[::2]
    path.write_text("".join(kept), encoding="utf-8")
    saved.deliveries.remove(of_users)
    saved.deliveries.append(oracle.Delivery("users", DAYS[0], of_users.source, of_users.rows[::2]))
    return saved


def generated(prod: Platform) -> Path:
    return prod.folder.parent / "generated"


def restate(prod: Platform) -> None:
    prod.restate(DAYS[0], LAST, "users")


def killed_before(statement: str, work: Callable[[], None]) -> None:
    """Does some work in a process that ends at once when it is about to send a statement."""
    execute = DuckDBEngineAdapter._execute

    def until(self: DuckDBEngineAdapter, sql: str, *arguments: object, **named: object) -> None:
        if re.search(statement, sql):
            os._exit(9)
        execute(self, sql, *arguments, **named)

    def doomed() -> None:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(DuckDBEngineAdapter, "_execute", until)
            work()

    process = FORK.Process(target=doomed)
    process.start()
    process.join()
    assert process.exitcode == 9, "it was not killed"


def written(model: str) -> str:
    """The statement that writes a model's table."""
    return rf'(INSERT INTO|MERGE INTO|CREATE OR REPLACE TABLE) \S*"{model}__\d+"'


def users_of(prod: Platform) -> list[tuple[object, ...]]:
    return prod.query("SELECT user_id FROM streaming_prod.silver.users ORDER BY 1")


def shown_as_open(prod: Platform) -> list[tuple[object, ...]]:
    """The users of which silver.users_snapshot says that prod shows them."""
    return prod.query(
        "SELECT user_id FROM streaming_prod.silver.users_snapshot WHERE valid_to IS NULL ORDER BY 1"
    )


def last_command(prod: Platform) -> dict[str, object]:
    return json.loads(prod.streaming("last-run", "--format", "json").stdout)


@pytest.mark.drawn(2)
@pytest.mark.parametrize(
    ("statement", "days"),
    [
        (written("silver__users"), DAYS[3:]),
        (written("silver__watches"), DAYS[2:3]),
        (written("gold__fct_watches"), DAYS[3:]),
        (FINISHES, DAYS[2:3]),
    ],
)
def test_the_next_run_finishes_what_was_cut_off(
    prod: Platform, statement: str, days: list[date]
) -> None:
    killed_before(statement, lambda: restate(prod))
    said = last_command(prod)
    assert said["command"] == "restatement" and said["succeeded"] is None
    assert said["first_day"] == said["last_day"] == str(DAYS[0])
    assert "sqlmesh run" in str(said["next"])
    if days != [LAST]:
        prod.receive(generated(prod), days)
    prod.run(days[-1])
    prod.check()
    assert shown_as_open(prod) == users_of(prod)
    assert last_command(prod)["succeeded"] is True


def test_a_restatement_takes_down_what_prod_shows(prod: Platform) -> None:
    """In the history of users, which SQLMesh computes with the run of a day alone."""
    before = users_of(prod)
    restate(prod)
    assert shown_as_open(prod) == users_of(prod) != before


def test_so_does_the_run_after_one_that_failed(prod: Platform) -> None:
    bad = prod.file("watches", DAYS[0], "bad")
    bad.write_text("no json\n", encoding="utf-8")
    with pytest.raises(Exception, match="bad.json"):
        prod.restate(DAYS[0], LAST, "users", "watches")
    assert last_command(prod)["succeeded"] is False
    with pytest.raises(Exception, match="bad.json"):
        prod.run(LAST)
    bad.unlink()
    prod.run(LAST)
    prod.check()


@pytest.mark.parametrize("day", [DAYS[0], DAYS[3]], ids=["late", "new"])
def test_the_scheduler_is_told_what_failed_in_the_last_line(prod: Platform, day: date) -> None:
    """Traces are in the log."""
    bad = prod.file("watches", day, "bad")
    bad.write_text("no json\n", encoding="utf-8")
    if day == DAYS[3]:
        prod.receive(generated(prod), [day])
    ended = command(prod, DAYS[3], "streaming", "run")
    assert ended.code == 1 and "Traceback" not in ended.said, ended.said
    last = ended.said.splitlines()[-1]
    assert last.startswith("Error: The ") and "bad.json" in last and "Next: " in last


def test_the_same_restatement_again_finishes_it(prod: Platform) -> None:
    killed_before(written("silver__watches"), lambda: restate(prod))
    restate(prod)
    prod.check()
    prod.plan(LAST, "dev", include_unmodified=True)


def test_check_names_it_before_all_else(prod: Platform) -> None:
    killed_before(FINISHES, lambda: restate(prod))
    told = prod.streaming("check")
    assert told.exit_code == 1
    assert told.stderr.splitlines()[-1].endswith("Next: sqlmesh run prod")
    assert "A restatement of prod, begun " in told.stderr


def test_no_plan_builds_on_it(prod: Platform, tmp_path: Path) -> None:
    """Another version of gold would be computed from a silver that is half old, and be promoted."""
    killed_before(written("silver__watches"), lambda: restate(prod))
    with pytest.raises(SQLMeshError, match="Next: sqlmesh run prod"):
        prod.plan(LAST, "dev", include_unmodified=True)
    with pytest.raises(SQLMeshError, match="Next: sqlmesh run prod"):
        prod.restate(DAYS[1], LAST, "shows")
    prod.run(LAST)
    prod.plan(LAST, "dev", include_unmodified=True)
    prod.check()


def test_a_version_in_dev_is_computed_again_too(prod: Platform, tmp_path: Path) -> None:
    """As after a restatement that was not cut off: it may be promoted next."""
    changed = checkout(tmp_path / "changed")
    model = changed / "models" / "gold" / "fct_watches.sql"
    text = model.read_text(encoding="utf-8")
    model.write_text(
        text.replace(
            "watches.minutes_watched, /*", "watches.minutes_watched + 0 AS minutes_watched, /*"
        ),
        encoding="utf-8",
    )
    with prod.seen_from(changed):
        prod.plan(LAST, "dev")
    killed_before(written("gold__fct_watches"), lambda: restate(prod))
    prod.run(LAST)
    with prod.seen_from(changed):
        prod.plan(LAST)
    prod.check()
