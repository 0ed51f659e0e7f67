"""Starts and stops the stand-in, and says how to reach it. Standard library only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from . import install

HOST = "stand-in.cloud.databricks.com"
HTTP_PATH = "/sql/1.0/warehouses/standin0"
TOKEN = "stand-in-token"
ADMIN = "someone@example.com"
# Who there is, by token, and in which groups. `platform` is the service principal that deploys.
USERS = {
    TOKEN: ADMIN,
    "token-of-platform": "platform",
    "token-of-another": "another",
    "token-of-engineer": "engineer",
    "token-of-analyst": "analyst",
}
GROUPS = {"engineers": ["engineer"], "analysts": ["analyst"]}
ASSIGNERS = ["platform"]
CATALOGS = ("streaming_prod", "streaming_dev")
MEMORY = "4g"  # of Spark's driver; two plans at once came near 2g
READY_IN = 120  # seconds
# Runs statements as an admin's client would.
ADMINISTER = """
import json, os, sys
from databricks import sql
with sql.connect(
    os.environ["DATABRICKS_HOST"],
    os.environ["DATABRICKS_HTTP_PATH"],
    os.environ["DATABRICKS_TOKEN"],
    session_configuration={"QUERY_TAGS": "project:streaming-platform"},
) as connection, connection.cursor() as cursor:
    rows = []
    for statement in json.load(sys.stdin):
        cursor.execute(statement)
        rows.append([list(row) for row in cursor.fetchall()])
json.dump(rows, sys.stdout)
"""


@dataclass(frozen=True)
class Statement:
    """One statement as the warehouse got it (`sent`) and as Spark got it (`run`).

    `began` is in seconds since 1970.
    """

    sent: str
    run: str
    began: float
    seconds: float
    error: str | None
    query_tags: str | None
    user: str


@dataclass(frozen=True)
class Warehouse:
    """A running stand-in: `environment` is what a client's process needs to reach it.

    Of its log it shows the statements that ended after the first `before`.
    """

    folder: Path
    environment: dict[str, str]
    before: int = 0

    def as_user(self, user: str) -> Warehouse:
        """The same stand-in for a client that connects as another of USERS."""
        (token,) = (token for token, name in USERS.items() if name == user)
        return replace(self, environment={**self.environment, "DATABRICKS_TOKEN": token})

    def emptied(self, *catalogs: str) -> Warehouse:
        """The same stand-in with these catalogs, empty, and a log that begins here."""
        found, tags = self.administer("SHOW CATALOGS", "SHOW GOVERNED TAGS")
        left = [f"DROP CATALOG {name} CASCADE" for (name,) in found if name != "main"]
        left += [f"DROP GOVERNED TAG {tag}" for (tag,) in tags]
        self.administer(*left, *(f"CREATE CATALOG {name}" for name in catalogs))
        return replace(self, before=self.before + len(self.statements()))

    def administer(self, *statements: str) -> list[list[list[Any]]]:
        """The rows of statements, run by a client of their own."""
        done = subprocess.run(
            [sys.executable, "-c", ADMINISTER],
            input=json.dumps(statements),
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        return json.loads(done.stdout)

    def statements(self) -> list[Statement]:
        """The statements that have ended so far, in the order of their ends."""
        log = self.folder / "statements.jsonl"
        lines = log.read_text().splitlines()[self.before :] if log.exists() else []
        entries = (json.loads(line) for line in lines)
        return [
            Statement(
                sent=entry["sent"],
                run=entry.get("run", entry["sent"]),
                began=entry["began"],
                seconds=entry["seconds"],
                error=entry.get("error"),
                query_tags=entry.get("query_tags"),
                user=entry["user"],
            )
            for entry in entries
        ]


@contextmanager
def warehouse(
    folder: Path,
    *,
    catalogs: Sequence[str] = CATALOGS,
    mounted: Sequence[Path] = (),
    memory: str = MEMORY,
    conf: Mapping[str, str] | None = None,
) -> Iterator[Warehouse]:
    """Runs the stand-in on `folder` with these catalogs; `conf` is settings of Spark.

    `mounted` are folders whose files it reads by their own paths, as if they lay in a volume.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    install.install()
    ready, errors = folder / "ready.json", folder / "server.log"
    ready.unlink(missing_ok=True)
    command = [str(install.python()), "-m", "tests.warehouse.server", "--folder", str(folder)]
    command += ["--catalogs", ",".join(catalogs), "--memory", memory]
    account = {"users": USERS, "groups": GROUPS, "assigners": ASSIGNERS, "admin": ADMIN}
    command += ["--host", HOST, "--http-path", HTTP_PATH, "--account", json.dumps(account)]
    command += [f"--mounted={path.resolve()}" for path in mounted]
    command += [f"--conf={name}={value}" for name, value in (conf or {}).items()]
    with errors.open("w") as log:
        server = subprocess.Popen(
            command,
            cwd=install.PROJECT,
            env=_server_environment(),
            stdin=subprocess.PIPE,  # the server ends when this closes, however this process ends
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the client first
        )
    try:
        answer = _await(server, ready, errors)
        yield Warehouse(folder, _client_environment(answer["proxy_port"], answer["certificate"]))
    finally:
        _stop(server)
    if "OutOfMemoryError" in errors.read_text():
        raise MemoryError(f"Spark's driver ran out of its {memory}: pass more as `memory`")


def _server_environment() -> dict[str, str]:
    own = ("PYTHON", "SPARK_", "PYSPARK_", "DATABRICKS_", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    # PySpark's workers are started with this interpreter too.
    return kept | {
        "PYTHONPATH": str(install.PROJECT),
        "PYSPARK_PYTHON": str(install.python()),
        "SPARK_USER": ADMIN,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }


def _client_environment(proxy_port: int, certificate: str) -> dict[str, str]:
    proxy = f"http://127.0.0.1:{proxy_port}"
    return {
        "DATABRICKS_HOST": HOST,
        "DATABRICKS_HTTP_PATH": HTTP_PATH,
        "DATABRICKS_TOKEN": TOKEN,
        # The token counts, not the OAuth client of a developer's own settings.
        "DATABRICKS_CLIENT_ID": "",
        "DATABRICKS_CLIENT_SECRET": "",
        "HTTPS_PROXY": proxy,
        "https_proxy": proxy,
        "NO_PROXY": "",
        "no_proxy": "",
        "SSL_CERT_FILE": certificate,
        "SQLMESH__DISABLE_ANONYMIZED_ANALYTICS": "true",
    }


def _await(server: subprocess.Popen[bytes], ready: Path, errors: Path) -> dict[str, Any]:
    end = time.monotonic() + READY_IN
    while not ready.exists():
        if server.poll() is not None:
            raise RuntimeError(f"The warehouse did not start:\n{errors.read_text()[-8000:]}")
        if time.monotonic() > end:
            said = errors.read_text()[-8000:]
            raise TimeoutError(f"The warehouse was not ready after {READY_IN} s:\n{said}")
        time.sleep(0.1)
    return json.loads(ready.read_text())


def _stop(server: subprocess.Popen[bytes]) -> None:
    assert server.stdin
    server.stdin.close()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
