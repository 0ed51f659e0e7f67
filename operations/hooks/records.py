"""The records of commands, in a table beside the state: whoever has the state sees them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlglot import exp
from sqlmesh import Context

from operations.sqlmesh_internals import Beside, beside_state

TABLE = "streaming.commands"
COLUMNS = {
    "id": "text",
    "environment": "text",
    "began": "text",  # UTC, ISO 8601
    "is_unfinished": "boolean",  # a restatement that has not come to its end
    "record": "text",  # JSON
}
KEPT = timedelta(days=90)

Record = dict[str, Any]


def write(context: Context, record: Record) -> None:
    """Writes a record in the place of what was written of its command before."""
    there = beside_state(context, TABLE)
    there.create(COLUMNS)
    restates = bool(record["restates"]) and not record["succeeded"]
    row = (
        record["id"],
        record["environment"],
        record["began"],
        restates,
        json.dumps(record, default=str),
    )
    too_old = (datetime.now(timezone.utc) - KEPT).isoformat(timespec="seconds")
    replaced = (
        exp.column("id")
        .eq(record["id"])
        .or_(exp.and_(exp.column("began") < too_old, exp.column("is_unfinished").not_()))
    )
    there.replace(replaced, row)


def last(context: Context, environment: str) -> Record | None:
    """The record of an environment's last command; None where it has none."""
    of_environment = exp.column("environment").eq(environment)
    return next(iter(_read(beside_state(context, TABLE), of_environment)), None)


def of(context: Context, command_id: str) -> Record | None:
    """The record of a command; None where it has none."""
    found = _read(beside_state(context, TABLE), exp.column("id").eq(command_id))
    return next(iter(found), None)


def unfinished(context: Context) -> list[Record]:
    """The restatements that did not come to their end, the newest first."""
    return _read(beside_state(context, TABLE), exp.column("is_unfinished"))


def finish(context: Context, record: Record) -> None:
    """Takes down that a restatement is left to be done by whatever runs next."""
    write(context, record | {"restates": {}})


def _read(there: Beside, where: exp.Expr) -> list[Record]:
    found = sorted(there.rows(("began", "record"), where), reverse=True)
    return [json.loads(record) for _, record in found]
