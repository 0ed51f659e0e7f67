"""Who asked to be forgotten is forgotten on Databricks as on DuckDB."""

from __future__ import annotations

import random
import re

import pytest
from engines import Engines, engines, tables
from harness import FIRST, draws
from killing import RUN, Ended, ended
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


def test_a_late_request_is_granted(both: Engines) -> None:
    """With nothing loaded again."""
    ask(both.local, FIRST, 2)
    for platform in (both.local, both.databricks):
        with platform.context() as context:
            [line] = erase(context, [FIRST])
        assert line["user_id"] == 2 and len(line["landed_files"]) == 4
    both.local.check()
    same(both)


def test_what_is_cut_off_is_ended_by_the_next_run(both: Engines) -> None:
    """Killed anywhere between the first statement that erases and the last."""

    def asked(who: int, kill_at: int = 0) -> Ended:
        words = ("streaming", "erase", str(who), "--yes")
        return ended(both.databricks, THIRD, *words, kill_at=kill_at)

    steps = enumerate(asked(78).steps, 1)
    erasing = [number for number, step in steps if "AS `held`" in step]
    assert len(erasing) > 8
    for who in (5, *range(1001, 1000 + draws(1))):
        assert asked(who, random.randint(erasing[0], erasing[-1])).killed
        assert ended(both.databricks, THIRD, *RUN).code == 0
        with both.local.context() as context:
            erase(context, [THIRD])
        same(both)
    with both.databricks.context() as context:
        left = context.fetchdf(
            "SELECT COUNT(*) AS named FROM streaming_prod.silver.users "
            "WHERE user_id IN (2, 5) AND name <> 'erased'"
        )
    assert left["named"].tolist() == [0]
