"""Items: the project itself, planned in the check's own schemas from files in its volume.

The feed users is enough for every kind of model but FULL, and for what SQLMesh sends of each: the
days replaced, the MERGEs, the history of type 2 and the views. What the tables must hold is what
tests/oracle.py makes of the same files.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from importlib import import_module
from typing import Any

from sqlmesh import Context
from sqlmesh.core.config import Config, GatewayConfig
from sqlmesh.core.config.connection import DuckDBConnectionConfig

from macros.feeds import USERS_COLUMNS
from operations import PROJECT
from operations.sqlmesh_internals import Loader, config_of, listen
from operations.workspace import Item, NotPossible, tried
from operations.workspace.files import READ_FILES, tests
from operations.workspace.room import CATALOG, Room, connection_of

MODELS = ["+silver.users_snapshot", "+silver.users_history", "+quarantine.users", "bronze.users"]
MERGE = "sql/language-manual/delta-merge-into"
TABLES = {
    "bronze.users": READ_FILES,
    "quarantine.users": "delta/selective-overwrite",
    "silver.users": MERGE,
    "silver.users_history": MERGE,
}
FIRST = date(2026, 1, 6)
UPSTREAM = "SQLMesh sends and reads it so: report it upstream."


def planned(room: Room) -> dict[str, list[dict[str, Any]]]:
    """What the oracle makes of the files; the project has planned a day, run the next, and computed
    a day of a model again. Done once.

    Raises:
        NotPossible: It failed before, which the item `project-plan` tells.
    """
    if "planned" not in room.found:
        room.found["planned"] = None
        room.found["planned"] = _plan(room)
    if room.found["planned"] is None:
        raise NotPossible("The project could not be planned: see the item project-plan.")
    return room.found["planned"]


def _plan(room: Room) -> dict[str, list[dict[str, Any]]]:
    held = tests()
    oracle = import_module("oracle")
    kinds = [k for k in held.ROW_KINDS if k.feed == "users" and "csv" in k.formats]
    deliveries = [
        [*map(held.row_of, kinds), held.user(1, name="stays"), held.user(2, name="changes")],
        [
            held.user(2, name="changed", updated_at="2026-01-07 01:00:00"),
            held.user(3, name="comes"),
        ],
    ]
    of_oracle = []
    for n, rows in enumerate(deliveries):
        path = room.put(f"landing/users/dt={FIRST + timedelta(days=n)}/u.csv", held.csv_of(*rows))
        of_oracle.append(oracle.Delivery("users", FIRST + timedelta(days=n), path, tuple(rows)))
    failures: list[str] = []
    listen("log_failed_models", lambda errors: failures.extend(str(e.__cause__) for e in errors))
    with _context(room) as context:
        try:
            _apply(context, room, _morning_after(FIRST))
            next_day = _morning_after(FIRST + timedelta(days=1))
            if context.run(room.name, execution_time=next_day, skip_janitor=True).is_failure:
                raise RuntimeError("The run of the second day failed.")
            # A plan computes the history of type 2 anew outside prod.
            room.found["snapshot"] = _versions(room)
            again = {"restate_models": ["quarantine.users"], "start": FIRST, "end": FIRST}
            _apply(context, room, next_day, **again)
        except Exception as error:
            raise RuntimeError(" ".join([*failures, str(error)])) from error
    return oracle.build(of_oracle)


def _apply(context: Context, room: Room, execution_time: str, **more: Any) -> None:
    context.plan(
        room.name,
        execution_time=execution_time,
        select_models=MODELS,
        auto_apply=True,
        no_prompts=True,
        skip_tests=True,
        skip_linter=True,
        **more,
    )


def _morning_after(day: date) -> str:
    return f"{day + timedelta(days=1)} 06:00:00"


@contextmanager
def _context(room: Room) -> Iterator[Context]:
    """The project with all its tables in the check's schemas, and a state of its own.

    No hook of the project is there: neither the shared state's lock nor alerts nor the record.
    """
    changed = {
        "STREAMING_LANDING": f"{room.landing}/landing",
        "STREAMING_LANDING_FORMAT": "csv",
        "STREAMING_DELIVERY_WAIT_HOURS": "",
        "STREAMING_STRAY_FILES": "tell",
    }
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        with tempfile.TemporaryDirectory() as folder:
            config = _config(room.name, folder)
            context = Context(paths=str(PROJECT), config=config)
            try:
                yield context
            finally:
                context.close()
                context.engine_adapter.close()
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _config(name: str, folder: str) -> Config:
    gateway = GatewayConfig(
        connection=connection_of(name),
        state_connection=DuckDBConnectionConfig(database=f"{folder}/state.duckdb"),
    )
    return config_of(PROJECT).copy(
        update={
            "gateways": {"databricks": gateway},
            "default_gateway": "databricks",
            "physical_schema_mapping": {re.compile(".*"): name},
            "environment_catalog_mapping": {},
            "after_all": None,
            "loader": Loader,
        }
    )


def differing(table: str) -> Callable[[Room], Any]:
    """A look: what a table has and must not have, or lacks."""

    def look(room: Room) -> list[str]:
        rows = planned(room)[table]
        columns = import_module("oracle").COLUMNS[table]
        schema, name = table.split(".")
        found = [
            [list(v) if hasattr(v, "tolist") else v for v in row]
            for row in room.rows(
                f"SELECT {', '.join(columns)} FROM `{CATALOG}`.`{schema}__{room.name}`.`{name}`"
            )
        ]
        wanted = [[row[column] for column in columns] for row in rows]
        return [
            *(f"too much: {row!r:.300}" for row in found if row not in wanted),
            *(f"missing: {row!r:.300}" for row in wanted if row not in found),
            *([f"{len(found)} rows, not {len(wanted)}"] if len(found) != len(wanted) else []),
        ]

    return look


def _versions(room: Room) -> dict[str, int]:
    """Of the history of type 2: its versions, those that are open, and those of two users."""
    ((every, opened, changed, new),) = room.rows(
        "SELECT COUNT(*), COUNT_IF(valid_to IS NULL), COUNT_IF(user_id = 2), COUNT_IF(user_id = 3) "
        f"FROM `{CATALOG}`.`silver__{room.name}`.`users_snapshot`"
    )
    return {"closed": every - opened, "open": opened, "of the changed": changed, "of the new": new}


@tried(MERGE, UPSTREAM, {"closed": 1, "open": True, "of the changed": 2, "of the new": 1})
def project_snapshot(room: Room) -> dict[str, Any]:
    """The history of type 2 ends the version of a changed user, and no other."""
    users = len(planned(room)["silver.users"])
    versions: dict[str, Any] = room.found["snapshot"]
    return {**versions, "open": versions["open"] == users}


@tried("sql/language-manual/information-schema/columns", UPSTREAM, dict(USERS_COLUMNS))
def project_columns(room: Room) -> dict[str, str]:
    """The information schema gives the types by which SQLMesh compares tables."""
    planned(room)
    view = f"{CATALOG}.bronze__{room.name}.users"
    types = room.adapter.columns(view)
    return {name: types[name].sql("databricks") for name, _ in USERS_COLUMNS}


@tried(
    "https://sqlmesh.readthedocs.io/en/stable/integrations/engines/databricks/",
    "The words are of the statement that was refused; its table has the name of the model.",
    True,
)
def project_plan(room: Room) -> bool:
    """The project is planned, run for the next day, and a day of a model computed again."""
    return bool(planned(room))


ITEMS = [
    project_plan,
    *(
        Item(
            f"project-{table.replace('.', '-')}",
            f"{table} holds what the tests' oracle makes of the same files.",
            page,
            "Compare the rows that are named with docs/contract.md.",
            differing(table),
            [],
        )
        for table, page in TABLES.items()
    ),
    project_snapshot,
    project_columns,
]
