"""On a shared state in Postgres, plans, runs and migrations take turns.

SQLMesh has no lock: two commands at once on one state compute the same intervals. It does tell
notification targets when a command starts, before it reads what is missing, and when it has
ended. A target that holds a lock in between lets the second command wait and compute what is left.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import PrivateAttr
from sqlmesh import Context
from sqlmesh.core.config.connection import PostgresConnectionConfig
from sqlmesh.core.notification_target import GenericNotificationTarget, NotificationEvent
from sqlmesh.utils.errors import ConfigError, SQLMeshError

from macros.settings import setting
from operations.hooks import join, joined
from operations.sqlmesh_internals import get_console, read_state_anew

# The key of the advisory lock: any number, but the same for all who share the database.
KEY = 538976288
# The session's last statement took the lock. When that was, Postgres shows of one's own user only.
HOLDER = f"""
    SELECT
      application_name,
      COALESCE(to_char(query_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), 'unknown'),
      pid
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND (classid, objid, objsubid) = (0, {KEY}, 1) AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
# The session is silent while the warehouse works: without keepalives a firewall drops it. Whoever
# is cut off notices within 60 s, the server within 120 s: the next one does not begin before that.
KEEPALIVES = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "options": "-c tcp_keepalives_idle=60 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=6",
}


def lock_shared_state(context: Context) -> None:
    """Adds the lock where the gateway in use has its state in Postgres.

    Args:
        context: the project, before its models are loaded.

    Raises:
        ConfigError: a setting is wrong, or a user is named whose notifications pass by the lock.
    """
    state = context.config.get_state_connection(context.gateway)
    if not isinstance(state, PostgresConnectionConfig):
        return
    if context.config.username:
        raise ConfigError(
            f"`username` is '{context.config.username}' in your own SQLMesh configuration "
            "(~/.sqlmesh). SQLMesh would then notify that user's targets only, and pass by the "
            "lock on the shared state. Remove it, or set SQLMESH__USERNAME= (empty) here."
        )
    lock = StateLock()
    lock._context, lock._state = context, state
    lock._minutes = int(setting("STREAMING_STATE_WAIT_MINUTES"))
    join(context, lock)


@contextmanager
def in_turn(context: Context, command: str) -> Iterator[None]:
    """Holds the lock, if the state is shared, for what is no plan and no run.

    Args:
        command: How it is called, for whoever waits.
    """
    lock = next((t for t in joined(context) if isinstance(t, StateLock)), None)
    if lock:
        lock.start(command)
    try:
        yield
    finally:
        if lock:
            lock.notify_apply_end()


turns: dict[str, Turn] = {}  # those that this process has, by the state's address


class StateLock(GenericNotificationTarget):
    """Holds the lock while a plan is applied, a run is under way or the state is migrated."""

    notify_on: frozenset[NotificationEvent] = frozenset(NotificationEvent)
    _context: Context = PrivateAttr()
    _state: PostgresConnectionConfig = PrivateAttr()
    _minutes: int = PrivateAttr()

    def notify_apply_start(self, environment: str, *args: Any, **kwargs: Any) -> None:
        self.start(f"plan {environment}")

    def notify_run_start(self, environment: str, *args: Any, **kwargs: Any) -> None:
        self.start(f"run {environment}")

    def notify_migration_start(self, *args: Any, **kwargs: Any) -> None:
        self._take("migrate")

    def notify_apply_end(self, *args: Any, **kwargs: Any) -> None:
        if turn := turns.pop(self._address(), None):
            turn.end()

    # pydantic's plugin for mypy takes these methods for fields.
    notify_apply_failure = notify_run_end = notify_apply_end  # type: ignore[pydantic-field]
    notify_run_failure = notify_migration_end = notify_apply_end  # type: ignore[pydantic-field]
    notify_migration_failure = notify_apply_end  # type: ignore[pydantic-field]

    def start(self, command: str) -> None:
        self._take(command)
        # Fails where the one before was a migration to another version of SQLMesh.
        self._context.state_sync.get_versions()
        read_state_anew(self._context)

    def _take(self, command: str) -> None:
        # A run with nothing to do does not tell its end, so this process may still have the lock.
        if self._address() not in turns:
            turns[self._address()] = Turn(self._state, f"sqlmesh {command}", self._minutes)

    def _address(self) -> str:
        return f"{self._state.host}:{self._state.port}/{self._state.database}"


class Turn:
    """The lock, in a session of its own: Postgres frees it when that ends, however it ends.

    `command` is what others are told; SQLMeshError when others have it for more than `minutes`.
    """

    def __init__(self, state: PostgresConnectionConfig, command: str, minutes: int) -> None:
        import psycopg2

        self.connection = psycopg2.connect(
            host=state.host,
            port=state.port,
            dbname=state.database,
            user=state.user,
            password=state.password,
            sslmode=state.sslmode,
            connect_timeout=state.connect_timeout,
            # Postgres keeps its first 63 characters.
            application_name=f"{command}, {_who()}",
            **KEEPALIVES,
        )
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self._wait(minutes)
        self.over = threading.Event()
        self.watch = threading.Thread(target=self._end_process_when_lost, daemon=True)
        self.watch.start()

    def end(self) -> None:
        """Frees the lock."""
        self.over.set()
        self.watch.join()
        self.connection.close()

    def _wait(self, minutes: int) -> None:
        began = time.monotonic()
        tell = began
        while not self._rows(f"SELECT pg_try_advisory_lock({KEY})")[0][0]:
            now = time.monotonic()
            if now - began >= minutes * 60:
                raise SQLMeshError(
                    f"The shared state is in use by {self._holder()}, still after "
                    f"{(now - began) / 60:.0f} minutes (STREAMING_STATE_WAIT_MINUTES). Nothing was "
                    "changed: run it again later. Should the other one hang, end it or its session "
                    "by SELECT pg_terminate_backend(<session>)."
                )
            if now >= tell:
                get_console().log_status_update(
                    f"The shared state is in use by {self._holder()}. Waiting, {minutes} "
                    f"minutes at most, {(now - began) / 60:.0f} so far..."
                )
                tell = now + 60
            time.sleep(1)

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        self.cursor.execute(sql)
        return self.cursor.fetchall()

    def _holder(self) -> str:
        for name, since, session in self._rows(HOLDER):
            return f"'{name}', since {since}, session {session} of Postgres"
        return "one that has just ended"

    def _end_process_when_lost(self) -> None:
        """Ends this process soon after its lock is lost, since another may take it and begin."""
        import psycopg2

        while not self.over.wait(1):
            try:
                if select.select([self.connection], [], [], 0)[0]:
                    self.cursor.execute("SELECT 1")
            except psycopg2.Error as error:
                get_console().log_error(
                    f"The lock on the shared state is lost, so this command ends. {error}\n"
                    "What it had finished is kept: run it again."
                )
                os.kill(os.getpid(), signal.SIGTERM)


def _who() -> str:
    """Where a command runs, so that others find it."""
    if run := os.environ.get("GITHUB_RUN_ID"):
        return f"GitHub run {run}"
    user = os.environ.get("USER") or os.environ.get("USERNAME") or "someone"
    return f"pid {os.getpid()}, {user}@{socket.gethostname()}"
