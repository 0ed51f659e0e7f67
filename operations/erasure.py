"""Erasing users, and showing a person what is held of them (contract, section 4)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv, parquet
from sqlmesh import Context
from sqlmesh.core.snapshot import Snapshot

from macros.feeds import REQUESTS
from macros.settings import landing_of
from operations import CommandError
from operations.environment.shown import Snapshots, by_model, fetch, last_day, made, shown
from operations.hooks import records
from operations.hooks.belonging import begin
from operations.hooks.erasing import write_anew
from operations.hooks.state_lock import in_turn
from operations.landing import MODEL
from operations.landing.late import recorded_days
from operations.sqlmesh_internals import audit, evaluate, random_id
from operations.terminal import Table, first_of

PROD = "prod"
LOAD = f"bronze.{MODEL}{REQUESTS}"
EVIDENCE = "quality.erasures"
COUNTED = "quality.erased_rows"  # what the evidence is made of
FILES = "quality.files"
LAYERS = ("bronze", "silver", "quarantine", "gold")  # whose rows are a person's
INTERNAL = {"internal", "seed"}
MOST_PATHS = 5


def held(context: Context, users: Iterable[int]) -> Table:
    """How many rows of some users each table of prod holds.

    Raises:
        NoEnvironment: There is no prod.
    """
    _, views = _of_persons(context)
    ids = ", ".join(map(str, users))
    each = (
        f"SELECT '{name}', COUNT(*) FROM {view} WHERE user_id IN ({ids})"
        for name, view in views.items()
    )
    return Table(("table", "rows"), sorted(fetch(context, " UNION ALL ".join(each))))


def person(context: Context, user: int) -> dict[str, list[dict[str, Any]]]:
    """All that prod holds of a user: the rows of each table.

    Raises:
        NoEnvironment: There is no prod.
    """
    snapshots, views = _of_persons(context)
    columns = {s.model.name: list(s.model.columns_to_types_or_raise) for s in snapshots}
    return {
        name: [
            dict(zip(columns[name], row, strict=True))
            for row in fetch(
                context, f"SELECT {', '.join(columns[name])} FROM {view} WHERE user_id = {user}"
            )
        ]
        for name, view in views.items()
    }


def request(context: Context, users: Sequence[int], reason: str = "") -> tuple[Path, date]:
    """Writes a request for the erasure of users into the last day that prod has loaded.

    Args:
        reason: Is kept in the file's name, and nowhere else: letters, digits and `-`.

    Returns:
        The file, and the day.

    Raises:
        CommandError: The landing is no folder here; says what to deliver.
        NoEnvironment: There is no prod.
    """
    models = by_model(made(context, PROD)[0])
    day = last_day([models[LOAD]]) if LOAD in models else None
    if not day:
        raise CommandError(f"prod has loaded no day of {LOAD} yet. Load one: sqlmesh run")
    landing, files_format = landing_of(REQUESTS, context.engine_adapter.dialect)
    moment = datetime.now(timezone.utc).replace(tzinfo=None, microsecond=0)
    name = "-".join(filter(None, (f"{moment:%Y%m%dT%H%M%S}", reason)))
    file = Path(landing) / REQUESTS / f"dt={day}" / f"{name}.{files_format}"
    if not landing or not Path(landing).is_dir():
        raise CommandError(
            f"STREAMING_LANDING is '{landing}', which is no folder here. Deliver the request into "
            f"it as {REQUESTS}/dt={day}/{name}.{files_format}, with the columns user_id and "
            "requested_at; the next `streaming run` erases."
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    write(file, files_format, [(user, moment) for user in users])
    return file, day


def erase(context: Context, days: Iterable[date]) -> list[dict[str, Any]]:
    """Loads the requests of days that were loaded before: erases in every table there is.

    What is computed is these requests alone; no other model has to be loaded again for it. After
    one that was cut off, the same again does what is left.

    Returns:
        What quality.erasures says of each request of these days.

    Raises:
        CommandError: An audit found something; names it.
    """
    with in_turn(context, "erase"):
        return grant(context, days)


def grant(context: Context, days: Iterable[date]) -> list[dict[str, Any]]:
    """Does what `erase` does, in the turn of whoever calls it."""
    days = sorted({*days})
    begin(context)
    record = records.begun(context, random_id(), PROD, "erasure", erases=days)
    records.write(context, record)
    try:
        evidence = [line for day in days for line in _erase(context, day)]
    except Exception:  # the requests are late still, so a run tries again after its own work
        records.write(context, records.ended(record | {"erases": []}, succeeded=False))
        raise
    finally:
        write_anew(context)
    for day in days:
        _account_for(context, day)
    records.write(context, records.ended(record, succeeded=True))
    for left in records.unfinished(context):
        if left.get("erases") and {*left["erases"]} <= {*record["erases"]}:
            records.finish(context, left)
    return evidence


def _erase(context: Context, day: date) -> list[dict[str, Any]]:
    for snapshot, snapshots in _versions(context):
        _compute(context, snapshot, snapshots, day)
    snapshots, views = shown(context, PROD)
    _compute(context, by_model(snapshots)[COUNTED], snapshots, day)
    columns = ("user_id", "erased_at", "rows", "landed_files", "retained_until")
    query = f"""SELECT {", ".join(columns)} FROM {views[EVIDENCE]}
        WHERE _ingest_date = DATE '{day}' ORDER BY user_id"""
    return [dict(zip(columns, row, strict=True)) for row in fetch(context, query)]


def _account_for(context: Context, day: date) -> None:
    """Accounts for the file of a request, unless the run that has still to load the day does."""
    snapshots, _ = shown(context, PROD)
    files = by_model(snapshots)[FILES]
    if day in recorded_days(files):
        _compute(context, files, snapshots, day)


def evidence_lines(evidence: Sequence[dict[str, Any]]) -> list[str]:
    """What came of requests, in words, without anything of whom they are."""
    lines = []
    for each in evidence:
        rows = sum(json.loads(each["rows"]).values())
        lines.append(
            f"User {each['user_id']}: {rows:,} rows in {len(json.loads(each['rows'])):,} tables "
            "say no longer who it is."
        )
        if each["retained_until"] > each["erased_at"].date():
            lines[-1] += f" Older files may until {each['retained_until']}."
    files = sorted({file for each in evidence for file in each["landed_files"]})
    if files:
        lines.append(
            f"{len(files):,} delivered files still do; erase them where they come from: "
            f"{first_of(files, MOST_PATHS)}. quality.erasures names all."
        )
    return lines


def _of_persons(context: Context) -> tuple[list[Snapshot], dict[str, str]]:
    """The models of prod whose rows are of a user, and their views."""
    snapshots, views = made(context, PROD)
    found = [
        s
        for s in snapshots.values()
        if s.is_model
        and s.model.schema_name in LAYERS
        and not INTERNAL.intersection(s.model.tags)
        and "user_id" in (s.model.columns_to_types or {})
    ]
    return found, {s.model.name: views[s.model.name] for s in found}


def _versions(context: Context) -> list[tuple[Snapshot, Snapshots]]:
    """Each version of the model of requests that an environment shows, with its environment's."""
    found: dict[str, tuple[Snapshot, Snapshots]] = {}
    for environment in context.state_reader.get_environments():
        snapshots, _ = shown(context, environment.name)
        if snapshot := by_model(snapshots).get(LOAD):
            found.setdefault(snapshot.version_get_or_generate(), (snapshot, snapshots))
    return list(found.values())


def _compute(context: Context, snapshot: Snapshot, snapshots: Snapshots, day: date) -> None:
    evaluate(context, snapshot, snapshots, day, day)
    failed = [
        result.audit.name
        for result in audit(context, snapshot, snapshots, day, day)
        if result.count and result.blocking
    ]
    if failed:
        raise CommandError(
            f"{snapshot.model.name} of {day}: {', '.join(failed)} failed. audits/{failed[0]}.sql "
            "says what to do."
        )


def write(file: Path, files_format: str, rows: Sequence[tuple[int, datetime]]) -> None:
    """Writes a file of requests: users, and when they asked, in UTC."""
    users, moments = zip(*rows, strict=True)
    table = pa.table({"user_id": users, "requested_at": pa.array(moments, pa.timestamp("us"))})
    if files_format == "parquet":
        parquet.write_table(table, file)
    elif files_format == "csv":
        texts = table.set_column(1, "requested_at", pa.array([str(m) for m in moments]))
        csv.write_csv(texts, file)
    else:
        lines = (json.dumps({"user_id": user, "requested_at": str(m)}) for user, m in rows)
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
