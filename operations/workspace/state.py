"""Items: the shared state in Postgres, its lock, and a session that ends."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from sqlmesh.core.config.connection import PostgresConnectionConfig
from sqlmesh.utils.errors import SQLMeshError

from operations import PROJECT
from operations.hooks.state_lock import Turn
from operations.sqlmesh_internals import config_of
from operations.workspace import NotPossible, tried
from operations.workspace.room import Room


def _state() -> PostgresConnectionConfig:
    state = config_of(PROJECT).get_state_connection("databricks")
    if not isinstance(state, PostgresConnectionConfig):
        raise NotPossible("It needs STREAMING_STATE_HOST: the state is a DuckDB file here.")
    return state


PAGE = "https://www.postgresql.org/docs/current/functions-admin.html"
POOLER = "Is a transaction pooler in front of Postgres? See docs/state.md."


@tried(PAGE, POOLER, ["waits for the first", "takes its turn"])
def state_lock(room: Room) -> list[str]:
    """Of two commands on the shared state the second waits, and is told for whom."""
    said = []
    first = Turn(_state(), "streaming check --workspace", minutes=0)
    try:
        Turn(_state(), "another", minutes=0).end()
    except SQLMeshError as error:
        said.append("waits for the first" if "check --workspace" in str(error) else str(error))
    finally:
        first.end()
    Turn(_state(), "another", minutes=0).end()
    return [*said, "takes its turn"]


@tried(PAGE, POOLER, [True, 1])
def state_reconnect(room: Room) -> list[Any]:
    """SQLMesh connects again when Postgres has ended its session."""
    state = _state()
    with closing(state.create_engine_adapter()) as adapter:
        with closing(state.create_engine_adapter()) as other:
            ((session,),) = adapter.fetchall("SELECT pg_backend_pid()")
            ((ended,),) = other.fetchall(f"SELECT pg_terminate_backend({int(session)})")
        try:
            adapter.fetchall("SELECT 1")
        except Exception:
            adapter.close()
        return [ended, adapter.fetchall("SELECT 1")[0][0]]


ITEMS = [state_lock, state_reconnect]
