"""The records of commands, in a table beside the state: whoever has the state sees them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any

from sqlglot import exp
from sqlmesh import Context

from operations.sqlmesh_internals import Beside, beside_state

TABLE = "streaming.commands"
COLUMNS = {
    "id": "text",
    "environment": "text",
    "began": "text",  # UTC, ISO 8601
    "is_unfinished": "boolean",  # a restatement or erasure that has not come to its end
    "record": "text",  # JSON
}
KEPT = timedelta(days=90)

Record = dict[str, Any]


def begun(
    context: Context,
    command_id: str,
    environment: str,
    command: str,
    restates: Mapping[str, Any] | None = None,
    erases: Iterable[date] = (),
) -> Record:
    """The record of a command that begins; how long models took it takes over from the last.

    Args:
        command: run, plan, promotion, rollback, restatement or erasure.
        restates: Of each model that is restated, the version and the time, in milliseconds.
        erases: The days whose requests for erasure are granted.
    """
    before = last(context, environment) or {}
    return {
        "id": command_id,
        "number": before.get("number", 0) + 1,  # the clock may have been set back
        "environment": environment,
        "command": command,
        "began": now(),
        "ended": None,
        "succeeded": None,
        "restates": restates or {},
        "erases": [day.isoformat() for day in erases],
        "days": {},
        "models": {},
        "failed": [],
        "durations": before.get("durations", {}),
    }


def ended(record: Record, succeeded: bool) -> Record:
    """The record of a command that has ended."""
    return record | {"ended": now(), "succeeded": succeeded}


def now() -> str:
    """The moment, as records have it."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def write(context: Context, record: Record) -> None:
    """Writes a record in the place of what was written of its command before."""
    there = beside_state(context, TABLE)
    there.create(COLUMNS)
    is_to_be_finished = record["restates"] or record.get("erases")
    is_unfinished = bool(is_to_be_finished) and not record["succeeded"]
    row = (
        record["id"],
        record["environment"],
        record["began"],
        is_unfinished,
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
    return next(iter(all_of(context, environment)), None)


def all_of(context: Context, environment: str) -> list[Record]:
    """The records of an environment's commands that are kept, the newest first."""
    of_environment = exp.column("environment").eq(environment)
    return _read(beside_state(context, TABLE), of_environment)


def of(context: Context, command_id: str) -> Record | None:
    """The record of a command; None where it has none."""
    found = _read(beside_state(context, TABLE), exp.column("id").eq(command_id))
    return next(iter(found), None)


def unfinished(context: Context) -> list[Record]:
    """The restatements and erasures that did not come to their end, the newest first."""
    return _read(beside_state(context, TABLE), exp.column("is_unfinished"))


def finish(context: Context, record: Record) -> None:
    """Takes down that what a command left is done, or left to whatever runs next."""
    write(context, record | {"restates": {}, "erases": []})


def _read(there: Beside, where: exp.Expr) -> list[Record]:
    found = [json.loads(record) for (record,) in there.rows(("record",), where)]
    return sorted(found, key=lambda each: (each.get("number", 0), each["began"]), reverse=True)
