"""The schemas and the volume in which a check works: made, filled with files, removed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cached_property
from io import BytesIO
from types import FrameType
from typing import Any

from sqlglot import exp
from sqlmesh import EngineAdapter
from sqlmesh.core.config.connection import DatabricksConnectionConfig

from macros.feeds import LAYERS
from macros.settings import setting
from operations import PROJECT, CommandError
from operations.connection import CATALOGS
from operations.sqlmesh_internals import config_of, random_id
from operations.workspace import NotPossible

CATALOG = CATALOGS[0]  # analysts may use it, and the principal makes schemas in it


@dataclass
class Room:
    """A schema of the check's own, with a volume; `name` is the schema's.

    Args:
        adapter: SQLMesh's, as the principal of the settings.
        found: What items leave for those after them.
    """

    adapter: EngineAdapter
    name: str
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def schema(self) -> str:
        """The schema, as SQL."""
        return f"`{CATALOG}`.`{self.name}`"

    @property
    def landing(self) -> str:
        """The folder of the volume."""
        return f"/Volumes/{CATALOG}/{self.name}/files"

    @property
    def schemas(self) -> list[str]:
        """All schemas that a check makes: its own, and those of the environment it plans."""
        return [self.name, *(f"{layer}__{self.name}" for layer in LAYERS)]

    def table(self, name: str) -> str:
        """A table of the schema, as SQL."""
        return f"{self.schema}.`{name}`"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a statement."""
        return [tuple(row) for row in self.adapter.fetchall(sql)]

    def run(self, *statements: str) -> None:
        """Runs statements that have no rows."""
        for sql in statements:
            self.adapter.execute(sql)

    def put(self, path: str, content: bytes) -> str:
        """Puts a file into the volume, by its path below the landing; gives its whole path.

        Raises:
            NotPossible: The first file could not be put, which the item `put-and-list` tells.
        """
        whole = f"{self.landing}/{path}"
        if self.found.get("put") is False:
            raise NotPossible("No file can be put into the volume: see the item put-and-list.")
        try:
            put(self.adapter, whole, content)
        except Exception:
            self.found.setdefault("put", False)
            raise
        self.found["put"] = True
        return whole

    @cached_property
    def me(self) -> str:
        """The principal of the settings."""
        return str(self.rows("SELECT CURRENT_USER()")[0][0])

    @cached_property
    def second(self) -> EngineAdapter:
        """The second principal's adapter.

        Raises:
            NotPossible: There is none.
        """
        token = setting("DATABRICKS_SECOND_TOKEN")
        if not token:
            raise NotPossible(
                "It needs a second principal: set DATABRICKS_SECOND_TOKEN to the token of an "
                "analyst who is neither an admin nor an engineer."
            )
        return connection_of(
            self.name, auth_type=None, access_token=token, oauth_client_id=None,
            oauth_client_secret=None,
        ).create_engine_adapter()  # fmt: skip

    def rows_of_second(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a statement of the second principal."""
        return [tuple(row) for row in self.second.fetchall(sql)]

    def second_may(self, *privileges: str) -> str:
        """Grants the second principal privileges on the schema; gives its name."""
        ((name,),) = self.rows_of_second("SELECT CURRENT_USER()")
        self.run(f"GRANT {', '.join(privileges)} ON SCHEMA {self.schema} TO `{name}`")
        return name


def put(adapter: EngineAdapter, path: str, content: bytes) -> None:
    """Puts a file into a volume by the statement PUT, whose content the driver sends from memory.

    docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-connector-put-into and, for
    `__input_stream__`, the example of a streaming PUT in databricks-sql-python (read 2026-11-30).
    """
    target = exp.Literal.string(path).sql("databricks")
    adapter.cursor.execute(
        f"PUT '__input_stream__' INTO {target} OVERWRITE", input_stream=BytesIO(content)
    )


def connection_of(name: str, **changes: Any) -> DatabricksConnectionConfig:
    """The connection of the gateway, in the check's catalog and with the check's query tags."""
    connection = config_of(PROJECT).get_connection("databricks")
    assert isinstance(connection, DatabricksConnectionConfig)
    tags = f"project:streaming-platform,environment:{name}"
    session = {**(connection.session_configuration or {}), "QUERY_TAGS": tags}
    return connection.copy(update={"catalog": CATALOG, "session_configuration": session, **changes})


@contextmanager
def opened() -> Iterator[Room]:
    """A room, removed at the end, however that comes.

    Raises:
        CommandError: It could not be removed; names what is left.
        Exception: What the workspace says if the schema or the volume cannot be made.
    """
    name = f"workspace_check_{datetime.now(timezone.utc):%Y%m%d}_{random_id(short=True)}".lower()
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with closing(connection_of(name).create_engine_adapter()) as adapter:
            room = Room(adapter, name)
            room.run(f"CREATE SCHEMA {room.schema} COMMENT 'streaming check --workspace'")
            try:
                room.run(f"CREATE VOLUME {room.table('files')}")
                yield room
            finally:
                if "second" in vars(room):
                    room.second.close()
                remove(room)
    finally:
        signal.signal(signal.SIGTERM, before)


def remove(room: Room) -> None:
    """Removes all schemas of a room, by a connection that is not in the middle of a statement.

    Raises:
        CommandError: One could not be removed.
    """
    left = []
    with closing(connection_of(room.name).create_engine_adapter()) as adapter:
        for schema in room.schemas:
            statement = f"DROP SCHEMA IF EXISTS `{CATALOG}`.`{schema}` CASCADE"
            try:
                adapter.execute(statement)
            except Exception as error:
                left.append(f"{statement}; -- {' '.join(str(error).split())}")
    if left:
        raise CommandError("Not removed, so type in the SQL editor:\n" + "\n".join(left))


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
