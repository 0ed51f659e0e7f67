"""Says whether the gateway `databricks` can be used, and if not, which setting to look at.

SQLMesh repeats what the driver says, which names none of the settings, and the driver goes on
trying a host that does not answer for many minutes.
"""

from __future__ import annotations

import re
from contextlib import closing
from typing import Any
from urllib.error import HTTPError
from urllib.request import build_opener

from sqlglot import exp
from sqlmesh import EngineAdapter

from macros.feeds import LAYERS
from macros.settings import databricks_host, setting, shown_host
from operations import PROJECT, CommandError
from operations.sqlmesh_internals import config_of

GATEWAY = "databricks"
OF_GATEWAY = ("DATABRICKS_HOST", "DATABRICKS_HTTP_PATH", "DATABRICKS_TOKEN", "DATABRICKS_CLIENT_ID")
CATALOGS = ("streaming_prod", "streaming_dev")
PATIENCE = 10  # seconds for the host's first answer
SHOWN = 3  # of the objects of other owners
OF_OTHERS = f"""SELECT IF(table_type = 'VIEW', 'VIEW', 'TABLE'), table_catalog, table_schema,
  table_schema || '.' || table_name, table_owner
FROM system.information_schema.tables
WHERE table_catalog IN {CATALOGS} AND table_owner <> current_user()
UNION ALL
SELECT 'SCHEMA', catalog_name, schema_name, schema_name, schema_owner
FROM system.information_schema.schemata
WHERE catalog_name IN {CATALOGS} AND schema_owner <> current_user()
ORDER BY ALL"""
SECRETS = (
    "DATABRICKS_TOKEN",
    "DATABRICKS_CLIENT_SECRET",
    "DATABRICKS_SECOND_TOKEN",
    "STREAMING_STATE_PASSWORD",
)
# What the workspace and the driver say, and what brings it about: the first that fits counts. A
# refused permission and a stopped warehouse may name the warehouse too, and any of them may hold
# an id with digits like 403.
REMEDIES = {
    r"permission_denied|insufficient.(permission|privilege)"
    r"|(not|n't) (authorized|have permission)": (
        "The principal lacks what resources/databricks.sql grants, or CAN USE on the warehouse of "
        "DATABRICKS_HTTP_PATH ('{path}')."
    ),
    r"no_such_catalog|catalog_not_found|catalog \S+ (was not found|does not exist)": (
        "A catalog is missing in {host}: an admin has to run resources/databricks.sql once, which "
        "makes it."
    ),
    r"\bstopp(ed|ing)\b|cannot be started|failed to start": (
        "The warehouse of DATABRICKS_HTTP_PATH ('{path}') is stopped and did not start: start it "
        "on its page."
    ),
    r"warehouse \S+ not found|endpoint_not_found|received 404": (
        "DATABRICKS_HTTP_PATH is '{path}', which is no SQL warehouse of {host}: copy it from the "
        "warehouse's page, under Connection details."
    ),
    r"access token|received 401|403 codes|unauthorized|invalid_client": (
        "{credentials} refused by {host}: expired, or of another workspace."
    ),
}


class Unusable(CommandError):
    """What stands in the way, and the way out."""


def default_gateway() -> str:
    """The gateway that is checked where none is named: that to Databricks if any of it is set."""
    return GATEWAY if any(map(setting, OF_GATEWAY)) else "local"


def check() -> None:
    """Connects as SQLMesh would, looks for the catalogs, and for objects of another owner in them.

    Raises:
        ConfigError: A setting does not fit.
        Unusable: A setting is missing, the host does not answer, the workspace refuses, or what
            SQLMesh has to replace belongs to another.
    """
    host = databricks_host()
    shown = shown_host(host)
    needed = ["DATABRICKS_HOST", "DATABRICKS_HTTP_PATH"]
    if setting("DATABRICKS_CLIENT_ID"):
        needed.append("DATABRICKS_CLIENT_SECRET")
    else:
        needed.append("DATABRICKS_TOKEN")
    missing = [name for name in needed if not setting(name)]
    if missing:
        raise Unusable(f"{', '.join(missing)}: not set. See .env.example.")

    print(f"Asking {shown} ...", flush=True)
    try:
        # urlopen would go through the proxy that was set when the process called it first.
        build_opener().open(f"https://{host}", timeout=PATIENCE).close()
    except HTTPError:
        pass  # an answer
    except OSError as error:
        raise Unusable(
            f"DATABRICKS_HOST is '{shown}', which does not answer ({error}): it is the workspace's "
            "name alone, such as adb-123.4.azuredatabricks.net; behind a proxy, HTTPS_PROXY has "
            "to be set."
        ) from error

    print("Connecting; a stopped warehouse takes minutes to start ...", flush=True)
    connection = config_of(PROJECT).get_connection("databricks")
    with closing(connection.create_engine_adapter()) as adapter:
        _run(adapter, "SELECT 1")
        for catalog in CATALOGS:
            _run(adapter, f"USE CATALOG {catalog}")
        if found := of_other_owners(adapter):
            raise Unusable(_others(found))


def of_other_owners(adapter: EngineAdapter) -> list[tuple[str, str, str]]:
    """The schemas, tables and views of SQLMesh that who connects does not own.

    Only its owner may replace a view; MANAGE is not enough ("Create views" in Databricks'
    documentation, read on 2026-11-30). An owner may be a group that who connects is in.

    Returns:
        For each its kind (SCHEMA, TABLE or VIEW), its full name and its owner.
    """
    found = [
        (str(kind), f"{catalog}.{name}", str(owner))
        for kind, catalog, schema, name, owner in _run(adapter, OF_OTHERS)
        if str(schema).removeprefix("sqlmesh__").split("__")[0] in LAYERS
    ]
    groups = {
        owner
        for owner in {owner for _, _, owner in found}
        if _run(adapter, f"SELECT is_account_group_member({exp.Literal.string(owner)})")[0][0]
    }
    return [each for each in found if each[2] not in groups]


def _others(found: list[tuple[str, str, str]]) -> str:
    """What belongs to others, and how it is given to who connects."""
    shown = ", ".join(f"{name} (owner '{owner}')" for _, name, owner in found[:SHOWN])
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    kind, name, _ = found[0]
    return (
        f"Others own {shown}{more}, and only its owner may replace a view. Connect as the "
        f"principal that made them, or have a metastore admin run ALTER {kind} {name} SET OWNER TO "
        "`<principal>`, and the same for each."
    )


def _run(adapter: EngineAdapter, statement: str) -> list[tuple[Any, ...]]:
    """The rows of a statement."""
    try:
        adapter.execute(statement)
        return adapter.cursor.fetchall() if statement.startswith("SELECT") else []
    except Exception as error:
        raise Unusable(f"{_remedy(str(error))} ({statement}: {without_secrets(error)})") from error


def _remedy(words: str) -> str:
    """What to do about what the workspace or the driver says."""
    client = setting("DATABRICKS_CLIENT_ID")
    values = {
        "host": databricks_host(),
        "path": setting("DATABRICKS_HTTP_PATH"),
        "credentials": (
            f"DATABRICKS_CLIENT_ID '{client}' with DATABRICKS_CLIENT_SECRET, which go before "
            "DATABRICKS_TOKEN, is"
            if client
            else "DATABRICKS_TOKEN is"
        ),
    }
    for sign, remedy in REMEDIES.items():
        if re.search(sign, words, re.IGNORECASE):
            return remedy.format(**values)
    return "{host} refused for a reason not known here, with DATABRICKS_HTTP_PATH '{path}'.".format(
        **values
    )


def without_secrets(error: Exception) -> str:
    """An error's words on one line."""
    words = " ".join(str(error).split())
    for secret in filter(None, map(setting, SECRETS)):
        words = words.replace(secret, "...")
    return words
