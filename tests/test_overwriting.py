"""A plan stops before it writes over what SQLMesh did not make, or made under a lost state."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from harness import SEEDS_LAST, Platform
from sqlmesh.utils.errors import SQLMeshError

from operations.hooks.belonging import IN_WAREHOUSE


def plan(platform: Platform, environment: str) -> None:
    platform.plan(SEEDS_LAST, environment, include_unmodified=True)


def refused(platform: Platform, environment: str) -> str:
    with pytest.raises(SQLMeshError) as error:
        plan(platform, environment)
    return str(error.value)


@pytest.fixture
def empty(tmp_path: Path) -> Platform:
    return Platform(tmp_path, STREAMING_LANDING="")


def test_a_table_of_another_tool_in_prod(empty: Platform) -> None:
    with duckdb.connect(str(empty.data / "streaming_prod.duckdb")) as prod:
        prod.execute("CREATE SCHEMA gold; CREATE TABLE gold.fct_watches AS SELECT 7 AS kept")
    said = refused(empty, "prod")
    assert "1 object would be overwritten" in said and "streaming_prod.gold.fct_watches" in said
    assert empty.query("SELECT * FROM streaming_prod.gold.fct_watches") == [(7,)]
    made = "SELECT schema_name FROM duckdb_tables() WHERE database_name LIKE 'streaming%'"
    assert empty.query(made) == [("gold",)]


@pytest.mark.parametrize("kind", ["TABLE", "VIEW"])
def test_what_stands_in_dev(seeds_in_prod: Platform, kind: str) -> None:
    name = "streaming_dev.silver__dev.users"
    seeds_in_prod.query(
        "CREATE SCHEMA IF NOT EXISTS streaming_dev.silver__dev", access="READ_WRITE"
    )
    seeds_in_prod.query(f"CREATE {kind} {name} AS SELECT 7 AS kept", access="READ_WRITE")
    assert name in refused(seeds_in_prod, "dev")
    assert seeds_in_prod.query(f"SELECT * FROM {name}") == [(7,)]
    seeds_in_prod.query(f"DROP {kind} {name}", access="READ_WRITE")


def test_the_state_is_lost(seeds_in_prod: Platform) -> None:
    """Of tables that were built before a state and its tables knew each other."""
    with duckdb.connect(str(seeds_in_prod.data / "state.duckdb")) as of_state:
        of_state.execute("DROP SCHEMA streaming CASCADE")
    seeds_in_prod.query(f"DROP TABLE {IN_WAREHOUSE}", access="READ_WRITE")
    versions = "SELECT * FROM streaming_prod.silver.users_snapshot ORDER BY ALL"
    before = seeds_in_prod.query(versions)
    state = seeds_in_prod.data / "state.duckdb"
    state.rename(seeds_in_prod.data / "lost")
    said = refused(seeds_in_prod, "prod")
    assert "would be overwritten" in said and "If the state was lost" in said
    assert seeds_in_prod.query(versions) == before
    (seeds_in_prod.data / "lost").replace(state)
    for environment in ("prod", "dev", "dev"):
        plan(seeds_in_prod, environment)
