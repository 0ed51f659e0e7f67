"""The project on both engines, with the same deliveries, and what their tables hold."""

from __future__ import annotations

import math
import re
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from harness import Platform
from sqlglot import parse_one
from sqlmesh import Context

from benchmarks.write_amplification import Written
from tests.warehouse import ADMIN, Statement, Warehouse

CATALOGS = ("streaming_prod", "streaming_dev")
COMPARED = ("bronze", "silver", "quarantine", "gold", "analytics", "quality")
OF_THE_RUN = {"_loaded_at", "loaded_at"}  # says when, not what

# What DuckDB calls the types of Databricks.
TYPES = {
    "VARCHAR": "string",
    "BIGINT": "bigint",
    "INTEGER": "int",
    "DOUBLE": "double",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp_ntz",
    "VARCHAR[]": "array<string>",
    "BIGINT[]": "array<bigint>",
}

# A new table is filled as it is created; CTEs may stand before an INSERT.
FILLED = re.compile(
    r"(?:(?:MERGE|INSERT) INTO|^CREATE TABLE(?=.* AS (?:WITH|SELECT) )(?! .* LIMIT 0$)"
    r"(?: IF NOT EXISTS)?) `streaming_prod`\.`sqlmesh__[a-z]+`\.`(?!temp_)([^`]+?)__[0-9]{6,}",
    re.S,
)


class Table(NamedTuple):
    """A table: its columns with their types, and its rows in an order that both engines share."""

    types: dict[str, str]
    rows: list[tuple[Any, ...]]


class Engines(NamedTuple):
    """The same landing, read by the project on DuckDB and on the stand-in of Databricks."""

    local: Platform
    databricks: Platform
    warehouse: Warehouse

    def deliver_as(self, files_format: str) -> None:
        """From now on deliveries come in this format."""
        for platform in (self.local, self.databricks):
            platform.files_format = files_format
            platform.settings["STREAMING_LANDING_FORMAT"] = files_format


class Delivered(NamedTuple):
    """Both engines with all deliveries run; what was sent to the warehouse by the first plan and by
    all that followed, and what the last day wrote there.
    """

    both: Engines
    last: date
    first_plan: list[Statement]
    sent: list[Statement]
    last_day: dict[str, Written]


def engines(
    running: Warehouse,
    folder: Path,
    files_format: str = "csv",
    catalogs: tuple[str, ...] = CATALOGS,
    user: str = ADMIN,
    **settings: str,
) -> Engines:
    """Both engines, nothing planned yet; what the running warehouse had before is gone.

    On Databricks the project connects as `user`.
    """
    server = running.emptied(*catalogs)
    local = Platform(folder / "local", files_format, **settings)
    databricks = Platform(
        folder / "databricks",
        files_format,
        gateway="databricks",
        **{**server.as_user(user).environment, "STREAMING_LANDING": str(local.landing), **settings},
    )
    return Engines(local, databricks, server)


def tables(
    platform: Platform, catalog: str = "streaming_prod", suffix: str = ""
) -> dict[str, Table]:
    """Every table and view of an environment, whole but for what says when a load ran."""
    with platform.context() as context:
        names = sorted(
            name.replace('"', "").split(".", 1)[1]
            for name in context.models
            if name.split(".")[1].strip('"') in COMPARED and '."raw_' not in name
        )
        return {name: _table(context, catalog, suffix, name) for name in names}


def _table(context: Context, catalog: str, suffix: str, name: str) -> Table:
    schema, table = name.split(".")
    path = f"{catalog}.{schema}{suffix}.{table}"
    described = context.engine_adapter.fetchall(f"DESCRIBE {path}")
    types = {row[0]: TYPES.get(row[1], row[1]) for row in described if row[0] not in OF_THE_RUN}
    rows = context.engine_adapter.fetchall(f"SELECT {', '.join(types)} FROM {path}")
    shown = [tuple(map(plain, row)) for row in rows]
    return ordered(types, shown)


def answers(platform: Platform, queries: dict[str, str]) -> dict[str, Table]:
    """The rows of queries in Databricks' SQL, in their order; without the types of the columns."""
    found = {}
    with platform.context() as context:
        for name, query in queries.items():
            parsed = parse_one(query, dialect="databricks")
            as_sent = query if platform.gateway == "databricks" else parsed
            rows = context.engine_adapter.fetchall(as_sent)
            shown = [tuple(map(plain, row)) for row in rows]
            found[name] = Table(dict.fromkeys(parsed.named_selects, ""), shown)
    return found


def ordered(types: dict[str, str], rows: list[tuple[Any, ...]]) -> Table:
    """Rows by what is exact first, since means may differ in their last digits."""
    return Table(
        types, sorted(rows, key=lambda row: [repr(v) for v in row if type(v) is not float])
    )


def plain(value: Any) -> Any:
    """A value as either driver would give it; a list in order, since sets have none."""
    if isinstance(value, (list, tuple, np.ndarray)):
        return sorted(plain(item) for item in value)
    return value.item() if isinstance(value, np.generic) else value


def differences(left: dict[str, Table], right: dict[str, Table]) -> list[str]:
    """What differs between the tables of two platforms, a line each."""
    found = []
    for name in sorted(left.keys() | right.keys()):
        if name not in left or name not in right:
            found.append(f"{name} is on one engine only")
            continue
        ours, theirs = left[name], right[name]
        if ours.types != theirs.types:
            differing = {
                c: (t, theirs.types.get(c))
                for c, t in ours.types.items()
                if theirs.types.get(c) != t
            }
            found.append(f"{name}: types {differing}")
        elif len(ours.rows) != len(theirs.rows):
            found.append(f"{name}: {len(ours.rows)} rows, {len(theirs.rows)} rows")
        else:
            found += [
                f"{name}.{column}: {a!r}, {b!r} in {row}"
                for row, other in zip(ours.rows, theirs.rows, strict=True)
                for column, a, b in zip(ours.types, row, other, strict=True)
                if not _same(a, b)
            ]
    return found


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=1e-12)
    return type(left) is type(right) and left == right


def of_feed(feed: str) -> tuple[str, ...]:
    """A feed's models, from delivery to silver: enough for what is about commands alone."""
    layers = ("bronze.raw_", "bronze.delivered_", "silver.accepted_", "silver.", "quarantine.")
    return tuple(f"{layer}{feed}" for layer in layers)


def filled_model(statement: Statement) -> re.Match[str] | None:
    """The model whose table a statement fills, as `schema__model`."""
    return FILLED.search(re.sub(r"^/\*.*?\*/ ", "", statement.sent))
