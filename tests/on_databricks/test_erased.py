"""Who asked to be forgotten is forgotten on Databricks as on DuckDB."""

from __future__ import annotations

import re
from random import choice

import pytest
from engines import Engines, engines, tables
from harness import draws
from killing import RUN, Ended, command
from test_erasure import SECOND, THIRD, ask, deliver, first_days, user

from operations.erasure import erase
from tests.warehouse import Warehouse

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def both(running_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Engines:
    """Both engines with two days, and then a third that brings a request."""
    both = engines(running_warehouse, tmp_path_factory.mktemp("erased"), STREAMING_LATE_DAYS="9999")
    both.databricks.settings["SQLMESH__DEFAULT_GATEWAY"] = "databricks"
    first_days(both.local)
    for platform in (both.local, both.databricks):
        platform.plan(SECOND)
    deliver(both.local, THIRD, [user(1, THIRD, name="Zebulonia Fourth"), user(5, THIRD)])
    ask(both.local, THIRD, 1, 77)
    for platform in (both.local, both.databricks):
        platform.run(THIRD)
    both.local.check()
    return both


def same(both: Engines) -> None:
    """Asserts that both engines hold the same."""
    local, databricks = tables(both.local), tables(both.databricks)
    for name, table in local.items():
        if "quality.eras" not in name and "users_snapshot" not in name:
            assert databricks[name].rows == table.rows, name


def test_the_tables_are_those_of_duckdb(both: Engines) -> None:
    same(both)
    with both.databricks.context() as context:
        snapshot = context.fetchdf(
            "SELECT DISTINCT name, email, country FROM streaming_prod.silver.users_snapshot "
            "WHERE user_id = 1"
        )
        evidence = context.fetchdf(
            "SELECT user_id, DATEDIFF(retained_until, erased_at) AS days "
            "FROM streaming_prod.quality.erasures ORDER BY user_id"
        )
    assert snapshot.values.tolist() == [["erased", "erased", ""]]
    assert evidence.values.tolist() == [[1, 7], [77, 7]]


def test_each_table_is_purged_after_it_was_changed(both: Engines) -> None:
    """Deletion vectors and old files keep what a statement took out."""
    sent = "\n".join(statement.sent for statement in both.warehouse.statements())
    erased = re.findall(r"MERGE INTO (\S+) AS `held`", sent)
    assert len(erased) > 8
    assert re.findall(r"REORG TABLE (\S+) APPLY \(PURGE\)", sent) == erased
    assert re.findall(r"VACUUM (\S+)", sent) == erased


@pytest.fixture(scope="module")
def erasing(both: Engines) -> list[int]:
    """The steps of `streaming erase` from its first statement that erases to the last. They are of
    a request into a day that is loaded, which is granted on both engines."""
    steps = _typed(both, "streaming", "erase", "2", "--yes").steps
    with both.local.context() as context:
        [line] = [each for each in erase(context, [THIRD]) if each["user_id"] == 2]
    assert len(line["landed_files"]) == 4
    found = [number for number, step in enumerate(steps, 1) if "AS `held`" in step]
    return [*range(found[0], found[-1] + 1)]


def test_a_late_request_is_granted(both: Engines, erasing: list[int]) -> None:
    """With nothing loaded again."""
    assert len(erasing) > 8
    same(both)


def test_what_is_cut_off_is_ended_by_the_next_run(both: Engines, erasing: list[int]) -> None:
    for who in (5, *range(1001, 1000 + draws(1))):
        killed = _typed(both, "streaming", "erase", str(who), "--yes", kill_at=choice(erasing))
        assert killed.killed
        assert _typed(both, *RUN).code == 0
        with both.local.context() as context:
            erase(context, [THIRD])
        same(both)
    with both.databricks.context() as context:
        left = context.fetchdf(
            "SELECT COUNT(*) AS named FROM streaming_prod.silver.users "
            "WHERE user_id IN (2, 5) AND name <> 'erased'"
        )
    assert left["named"].tolist() == [0]


def _typed(both: Engines, *words: str, kill_at: int = 0) -> Ended:
    """A command on the stand-in, which succeeds unless it is killed."""
    ended = command(both.databricks, THIRD, *words, kill_at=kill_at)
    assert ended.killed or ended.code == 0, ended.said
    return ended
