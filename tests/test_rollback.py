"""The last deployment to prod is taken back without computing anything, as long as it can be."""

from __future__ import annotations

import copy
import re
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from harness import FIRST, PROJECT, Platform, Tables, checkout, deliver_day, morning_after

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
    """The project, its first day of four in prod. The tests below change prod one after another."""
    platform = Platform(tmp_path_factory.mktemp("rollback"))
    platform.project = checkout(tmp_path_factory.mktemp("old"))
    ratings = platform.project / "models" / "gold" / "fct_ratings.sql"
    key = "unique_key rating_id\n"
    ratings.write_text(
        ratings.read_text().replace(key, "unique_key rating_id, forward_only TRUE\n")
    )
    for day in (FIRST, SECOND, THIRD, FOURTH):
        deliver_day(platform, day)
        number = (day - FIRST).days * 10_000 + 1
        rating = {"rating_id": number, "user_id": number, "show_id": 1, "rating": 4}
        platform.deliver("ratings", day, [{**rating, "rated_at": f"{day} 21:00:00"}])
    return platform


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


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with the command and without a single model."""
    folder = tmp_path_factory.mktemp("tool")
    shutil.copy(PROJECT / "config.py", folder)
    shutil.copytree(PROJECT / "operations", folder / "operations")
    return folder


def roll_back(platform: Platform, tool: Path, *arguments: str, answer: str = "") -> Any:
    """The command, as typed in a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "operations.rollback", *arguments],
        cwd=tool,
        env={**platform.environment(), "COLUMNS": "400", "NO_COLOR": "1"},
        input=answer,
        capture_output=True,
        text=True,
    )


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
    """The rows of every table in which SQLMesh keeps some."""
    tables = platform.query(
        "SELECT database_name, schema_name, table_name FROM duckdb_tables() "
        "WHERE schema_name LIKE 'sqlmesh\\_\\_%' ESCAPE '\\'"
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


def test_nothing_to_go_back_to(old: Platform, tool: Path) -> None:
    refused = roll_back(old, tool, "--yes")
    assert refused.returncode == 1 and "there is no prod yet" in refused.stderr
    old.plan(FIRST)
    refused = roll_back(old, tool, "--yes")
    assert refused.returncode == 1 and "nothing was deployed to prod before" in refused.stderr


def test_a_rollback_after_a_run(old: Platform, new: Platform, tool: Path) -> None:
    """Deployed, run for a day, taken back, brought again, taken back, run for another day."""
    before = shown(old)
    new.plan(FIRST, "dev")
    new.plan(FIRST)
    new.run(SECOND)
    after, dev, tables = shown(new), shown(new, "streaming_dev", "__dev"), stored(new)

    declined = roll_back(old, tool, answer="n\n")
    assert declined.returncode == 1 and "Nothing was changed" in declined.stdout
    assert roll_back(old, tool).returncode == 1  # nobody answers
    assert shown(old) == after
    done = roll_back(old, tool, answer="y\n")
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

    assert roll_back(old, tool, "--yes").returncode == 0
    assert shown(old) == after
    assert roll_back(old, tool, "--yes").returncode == 0
    assert shown(old) == back

    assert planned(old, SECOND) == (False, False)
    old.run(THIRD)
    old.check()
    assert planned(old, THIRD) == (False, False)
    assert shown(old, "streaming_dev", "__dev") == dev


def test_the_new_version_is_deployed_again(old: Platform, new: Platform, tool: Path) -> None:
    assert planned(new, THIRD) == (True, False)
    new.plan(THIRD)
    assert planned(new, THIRD) == (False, False)
    new.run(FOURTH)
    with pytest.raises(AssertionError, match="gold.fct_watches.is_completed"):
        new.check()
