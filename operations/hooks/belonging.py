"""SQLMesh's state and the tables belong together: each knows the last change of the other.

A plan, run or erasure draws the name of a change before it writes anything else: first into the
state as the next one, then into the warehouse, then into the state as the last one. So the
warehouse has one of the two that the state has, wherever a command was cut off. An older warehouse
beside a newer state has neither, nor has a newer one beside an older state: the command stops.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import PrivateAttr
from sqlglot import exp
from sqlmesh import Context, EngineAdapter
from sqlmesh.core.config.connection import DuckDBConnectionConfig
from sqlmesh.core.notification_target import GenericNotificationTarget, NotificationEvent
from sqlmesh.utils.errors import SQLMeshError

from operations.hooks import join
from operations.sqlmesh_internals import (
    EvaluatablePlan,
    StateSync,
    before,
    before_state_is_used,
    get_console,
    random_id,
    state_adapter,
)

PROD = "prod"
TABLE = "streaming.last_change"  # in the state's database
CATALOG = "streaming_prod"
IN_CATALOG = "sqlmesh__streaming.last_change"
IN_WAREHOUSE = f"{CATALOG}.{IN_CATALOG}"
WAY_OUT = (
    "Next: bring both back from one backup: streaming restore FOLDER --replace. If they do belong "
    "together, as after `sqlmesh state import`: streaming check --accept, which compares them "
    'first. Without a backup: docs/backup.md, "Without a backup".'
)


class Apart(SQLMeshError):
    """State and warehouse do not belong together; says what is known of both, and the way out."""


class Changes(NamedTuple):
    """The names of changes: the last one that the state knows, that under way, the warehouse's."""

    last: str | None
    next: str | None
    of_warehouse: str | None

    @property
    def are_of_one(self) -> bool:
        """Whether the state and the warehouse belong together."""
        return self.of_warehouse in (self.last, self.next)

    def require_one(self) -> None:
        """Raises where they do not belong together.

        Raises:
            Apart: Says so.
        """
        if not self.are_of_one:
            raise Apart(
                "SQLMesh's state and the tables do not belong together: the last change that the "
                f"state knows is {self.last or 'none'}, that of the tables is "
                f"{self.of_warehouse or 'none'}. One of them is missing, or older than the other. "
                f"Nothing was changed.\n{WAY_OUT}"
            )


class RunBegins(GenericNotificationTarget):
    """Keeps in mind which context a run is of: SQLMesh tells a console none."""

    notify_on: frozenset[NotificationEvent] = frozenset({NotificationEvent.RUN_START})
    _context: Context = PrivateAttr()

    def notify_run_start(self, *args: Any, **kwargs: Any) -> None:
        """A run begins; it may have nothing to do."""
        _running[:] = [self._context]


_told_apart: list[bool] = []
_running: list[Context] = []  # that of a run which has computed nothing yet


def keep_together(context: Context) -> None:
    """Has each command of a context look whether its state and its tables belong together.

    Where both are files, as soon as the state is used; elsewhere when a plan or run has its turn,
    since others may be at work before.
    """
    before("start_evaluation_progress", _begin_run)
    target = RunBegins()
    target._context = context
    join(context, target)
    if files := _files(context):
        before_state_is_used(context, lambda state: _compare_files(context, state, *files))


def begin(context: Context) -> None:
    """A command is about to write: compares, then draws the name of its change.

    Raises:
        Apart: State and warehouse do not belong together.
    """
    _running.clear()
    found = read(context)
    found.require_one()
    draw(context, found)


def begin_plan(context: Context, plan: EvaluatablePlan) -> None:
    """A plan is about to write."""
    begin(context)


def read(context: Context) -> Changes:
    """The names that the state and the warehouse have."""
    return Changes(
        *_of_state(state_adapter(context.state_reader)), _of_warehouse(context.engine_adapter)
    )


def draw(context: Context, found: Changes) -> None:
    """Writes the name of a new change into both; each in one statement, so that there is one.

    Args:
        found: What they have.
    """
    name = f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}-{random_id(short=True)}"
    state, warehouse = state_adapter(context.state_reader), context.engine_adapter
    with state.transaction():
        if found.next:
            _update(state, found.of_warehouse, name)
        else:
            state.execute(f"CREATE SCHEMA IF NOT EXISTS {TABLE.partition('.')[0]}")
            columns = f"CAST(NULL AS VARCHAR) AS id, CAST('{name}' AS VARCHAR) AS next_id"
            state.execute(f"CREATE TABLE {TABLE} AS SELECT {columns}")
    if found.of_warehouse is None:
        warehouse.create_schema(IN_WAREHOUSE.rpartition(".")[0])
    warehouse.execute(f"CREATE OR REPLACE TABLE {IN_WAREHOUSE} AS SELECT '{name}' AS id")
    with state.transaction():
        _update(state, name, name)


def _update(state: EngineAdapter, last: str | None, under_way: str) -> None:
    value = f"'{last}'" if last else "NULL"
    state.execute(f"UPDATE {TABLE} SET id = {value}, next_id = '{under_way}'")


@contextmanager
def told_apart() -> Iterator[None]:
    """Lets the block use a state that does not belong to the tables, so that it can tell how."""
    _told_apart.append(True)
    try:
        yield
    finally:
        _told_apart.pop()


def _begin_run(*arguments: Any, **named: Any) -> None:
    """A run computes something; a plan has begun before."""
    for context in list(_running):
        begin(context)


def _compare_files(context: Context, state: StateSync, of_state: Path, prod: Path) -> None:
    """Compares a state in a file with databases in files; makes none that is missing."""
    last, under_way, there = None, None, None
    if _is_there(of_state):
        last, under_way = _of_state(state_adapter(state))
    if _is_there(of_state) and _is_there(prod):
        with _looked_into(context, state, prod) as (adapter, catalog):
            there = _of_warehouse(adapter, catalog)
    elif _is_there(prod):
        there = _of_warehouse(context.engine_adapter)
    if not _told_apart:
        Changes(last, under_way, there).require_one()
    if last:
        _tell_missing_views(context, state, prod.with_name("streaming_dev.duckdb"))


@contextmanager
def _looked_into(
    context: Context, state: StateSync, file: Path
) -> Iterator[tuple[EngineAdapter, str]]:
    """What reads a database of the warehouse, and its name there.

    It is attached to the state's connection: to open the warehouse costs four times as much, and
    the command may not need it.
    """
    adapter = state_adapter(state)
    try:
        adapter.execute(f"ATTACH {exp.Literal.string(str(file))} AS looked_into (READ_ONLY)")
    except SQLMeshError:
        raise
    except Exception:  # this process has it open
        yield context.engine_adapter, file.stem
        return
    try:
        yield adapter, "looked_into"
    finally:
        adapter.execute("DETACH looked_into")


def _is_there(file: Path) -> bool:
    """Whether a file has something; DuckDB takes an empty one for a database to be made."""
    return file.exists() and file.stat().st_size > 0


def _tell_missing_views(context: Context, state: StateSync, dev: Path) -> None:
    """Tells of environments beside prod whose views are gone, as where their file is."""
    environments = {each.name for each in state.get_environments_summary() if each.finalized_ts}
    if not environments - {PROD}:
        return
    there = set()
    if _is_there(dev):
        with _looked_into(context, state, dev) as (adapter, catalog):
            query = f"SELECT schema_name FROM duckdb_views() WHERE database_name = '{catalog}'"
            there = {schema.rpartition("__")[2] for (schema,) in adapter.fetchall(query)}
    for name in sorted(environments - there - {PROD}):
        environment = state.get_environment(name)
        if environment and environment.promoted_snapshots:
            get_console().log_warning(
                f"The views of '{name}' are not in streaming_dev.duckdb; its tables are in prod's "
                f"file. Next: sqlmesh invalidate {name}, then sqlmesh janitor, then plan it again."
            )


def _files(context: Context) -> tuple[Path, Path] | None:
    """The file of the state and that of prod; None where one of them is no file."""
    state = context.config.get_state_connection(context.gateway)
    tables = context.config.get_connection(context.gateway)
    if isinstance(state, DuckDBConnectionConfig) and isinstance(tables, DuckDBConnectionConfig):
        paths = tables.catalogs or {}
        return Path(str(state.database)), Path(str(paths["streaming_prod"]))
    return None


def _of_state(state: EngineAdapter) -> tuple[str | None, str | None]:
    return _row(state, "information_schema", TABLE, "id, next_id") or (None, None)


def _of_warehouse(warehouse: EngineAdapter, catalog: str = CATALOG) -> str | None:
    row = _row(warehouse, "system.information_schema", f"{catalog}.{IN_CATALOG}", "id")
    return row[0] if row else None


def _row(adapter: EngineAdapter, account: str, table: str, columns: str) -> Any:
    """The row of a table; None where there is no such table, of which the account is asked."""
    *catalog, schema, name = table.split(".")
    query = f"""SELECT 1 FROM {account}.tables
        WHERE table_schema = '{schema}' AND table_name = '{name}'"""
    if catalog:
        query += f" AND table_catalog = '{catalog[0]}'"
    # Not table_exists: it takes a database that cannot be opened for one without the table.
    return adapter.fetchone(f"SELECT {columns} FROM {table}") if adapter.fetchone(query) else None
