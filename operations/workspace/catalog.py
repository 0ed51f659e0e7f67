"""Items: Unity Catalog and Delta, in the check's own schema: layout, keys, tags, masks, owners."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from sqlglot import exp, parse_one
from sqlmesh.core.macros import MacroEvaluator

from macros.unity_catalog import personal_data
from operations import PROJECT
from operations.workspace import NotPossible, tried
from operations.workspace.room import CATALOG, Room

SETUP = PROJECT / "resources" / "databricks.sql"
PERMISSIONS = "data-governance/unity-catalog/manage-privileges/privileges"
ABAC = "data-governance/unity-catalog/abac/policies"
A_TAG_COUNTS = 300  # seconds after it was set, at the latest
SECOND = f"USE CATALOG on {CATALOG}, for the second principal"


def of_admins() -> list[str]:
    """The statements of resources/databricks.sql."""
    text = re.sub("--.*", "", SETUP.read_text(encoding="utf-8"))
    return list(filter(None, map(str.strip, text.split(";"))))


@tried(
    "tables/features/deletion-vectors",
    "A day writes more than docs/what-a-day-writes.md says: look at the history of the table.",
    {
        "rows": 1001,
        "new": 2,
        "clustered by": ["id"],
        "copied": 0,
        "marked by deletion vectors": True,
    },
)
def merge(room: Room) -> dict[str, Any]:
    """A MERGE on a clustered table marks rows by deletion vectors, and copies none."""
    table = room.table("merged")
    room.run(
        f"CREATE TABLE {table} CLUSTER BY (id) TBLPROPERTIES ('delta.enableDeletionVectors'='true')"
        " AS SELECT id, 'old' AS what FROM RANGE(1000)"
    )
    types = room.adapter.columns(table.replace("`", ""))
    new = parse_one(
        "SELECT CAST(id AS BIGINT) AS id, 'new' AS what FROM VALUES (1), (2000) AS t(id)",
        dialect="databricks",
    )
    assert isinstance(new, exp.Query)
    room.adapter.merge(table.replace("`", ""), new, types, [exp.column("id")])
    ((total, changed),) = room.rows(f"SELECT COUNT(*), COUNT_IF(what = 'new') FROM {table}")
    (detail,) = _named(room, f"DESCRIBE DETAIL {table}")
    done = next(h for h in _named(room, f"DESCRIBE HISTORY {table}") if h["operation"] == "MERGE")
    metrics = dict(done["operationMetrics"])
    return {
        "rows": total,
        "new": changed,
        "clustered by": list(detail["clusteringColumns"]),
        "copied": int(metrics["numTargetRowsCopied"]),
        "marked by deletion vectors": int(metrics["numTargetDeletionVectorsAdded"]) > 0,
    }


def _named(room: Room, sql: str) -> list[dict[str, Any]]:
    return room.adapter.fetchdf(sql).to_dict("records")


@tried(
    "delta/selective-overwrite",
    "SQLMesh sends both statements: report it upstream.",
    [("three", 1), ("two", 2)],
)
def replace(room: Room) -> list[tuple[str, int]]:
    """A table is replaced whole, and a day of it by INSERT REPLACE WHERE."""
    table = room.table("replaced").replace("`", "")
    for text in ("one", "two"):
        query = parse_one(
            f"SELECT CAST('2026-01-0' || id AS DATE) AS day, '{text}' AS what FROM RANGE(1, 4)",
            dialect="databricks",
        )
        assert isinstance(query, exp.Query)
        room.adapter.replace_query(table, query)
    room.run(
        f"INSERT INTO {table} REPLACE WHERE day BETWEEN '2026-01-02' AND '2026-01-02' "
        "SELECT DATE '2026-01-02', 'three'"
    )
    return room.rows(f"SELECT what, COUNT(*) FROM {table} GROUP BY ALL ORDER BY ALL")


@tried(
    "delta/column-mapping",
    "Change the histories by a new version (docs/change-guide.md), not forward only.",
    ["d", "c", "e"],
)
def alter_columns(room: Room) -> list[str]:
    """With column mapping, columns are dropped, renamed and added."""
    table = room.table("mapped")
    room.run(
        f"CREATE TABLE {table} (a INT, b INT, c INT) "
        "TBLPROPERTIES ('delta.columnMapping.mode'='name')",
        f"ALTER TABLE {table} DROP COLUMN a",
        f"ALTER TABLE {table} RENAME COLUMN b TO d",
        f"ALTER TABLE {table} ADD COLUMN e STRING",
    )
    return list(room.adapter.columns(table.replace("`", "")))


@tried(
    "sql/language-manual/delta-reorg-table",
    "After an erasure old values stay in files for longer than quality.erasures says: look at "
    "`erase` in macros/erasure.py.",
    {"columns": ["id", "name"], "deletion vectors removed": 1},
)
def purge(room: Room) -> dict[str, Any]:
    """REORG removes deletion vectors, VACUUM is taken, a new table's columns are listed at once."""
    table = room.table("purged")
    room.run(
        f"CREATE TABLE {table} TBLPROPERTIES ('delta.enableDeletionVectors'='true') "
        "AS SELECT id, 'Ann' AS name FROM RANGE(1000)",
        f"UPDATE {table} SET name = 'erased' WHERE id = 1",
        f"REORG TABLE {table} APPLY (PURGE)",
        f"VACUUM {table}",
    )
    history = _named(room, f"DESCRIBE HISTORY {table}")
    done = dict(next(h for h in history if h["operation"] == "REORG")["operationMetrics"])
    columns = room.rows(
        "SELECT column_name FROM system.information_schema.columns "
        f"WHERE table_schema = '{room.name}' AND table_name = 'purged' ORDER BY 1"
    )
    return {
        "columns": [name for (name,) in columns],
        "deletion vectors removed": int(done["numDeletionVectorsRemoved"]),
    }


@tried(
    "sql/language-manual/sql-ref-syntax-ddl-create-table-constraint",
    "Look at @PRIMARY_KEY in macros/unity_catalog.py.",
    [("PRIMARY KEY", "NO")],
)
def primary_key(room: Room) -> list[tuple[str, str]]:
    """A key with RELY is recorded, and not enforced."""
    table = room.table("keyed")
    room.run(
        f"CREATE TABLE {table} (id BIGINT NOT NULL)",
        f"ALTER TABLE {table} ADD CONSTRAINT pk_keyed PRIMARY KEY (id) RELY",
        f"INSERT INTO {table} VALUES (1), (1)",  # not enforced
    )
    return room.rows(
        "SELECT constraint_type, enforced FROM system.information_schema.table_constraints "
        f"WHERE table_schema = '{room.name}' AND table_name = 'keyed'"
    )


def personal_table(room: Room) -> str:
    """A table of which a column has the tag of personal data, as the models' macro sets it."""
    table = room.table("personal")
    if not room.found.get("personal"):
        creating = SimpleNamespace(
            locals={"runtime_stage": "creating"}, engine_adapter=room.adapter, this_model=table
        )
        tags = personal_data(cast(MacroEvaluator, creating), exp.column("name"))
        room.run(f"CREATE OR REPLACE TABLE {table} AS SELECT 1 AS id, 'Ann' AS name")
        room.run(*(tag.name for tag in tags))
        room.found["personal"] = True
    return table


@tried(
    "database-objects/tags",
    "Look at @PERSONAL_DATA in macros/unity_catalog.py.",
    [("name", "personal_data")],
    right="APPLY TAG on the table and ASSIGN on the governed tag",
)
def tag(room: Room) -> list[tuple[str, str]]:
    """A column takes the tag of personal data."""
    personal_table(room)
    return room.rows(
        "SELECT column_name, tag_name FROM system.information_schema.column_tags "
        f"WHERE schema_name = '{room.name}' AND table_name = 'personal'"
    )


@tried(
    ABAC,
    "Is personal_data a governed tag? Run resources/databricks.sql.",
    "***",
    right="EXECUTE on the function, and MANAGE on the schema",
)
def mask(room: Room) -> str:
    """A policy masks what has the tag, if that is a governed one."""
    table = personal_table(room)
    function, policy = (
        next(s for s in of_admins() if s.startswith(f"CREATE OR REPLACE {kind} "))
        for kind in ("FUNCTION", "POLICY")
    )
    own = room.table("masked")
    policy = re.sub(r"ON CATALOG \S+", f"ON SCHEMA {room.schema}", policy)
    policy = re.sub(r"COLUMN MASK \S+", f"COLUMN MASK {own}", policy)
    policy = re.sub(r"TO `account users`.*?(?=FOR TABLES)", f"TO `{room.me}` ", policy, flags=re.S)
    room.run(re.sub(r"FUNCTION \S+\(", f"FUNCTION {own}(", function), policy)
    try:
        return str(_masked(lambda: room.rows(f"SELECT name FROM {table}"))[0][0])
    finally:
        (name,) = re.findall(r"POLICY (\S+)", policy)
        room.run(f"DROP POLICY {name} ON SCHEMA {room.schema}")


@tried(ABAC, "Nobody should read personal data before this is as expected.", ("Ann", "***"), SECOND)
def mask_second_principal(room: Room) -> tuple[str, str]:
    """By the policy on the catalog, an analyst sees the mask and the principal the value."""
    room.second_may("USE SCHEMA", "SELECT")
    sql = f"SELECT name FROM {personal_table(room)}"
    return room.rows(sql)[0][0], _masked(lambda: room.rows_of_second(sql))[0][0]


def _masked(look: Callable[[], list[tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
    """Looks until a value is masked, for some minutes at most: a tag does not count at once."""
    until = time.monotonic() + A_TAG_COUNTS
    while (rows := look()) != [("***",)] and time.monotonic() < until:
        time.sleep(15)
    return rows


@tried(
    "views/create-views",
    "One principal plans and runs all environments (docs/databricks.md).",
    (True, False),
    SECOND,
)
def view_of_another_owner(room: Room) -> tuple[bool, bool]:
    """A view is read by whom it is granted to, and replaced by its owner alone."""
    room.second_may("USE SCHEMA", "SELECT", "CREATE TABLE", "MANAGE")
    view = room.table("shown")
    room.run(f"CREATE OR REPLACE VIEW {view} AS SELECT 1 AS one")
    reads = room.rows_of_second(f"SELECT one FROM {view}") == [(1,)]
    try:
        room.second.execute(f"CREATE OR REPLACE VIEW {view} AS SELECT 2 AS one")
    except Exception:
        return reads, False
    return reads, True


@tried(
    PERMISSIONS,
    "Somebody granted SELECT on the catalog: SHOW GRANTS ON CATALOG streaming_prod.",
    False,
    SECOND,
)
def nothing_without_grant(room: Room) -> bool:
    """Who was granted nothing on a schema reads nothing in it."""
    second = room.second
    other = f"`{CATALOG}`.`bronze__{room.name}`"
    room.run(
        f"CREATE SCHEMA IF NOT EXISTS {other}", f"CREATE TABLE {other}.hidden AS SELECT 1 AS a"
    )
    try:
        second.fetchone(f"SELECT a FROM {other}.hidden")
    except Exception:
        return False
    return True


@tried(
    PERMISSIONS,
    "Run resources/databricks.sql with your principals, and keep the file so.",
    [],
    right="MANAGE on the catalogs, which shows the grants of others: or type it as an admin",
)
def grants_of_groups(room: Room) -> list[str]:
    """Each group has on the catalogs what resources/databricks.sql grants it."""
    lacking = []
    granted = (re.match(r"GRANT (.+?) ON CATALOG (\S+) TO `(.+?)`", s, re.S) for s in of_admins())
    for privileges, catalog, who in (grant.groups() for grant in granted if grant):
        rows = room.rows(f"SHOW GRANTS `{who}` ON CATALOG {catalog}")
        has = {str(row[1]).replace("_", " ").upper() for row in rows}
        lacking += [
            f"{who}: {privilege} on {catalog}"
            for privilege in map(str.strip, privileges.split(","))
            if not {privilege, "ALL PRIVILEGES"} & has
        ]
    return lacking


@tried(
    "admin/system-tables/query-history",
    "Look at session_configuration in config.py.",
    True,
    right="SELECT on system.query.history",
)
def query_tags(room: Room) -> bool:
    """The query history shows the tags of each statement."""
    try:
        rows = room.rows(
            "SELECT query_tags['project'], query_tags['environment'] FROM system.query.history "
            f"WHERE query_tags['environment'] = '{room.name}' LIMIT 1"
        )
    except Exception as error:
        if "NOT_FOUND" not in str(error):
            raise
        raise NotPossible(
            "system.query.history is not to be seen: an account admin enables the system schema "
            f"query. Or look for the tag environment:{room.name} on the page Query History."
        ) from error
    if not rows:
        raise NotPossible(
            "The history does not show this check yet. In an hour, look for the tag "
            f"environment:{room.name} on the page Query History."
        )
    return rows == [("streaming-platform", room.name)]


ITEMS = [
    merge,
    replace,
    alter_columns,
    primary_key,
    purge,
    tag,
    mask,
    mask_second_principal,
    view_of_another_owner,
    nothing_without_grant,
    grants_of_groups,
    query_tags,
]
