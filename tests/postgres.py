"""A real Postgres server for tests, on a free port of this machine and with an empty database."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from harness import tier_lacks

# Debian's package keeps the server's programs off the PATH.
PROGRAMS = (*sorted(Path("/usr/lib/postgresql").glob("*/bin")), *os.get_exec_path())
USER, PASSWORD = "sqlmesh", "of-a-test"
# Postgres refuses to run as root; Debian's package brings this user.
SERVER_USER = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}


class Postgres(NamedTuple):
    """A running server."""

    programs: Path
    data: Path
    port: int

    def settings(self, database: str = "postgres") -> dict[str, str]:
        """The project's settings for a state in this database."""
        return {
            "STREAMING_STATE_HOST": "127.0.0.1",
            "STREAMING_STATE_PORT": str(self.port),
            "STREAMING_STATE_DATABASE": database,
            "STREAMING_STATE_USER": USER,
            "STREAMING_STATE_PASSWORD": PASSWORD,
        }

    def connect(self, database: str = "postgres", **options: Any) -> Any:
        """A connection of psycopg2 that commits each statement."""
        import psycopg2

        connection = psycopg2.connect(
            host="127.0.0.1",
            port=self.port,
            dbname=database,
            user=USER,
            password=PASSWORD,
            **options,
        )
        connection.autocommit = True
        return connection

    def rows(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """The rows of a statement; none of one that gives none."""
        connection = self.connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def control(self, *arguments: str) -> None:
        """Runs pg_ctl on this server: `stop`, `restart` and so on."""
        _run(self.programs / "pg_ctl", "-D", self.data, "-w", *arguments)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Runs a server; skips the test where Postgres is missing, and says so."""
    programs = next((Path(p) for p in PROGRAMS if (Path(p) / "pg_ctl").exists()), None)
    if programs is None:
        reason = "Needs a Postgres server: the package `postgresql` of Debian and Ubuntu."
        tier_lacks(reason)
    # Not in pytest's folders: those of root are closed to the server's user.
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        if SERVER_USER:
            shutil.chown(folder, **SERVER_USER)
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o644)
        with socket.create_server(("127.0.0.1", 0)) as free:
            server = Postgres(programs, folder / "data", free.getsockname()[1])
        initdb = [programs / "initdb", "-D", server.data, "--username", USER, "--no-sync"]
        _run(*initdb, "--auth=scram-sha-256", "--pwfile", folder / "password", "--encoding=UTF8")
        options = f"-h 127.0.0.1 -p {server.port} -k {folder} -c fsync=off"
        server.control("start", "-o", options, "-l", str(folder / "log"))
        try:
            yield server
        finally:
            server.control("stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder)


def _run(*command: str | Path) -> None:
    # A file, not a pipe: the server keeps what pg_ctl was given, and a pipe would never end.
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(command, stdout=said, stderr=said, cwd="/", **SERVER_USER)
        said.seek(0)
        assert done.returncode == 0, said.read()
