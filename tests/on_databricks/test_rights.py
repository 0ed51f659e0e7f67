"""Who may do what, on the stand-in: the deployer with the grants of resources/databricks.sql alone,
and what the others read and are refused.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from unittest.mock import patch

import pytest
from databricks import sql
from databricks.sql.exc import Error
from engines import COMPARED, Delivered

from operations import launcher
from operations.workspace.catalog import of_admins
from tests.warehouse import ADMIN, Warehouse

pytestmark = pytest.mark.slow

Run = Callable[[str, str], list[tuple[Any, ...]]]
REFUSED = "INSUFFICIENT_PERMISSIONS"


@pytest.fixture(scope="module")
def run(delivered: Delivered) -> Iterator[Run]:
    """Runs a statement as a user and gives its rows."""
    warehouse: Warehouse = delivered.both.warehouse
    with patch.dict(os.environ, warehouse.environment):

        def run(user: str, statement: str) -> list[tuple[Any, ...]]:
            client = warehouse.as_user(user).environment
            with (
                sql.connect(
                    client["DATABRICKS_HOST"],
                    client["DATABRICKS_HTTP_PATH"],
                    client["DATABRICKS_TOKEN"],
                ) as connection,
                connection.cursor() as cursor,
            ):
                cursor.execute(statement)
                return [tuple(row) for row in cursor.fetchall()]

        yield run


def readable(run: Run, user: str, catalog: str) -> set[str]:
    """The schemas in which a user can read a relation; of each, the first is tried."""
    found = set()
    for schema, relation in run(
        "platform",
        "SELECT table_schema, MIN(table_name) FROM system.information_schema.tables "
        f"WHERE table_catalog = '{catalog}' GROUP BY table_schema",
    ):
        try:
            run(user, f"SELECT * FROM {catalog}.{schema}.{relation} LIMIT 1")
            found.add(schema)
        except Error as refused:
            assert REFUSED in str(refused)
    return found


def test_the_deployer_has_no_more_than_it_needs(delivered: Delivered, run: Run) -> None:
    assert [s.sent for s in delivered.sent if s.user != "platform"] == of_admins()
    assert run(
        "platform",
        "SELECT catalog_name, privilege_type FROM system.information_schema.catalog_privileges "
        "WHERE grantee = 'platform' ORDER BY ALL",
    ) == [
        (catalog, privilege)
        for catalog in ("streaming_dev", "streaming_prod")
        for privilege in ("BROWSE", "CREATE_SCHEMA", "USE_CATALOG")
    ]


def test_each_group_reads_what_it_should(run: Run) -> None:
    physical = {f"sqlmesh__{schema}" for schema in (*COMPARED, "streaming")}
    can_read = {user: readable(run, user, "streaming_prod") for user in ("engineer", "analyst")}
    assert can_read == {"engineer": {*COMPARED, *physical}, "analyst": {"gold", "analytics"}}
    assert readable(run, "another", "streaming_prod") == set()


NAMES = "SELECT DISTINCT name FROM streaming_prod.analytics.top_users_by_engagement"
FREE_TEXT = (
    "SELECT DISTINCT device FROM streaming_prod.gold.fct_watches WHERE device IS NOT NULL "
    "UNION ALL SELECT DISTINCT review FROM streaming_prod.gold.fct_ratings WHERE review IS NOT NULL"
)


@pytest.mark.parametrize("query", [NAMES, FREE_TEXT])
def test_personal_data_is_masked_for_who_asks(run: Run, query: str) -> None:
    masked = {value for (value,) in run("analyst", query)}
    shown = {value for (value,) in run("engineer", query)}
    assert masked == {"***"}
    assert len(shown - masked) > 1


@pytest.mark.parametrize("user", ["engineer", "analyst", "another"])
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE SCHEMA {}.own",
        "CREATE TABLE {}.{}.own AS SELECT 1 AS one",
        "CREATE OR REPLACE VIEW {}.{}.{} AS SELECT 1 AS one",
        "DELETE FROM {}.{}.{}",
        "DROP VIEW {}.{}.{}",
        "ALTER VIEW {}.{}.{} SET OWNER TO engineer",
        "GRANT SELECT ON SCHEMA {}.{} TO another",
        "SET TAG ON COLUMN {}.{}.{}.title personal_data",
    ],
)
def test_nobody_else_changes_anything(run: Run, user: str, statement: str) -> None:
    with pytest.raises(Error, match=REFUSED):
        run(user, statement.format("streaming_prod", "gold", "dim_shows"))


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE OR REPLACE FUNCTION streaming_prod.governance.masked(v STRING) RETURN v",
        "DROP POLICY mask_personal_data ON CATALOG streaming_prod",
        "GRANT USE CATALOG ON CATALOG streaming_prod TO another",
        "DROP CATALOG streaming_dev CASCADE",
        "DROP GOVERNED TAG personal_data",
    ],
)
def test_the_deployer_does_not_unmask(run: Run, statement: str) -> None:
    with pytest.raises(Error, match=REFUSED):
        run("platform", statement)


def test_who_may_not_make_tables_does_not_plan_dev(delivered: Delivered) -> None:
    """The tables of dev would lie in prod's catalog, where engineers only read."""
    platform, warehouse = delivered.both.databricks, delivered.both.warehouse
    before = len(warehouse.statements())
    with patch.dict(platform.settings, warehouse.as_user("engineer").environment):
        with suppress(Exception):  # SQLMesh wraps the driver's, by the stage; the log has it
            platform.plan(delivered.last, "mine", include_unmodified=True)
    refused = {s.error for s in warehouse.statements()[before:] if s.error}
    assert refused
    assert all("'engineer' does not have CREATE" in error for error in refused)


def test_what_belongs_to_another_is_named(delivered: Delivered, run: Run) -> None:
    platform, view = delivered.both.databricks, "streaming_prod.gold.dim_shows"
    run(ADMIN, f"ALTER VIEW {view} SET OWNER TO another")
    try:
        with pytest.raises(Error, match="'platform' is not an owner"):
            run("platform", f"CREATE OR REPLACE VIEW {view} AS SELECT 1 AS one")
        checked = subprocess.run(
            [*launcher.call(), "check"],
            cwd=platform.project,
            env=platform.environment(),
            capture_output=True,
            text=True,
        )
    finally:
        run(ADMIN, f"ALTER VIEW {view} SET OWNER TO platform")
    line = checked.stderr.splitlines()[-1]
    assert f"Others own {view} (owner 'another'), and only its owner may replace a view." in line
    assert f"ALTER VIEW {view} SET OWNER TO" in line
