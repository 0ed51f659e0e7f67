"""The last deployment to prod is taken back without computing anything, as long as it can be."""

from __future__ import annotations

import copy
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import time_machine
from click.testing import Result
from harness import FIRST, PROJECT, Platform, Tables, checkout, deliver_day, morning_after
from sqlmesh.core.notification_target import NotificationEvent

from operations import launcher, rollback, sqlmesh_internals

pytestmark = pytest.mark.slow
SECOND, THIRD, FOURTH = (FIRST + timedelta(days=n) for n in (1, 2, 3))
TITLES = """MODEL (
  name gold.titles,
  kind FULL,
  description 'The titles. Grain: show_id.',
  grain show_id,
  depends_on (quality.deliveries, quality.reconciliation, silver.users_history)
);

SELECT
  show_id, /* Identifies the show. */
  title /* Title of the show. */
FROM gold.dim_shows
"""


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """The project, nothing planned yet. The tests below change prod one after another."""
    platform = Platform(tmp_path_factory.mktemp("rollback"))
    platform.project = checkout(tmp_path_factory.mktemp("old"))
    ratings = platform.project / "models" / "gold" / "fct_ratings.sql"
    key = "unique_key rating_id\n"
    ratings.write_text(
        ratings.read_text().replace(key, "unique_key rating_id, forward_only TRUE\n")
    )
    return platform


def deliver(platform: Platform, day: date) -> None:
    """A day of a new user, a show, a watch and a rating."""
    deliver_day(platform, day)
    number = (day - FIRST).days * 10_000 + 1
    rating = {"rating_id": number, "user_id": number, "show_id": 1, "rating": 4}
    platform.deliver("ratings", day, [{**rating, "rated_at": f"{day} 21:00:00"}])


def branch(platform: Platform, folder: Path, **changes: tuple[str, str]) -> Platform:
    """The same platform, seen from a copy of its checkout, where `silver__users=(old, new)` in
    a model is changed."""
    changed = copy.copy(platform)
    changed.project = folder
    ignored = shutil.ignore_patterns(".cache", "logs")
    shutil.copytree(platform.project, folder, dirs_exist_ok=True, ignore=ignored)
    for name, (text, replacement) in changes.items():
        model = folder / "models" / f"{name.replace('__', '/', 1)}.sql"
        assert model.read_text().count(text) == 1
        model.write_text(model.read_text().replace(text, replacement))
    return changed


@pytest.fixture(scope="module")
def new(old: Platform, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """The next version, in which there is every kind of change."""
    changed = branch(
        old,
        tmp_path_factory.mktemp("new"),
        # breaking
        gold__fct_watches=("watches.status = 'completed'", "FALSE"),
        # not breaking: what is built on it keeps its tables
        bronze__delivered_shows=("\nSELECT\n  ", "\nSELECT\n  1 AS one, /* New. */\n  "),
        # forward-only: it keeps its table itself
        gold__fct_ratings=("\nSELECT\n  ratings.", "\nSELECT\n  1 AS one, /* New. */\n  ratings."),
    )
    (changed.project / "models" / "gold" / "titles.sql").write_text(TITLES)
    (changed.project / "models" / "analytics" / "monthly_viewing_trend.sql").unlink()
    return changed


def roll_back(platform: Platform, *arguments: str, answer: str = "") -> Result:
    """The command, as typed in a terminal."""
    return platform.streaming("rollback", *arguments, answer=answer)


def shown(platform: Platform, catalog: str = "streaming_prod", suffix: str = "") -> Tables:
    """All that an environment shows: every view's rows, with all their columns."""
    views = platform.query(
        "SELECT schema_name, view_name FROM duckdb_views() "
        f"WHERE database_name = '{catalog}' AND NOT internal AND schema_name NOT LIKE 'sqlmesh%'"
    )
    return {
        f"{schema.removesuffix(suffix)}.{view}": sorted(
            platform.query(f"SELECT * FROM {catalog}.{schema}.{view}"), key=repr
        )
        for schema, view in views
        if schema.endswith(suffix)
    }


def stored(platform: Platform) -> dict[str, list]:
    """The rows of every table of a model."""
    tables = platform.query(
        "SELECT database_name, schema_name, table_name FROM duckdb_tables() "
        "WHERE schema_name LIKE 'sqlmesh\\_\\_%' ESCAPE '\\' "
        "AND schema_name <> 'sqlmesh__streaming'"
    )
    return {
        ".".join(table): sorted(platform.query(f"SELECT * FROM {'.'.join(table)}"), key=repr)
        for table in tables
    }


def planned(platform: Platform, day: date) -> tuple[bool, bool]:
    """Whether a plan for prod has changes, and whether it makes versions that were never there."""
    with platform.context() as context:
        plan = context.plan_builder(
            "prod", skip_tests=True, skip_linter=True, execution_time=morning_after(day)
        ).build()
        return plan.has_changes, bool(plan.new_snapshots)


def test_nothing_to_go_back_to(old: Platform) -> None:
    refused = roll_back(old, "--yes")
    assert refused.exit_code == 1 and "there is no prod yet" in refused.stderr
    deliver(old, FIRST)
    old.plan(FIRST)
    refused = roll_back(old, "--yes")
    assert refused.exit_code == 1 and "nothing was deployed to prod before" in refused.stderr


def test_a_rollback_after_a_run(old: Platform, new: Platform, tmp_path: Path) -> None:
    """Deployed, run for a day, taken back, run for another day."""
    before = shown(old)
    new.plan(FIRST, "dev")
    new.plan(FIRST)
    deliver(old, SECOND)
    new.run(SECOND)
    after, dev, tables = shown(new), shown(new, "streaming_dev", "__dev"), stored(new)

    for answer in ("n\n", ""):
        declined = roll_back(old, answer=answer)
        assert declined.exit_code == 1 and "Nothing was changed" in declined.stderr
    assert shown(old) == after
    # From a checkout with the command and without a single model.
    shutil.copy(PROJECT / "config.py", tmp_path)
    for room in ("macros", "operations"):
        shutil.copytree(PROJECT / room, tmp_path / room)
    done = subprocess.run(
        [*launcher.call(tmp_path), "rollback"],
        env=old.environment(),
        input="y\n",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"ended at 20\d\d-\d\d-\d\d \d\d:\d\d UTC", done.stdout)
    for line in (
        "was added, is not shown any more: gold.titles",
        "was removed, is shown again: analytics.monthly_viewing_trend",
        f"the version before is shown again, with the days up to {FIRST} (now {SECOND}): "
        "bronze.delivered_shows, gold.fct_watches",
        "the version before is shown again: analytics.top_users_by_engagement",
        "changed forward-only: its table stays, with the rows and columns added since: "
        "gold.fct_ratings",
    ):
        assert f"  - {line}\n" in done.stdout

    back = shown(old)
    assert stored(old) == tables
    assert back.keys() == before.keys()
    own = {"analytics.monthly_viewing_trend", "gold.fct_watches"}
    own |= {"bronze.delivered_shows", "bronze.shows"}
    # Until the next run this view counts ratings of two days and watches of one.
    for name in back.keys() - {"analytics.top_users_by_engagement"}:
        assert back[name] == (before if name in own else after)[name], name
        assert name not in own or before[name] != after.get(name)
    assert shown(old, "streaming_dev", "__dev") == dev

    assert planned(old, SECOND) == (False, False)
    deliver(old, THIRD)
    old.run(THIRD)
    old.check()
    assert planned(old, THIRD) == (False, False)


def test_the_new_version_is_deployed_again(new: Platform) -> None:
    """As it was taken back: nothing is made anew."""
    assert planned(new, THIRD) == (True, False)
    new.plan(THIRD)
    assert planned(new, THIRD) == (False, False)
    completed = "SELECT watch_id, is_completed FROM streaming_prod.gold.fct_watches ORDER BY 1"
    assert new.query(completed) == [(1, False), (10001, False), (20001, False)]


def test_a_rollback_that_stopped_half_way(old: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """It notifies as SQLMesh does, the next call ends it, and the one after brings back."""
    after = shown(old)

    def fail(*arguments: Any) -> None:
        raise ConnectionError("The server is gone")

    with old.context() as context, monkeypatch.context() as broken:
        context.notification_target_manager = Mock()
        broken.setattr(sqlmesh_internals._Promotion, "visit_virtual_layer_update_stage", fail)
        with pytest.raises(ConnectionError):
            rollback.roll_back(context, rollback.last_deployment(context))
        calls = context.notification_target_manager.notify.call_args_list
    assert [call.args[0] for call in calls] == [
        NotificationEvent.APPLY_START,
        NotificationEvent.APPLY_FAILURE,
    ]
    done = roll_back(old, "--yes")
    assert "has not ended" in done.stdout
    old.check()
    assert roll_back(old, "--yes").exit_code == 0
    assert shown(old) == after
    assert roll_back(old, "--yes").exit_code == 0


def test_a_breaking_change_of_silver(old: Platform, tmp_path: Path) -> None:
    """Nearly all that is built on it has other tables; those before are caught up by the run."""
    changed = branch(
        old, tmp_path, silver__watches=("LOWER(@CLEAN(status)) AS", "UPPER(@CLEAN(status)) AS")
    )
    before = shown(old)
    # The column that the forward-only change left behind.
    changed.plan(THIRD, allow_destructive_models=["gold.fct_ratings"])
    deliver(old, FOURTH)
    changed.run(FOURTH)
    with pytest.raises(AssertionError, match="COMPLETED"):
        old.check()
    tables = stored(old)
    assert roll_back(old, "--yes").exit_code == 0
    assert stored(old) == tables
    back = shown(old)
    for name in ("silver.watches", "quarantine.watches", "gold.fct_watches"):
        assert back[name] == before[name], name
    assert planned(old, FOURTH) == (False, False)
    old.run(FOURTH)
    old.check()


def clean_up(platform: Platform, days: int) -> None:
    """The janitor of a day in future."""
    with time_machine.travel(datetime.now(timezone.utc) + timedelta(days=days)):
        with platform.context() as context:
            context.run_janitor(ignore_ttl=False)


@contextmanager
def without_the_table_before(platform: Platform, model: str) -> Iterator[None]:
    """Hides the one table of a model that prod does not show."""
    schema, view = model.split(".")
    ((table,),) = platform.query(
        "SELECT table_name FROM duckdb_tables() "
        f"WHERE table_name SIMILAR TO '{schema}__{view}__[0-9]+' AND NOT ("
        "SELECT contains(sql, table_name) FROM duckdb_views() WHERE "
        f"database_name = 'streaming_prod' AND schema_name = '{schema}' AND view_name = '{view}')"
    )
    rename = "ALTER TABLE streaming_prod.sqlmesh__{}.{} RENAME TO {}"
    platform.query(rename.format(schema, table, "hidden"), "READ_WRITE")
    try:
        yield
    finally:
        platform.query(rename.format(schema, "hidden", table), "READ_WRITE")


def test_the_janitor(old: Platform) -> None:
    """Dev lives for two weeks, a rollback is possible for 30 days, and prod is never touched."""
    prod, dev = shown(old), shown(old, "streaming_dev", "__dev")
    clean_up(old, 13)
    assert dev and shown(old, "streaming_dev", "__dev") == dev
    clean_up(old, 29)
    assert not shown(old, "streaming_dev", "__dev")
    assert shown(old) == prod
    with without_the_table_before(old, "silver.watches"):
        refused = roll_back(old, "--yes")
    assert "the tables before are gone" in refused.stderr and refused.exit_code == 1
    assert ": silver.watches; " in refused.stderr
    assert roll_back(old, "--yes").exit_code == 0
    assert shown(old)["silver.watches"] != prod["silver.watches"]
    assert roll_back(old, "--yes").exit_code == 0
    assert shown(old) == prod
    clean_up(old, 31)
    refused = roll_back(old, "--yes")
    assert refused.exit_code == 1
    assert re.search("the tables before are gone .*gold.fct_watches.*git revert", refused.stderr)
    old.check()


def test_a_restatement_is_not_taken_back(old: Platform) -> None:
    old.restate(FOURTH, FOURTH, "shows")
    refused = roll_back(old, "--yes")
    assert refused.exit_code == 1 and "changed no model" in refused.stderr


def test_a_table_that_was_altered_for_good(old: Platform, tmp_path: Path) -> None:
    """SQLMesh fills every column of a type 2 history; the way out that is named works."""
    column = ("\nSELECT\n  user_id,\n", "\nSELECT\n  1 AS one,\n  user_id,\n")
    changed = branch(old, tmp_path, silver__users_snapshot=column)
    changed.plan(FOURTH)
    refused = roll_back(old, "--yes")
    assert refused.exit_code == 1
    assert "--allow-destructive-model silver.users_snapshot" in refused.stderr
    old.plan(FOURTH, allow_destructive_models=["silver.users_snapshot"])
    fifth = FOURTH + timedelta(days=1)
    deliver(old, fifth)
    old.run(fifth)
    old.check()
    assert len(shown(old)["silver.users_snapshot"]) == 5
