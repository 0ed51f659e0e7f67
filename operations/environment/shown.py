"""What an environment shows: its models, their rows, rejects and the outcomes of audits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from sqlglot import exp, parse_one
from sqlmesh import Context
from sqlmesh.core.snapshot import Snapshot
from sqlmesh.utils.date import to_datetime

from macros.feeds import FEEDS, LAYERS
from operations import CommandError
from operations.sqlmesh_internals import AuditResult, audit

Rows = list[tuple[Any, ...]]
Snapshots = Mapping[str, Snapshot]

LAYERS_OF_ROWS = tuple(layer for layer in LAYERS if layer != "quality")
BLOCK = 262_144  # bytes in which DuckDB stores
HELPERS = {"seed", "internal"}  # tags of models that are not for readers


class NoEnvironment(CommandError):
    """An environment is not there yet; says how to make it."""


def shown(context: Context, name: str) -> tuple[Snapshots, dict[str, str]]:
    """The models as they are in an environment, by name, and the view of each by the model's name
    in its file; none before the environment is made."""
    environment = context.state_reader.get_environment(name)
    if not environment or not environment.finalized_ts:
        return {}, {}
    snapshots = context.state_reader.get_snapshots(environment.snapshots).values()
    views = {
        s.model.name: s.qualified_view_name.for_environment(environment.naming_info)
        for s in snapshots
        if s.is_model
    }
    return {s.name: s for s in snapshots}, views


def made(context: Context, name: str) -> tuple[Snapshots, dict[str, str]]:
    """As `shown`, of an environment that has to be there.

    Raises:
        NoEnvironment: It is not.
    """
    snapshots, views = shown(context, name)
    if not snapshots:
        way = "bash setup.sh run" if name == "prod" else f"sqlmesh plan {name}"
        raise NoEnvironment(
            f"There is no environment '{name}' on the gateway '{context.selected_gateway}' yet. "
            f"Make it: {way}"
        )
    return snapshots, views


def by_model(snapshots: Snapshots) -> dict[str, Snapshot]:
    """The versions of models among some, each by the model's name in its file."""
    return {s.model.name: s for s in snapshots.values() if s.is_model}


def fetch(context: Context, query: str) -> Rows:
    """The rows of a query in the models' dialect."""
    return context.engine_adapter.fetchall(parse_one(query, dialect="databricks"))


def rows(context: Context, views: Mapping[str, str]) -> dict[str, int]:
    """The number of rows of each view, by the name of its model."""
    each = [f"SELECT '{name}', COUNT(*) FROM {view}" for name, view in views.items()]
    return dict(fetch(context, " UNION ALL ".join(each))) if each else {}


def size(context: Context, table: str) -> int | None:
    """The bytes that a table takes where it is stored; None where there is no such table."""
    adapter = context.engine_adapter
    if not adapter.table_exists(table):
        return None
    if adapter.dialect == "databricks":
        [detail] = adapter.fetchdf(f"DESCRIBE DETAIL {table}").to_dict("records")
        return int(detail["sizeInBytes"])
    name = exp.Literal.string(table).sql()
    [(blocks,)] = adapter.fetchall(
        f"SELECT COUNT(DISTINCT block_id) FROM PRAGMA_STORAGE_INFO({name}) WHERE persistent"
    )
    return int(blocks) * BLOCK


def last_day(snapshots: Iterable[Snapshot]) -> date | None:
    """The day up to which the furthest of some models was computed; None if none was."""
    end = max((end for snapshot in snapshots for _, end in snapshot.intervals), default=None)
    return to_datetime(end).date() - timedelta(days=1) if end is not None else None


def last_delivery(context: Context, views: Mapping[str, str]) -> date | None:
    """The day of the newest delivery; None if there was none."""
    [(day,)] = fetch(context, f"SELECT MAX(_ingest_date) FROM {views['quality.deliveries']}")
    return day


def audited_days(delivered: date | None, up_to: date) -> tuple[date, date]:
    """The days for which audits are run again: from the last delivery to the last day."""
    return min(delivered or up_to, up_to), up_to


def models(context: Context, snapshots: Snapshots, views: Mapping[str, str]) -> Rows:
    """Layer, model, rows; from bronze to analytics."""
    readable = [
        s.model
        for s in snapshots.values()
        if s.model.schema_name in LAYERS_OF_ROWS and not HELPERS.intersection(s.model.tags)
    ]
    counts = rows(context, {m.name: views[m.name] for m in readable})
    found = [(m.schema_name, m.view_name, counts[m.name]) for m in readable]
    return sorted(found, key=lambda row: (LAYERS_OF_ROWS.index(row[0]), row[1]))


def feeds(context: Context, views: Mapping[str, str]) -> Rows:
    """The reconciliation, feed by feed, and the day of the last delivery."""
    query = f"""SELECT feed, r.delivered, accepted, superseded, quarantined, unaccounted,
            MAX(_ingest_date)
        FROM {views["quality.reconciliation"]} AS r
        LEFT JOIN {views["quality.deliveries"]} USING (feed) GROUP BY ALL"""
    return sorted(fetch(context, query), key=lambda row: FEEDS.index(row[0]))


def rejected(
    context: Context, views: Mapping[str, str], days: tuple[str, str] | None = None
) -> Rows:
    """Feed, reason, rejected rows, the most frequent first; of some days of delivery or of all."""
    where = "WHERE _ingest_date BETWEEN DATE '{}' AND DATE '{}'".format(*days) if days else ""
    each = " UNION ALL ".join(
        f"SELECT '{feed}' AS feed, EXPLODE(_rejected_for) AS reason "
        f"FROM {views[f'quarantine.{feed}']} {where}"
        for feed in FEEDS
    )
    found = fetch(context, f"SELECT *, COUNT(*) FROM ({each}) AS rejected GROUP BY ALL")
    return sorted(found, key=lambda row: (-row[2], *row[:2]))


def reasons(context: Context, views: Mapping[str, str], most: int = 3) -> Rows:
    """Feed, reason, rejected rows; the most frequent reasons of each feed."""
    found = rejected(context, views)
    return [row for feed in FEEDS for row in [r for r in found if r[0] == feed][:most]]


def outcome(result: AuditResult) -> str:
    """How an audit ended, in a word."""
    return "passed" if not result.count else "failed" if result.blocking else "warned"


def audits(context: Context, snapshots: Snapshots, days: tuple[date, date]) -> Rows:
    """Outcome, rows found, audit, model; of all models, run again.

    SQLMesh does not keep how the audits of a run ended.
    """
    return sorted(
        (outcome(result), result.count, result.audit.name, snapshot.model.name)
        for snapshot in snapshots.values()
        for result in audit(context, snapshot, snapshots, *days)
    )
