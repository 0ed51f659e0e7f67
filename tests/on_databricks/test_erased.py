"""Who asked to be forgotten is forgotten on Databricks as on DuckDB."""

from __future__ import annotations

import re

import pytest
from engines import Engines, engines, tables
from harness import FIRST
from test_erasure import SECOND, THIRD, ask, deliver, first_days, user

from operations.erasure import erase
from tests.warehouse import Warehouse

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def both(running_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Engines:
    """Both engines with two days, and then a third that brings a request."""
    both = engines(running_warehouse, tmp_path_factory.mktemp("erased"), STREAMING_LATE_DAYS="9999")
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
