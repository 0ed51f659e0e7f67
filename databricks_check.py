"""Says whether the gateway `databricks` can be used, and if not, which setting to look at.

SQLMesh repeats what the driver says, which names none of the settings, and the driver goes on
trying a host that does not answer for many minutes.
"""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from dotenv import load_dotenv
from sqlmesh.core.config import Config
from sqlmesh.core.config.loader import load_configs
from sqlmesh.core.engine_adapter import EngineAdapter

PROJECT = Path(__file__).parent
CATALOGS = ("streaming_prod", "streaming_dev")
PATIENCE = 10  # seconds for the host's first answer
# What the workspace's words say, and the settings that bring them about.
REMEDIES = {
    ("access token", "401", "403", "unauthorized", "invalid_client"): (
        "DATABRICKS_TOKEN is expired, or of another workspace; or DATABRICKS_CLIENT_ID and "
        "DATABRICKS_CLIENT_SECRET, which go before it, are not a principal of this workspace."
    ),
    ("warehouse", "404", "endpoint_not_found"): (
        "DATABRICKS_HTTP_PATH is not that of a SQL warehouse of this workspace: copy it from the "
        "warehouse's page, under Connection details."
    ),
    ("no_such_catalog", "catalog_not_found"): (
        "An admin has to run resources/databricks.sql once; it makes the catalogs."
    ),
    ("permission", "privilege"): (
        "The principal lacks what resources/databricks.sql grants, or CAN USE on the warehouse."
    ),
}


class Unusable(Exception):
    """What stands in the way, and the way out."""


def check() -> None:
    """Connects as SQLMesh would and looks for the catalogs.

    Raises:
        Unusable: A setting is missing, the host does not answer, or the workspace refuses.
    """
    load_dotenv(PROJECT / ".env", override=True)  # as SQLMesh does
    host = os.environ.get("DATABRICKS_HOST", "").removeprefix("https://").strip("/")
    needed = ["DATABRICKS_HOST", "DATABRICKS_HTTP_PATH"]
    if os.environ.get("DATABRICKS_CLIENT_ID"):
        needed.append("DATABRICKS_CLIENT_SECRET")
    else:
        needed.append("DATABRICKS_TOKEN")
    missing = [name for name in needed if not os.environ.get(name)]
    if missing:
        raise Unusable(f"{', '.join(missing)}: not set. See .env.example.")

    print(f"Asking {host} ...", flush=True)
    try:
        urlopen(f"https://{host}", timeout=PATIENCE).close()
    except HTTPError:
        pass  # an answer
    except OSError as error:
        raise Unusable(
            f"DATABRICKS_HOST is '{host}', which does not answer ({error}): it is the workspace's "
            "name alone, such as adb-123.4.azuredatabricks.net; behind a proxy, HTTPS_PROXY has "
            "to be set."
        ) from error

    print("Connecting; a stopped warehouse takes minutes to start ...", flush=True)
    connection = load_configs(None, Config, [PROJECT])[PROJECT].get_connection("databricks")
    with closing(connection.create_engine_adapter()) as adapter:
        _run(adapter, "SELECT 1")
        for catalog in CATALOGS:
            _run(adapter, f"USE CATALOG {catalog}")


def _run(adapter: EngineAdapter, statement: str) -> None:
    try:
        adapter.execute(statement)
    except Exception as error:
        words = str(error)
        for signs, remedy in REMEDIES.items():
            if any(sign in words.lower() for sign in signs):
                raise Unusable(f"{remedy}\n  {statement}: {words}") from error
        raise


if __name__ == "__main__":
    try:
        check()
    except Unusable as reason:
        sys.exit(f"databricks_check.py: {reason}")
    print(f"The gateway databricks can be used: {' and '.join(CATALOGS)} are there.")
