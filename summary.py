"""Prints what is where: rows, rejects and their reasons, audits, and what to try next."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TextIO

from sqlglot import parse_one
from sqlmesh import Context
from sqlmesh.core.model.definition import AuditResult
from sqlmesh.core.snapshot import Snapshot

Rows = list[tuple[Any, ...]]
Snapshots = Mapping[str, Snapshot]

LAYERS = ("bronze", "silver", "quarantine", "gold", "analytics")
FEEDS = ("users", "shows", "watches", "ratings")
HELPERS = {"seed", "internal"}  # tags of models that are not for readers
NEXT = """Next:
  {bin}sqlmesh plan dev   try a change beside prod
  {bin}sqlmesh run        load what was delivered since
  {bin}python -m operations.last_run    what the last run did, and how long it took
  {bin}sqlmesh fetchdf "SELECT * FROM streaming_prod.analytics.monthly_viewing_trend"
  bash setup.sh docs, bash setup.sh dashboard, bash setup.sh ui    see it in the browser
  mkdir mine && STREAMING_DATA_DIR=mine STREAMING_LANDING=/path/to/landing bash setup.sh run"""


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


def fetch(context: Context, query: str) -> Rows:
    """The rows of a query in the models' dialect."""
    return context.engine_adapter.fetchall(parse_one(query, dialect="databricks"))


def rows(context: Context, views: Mapping[str, str]) -> dict[str, int]:
    """The number of rows of each view, by the name of its model."""
    each = [f"SELECT '{name}', COUNT(*) FROM {view}" for name, view in views.items()]
    return dict(fetch(context, " UNION ALL ".join(each))) if each else {}


def last_day(snapshots: Iterable[Snapshot]) -> date | None:
    """The day up to which the furthest of some models was computed; None if none was."""
    end = max((end for snapshot in snapshots for _, end in snapshot.intervals), default=None)
    if end is None:
        return None
    return datetime.fromtimestamp(end / 1000, timezone.utc).date() - timedelta(days=1)


def models(context: Context, snapshots: Snapshots, views: Mapping[str, str]) -> Rows:
    """Layer, model, rows; from bronze to analytics."""
    readable = [
        s.model
        for s in snapshots.values()
        if s.model.schema_name in LAYERS and not HELPERS.intersection(s.model.tags)
    ]
    counts = rows(context, {m.name: views[m.name] for m in readable})
    found = [(m.schema_name, m.view_name, counts[m.name]) for m in readable]
    return sorted(found, key=lambda row: (LAYERS.index(row[0]), row[1]))


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


def audits(context: Context, snapshots: Snapshots, first: date, last: date) -> Rows:
    """Outcome, rows found, audit, model. Runs them again: SQLMesh keeps no outcome of a run's."""
    return sorted(
        (outcome(result), result.count, result.audit.name, snapshot.model.name)
        for snapshot in snapshots.values()
        for result in context.snapshot_evaluator.audit(
            snapshot, snapshots=dict(snapshots), start=first, end=last
        )
    )


def show(header: str, rows: Rows, file: TextIO | None = None) -> None:
    """Prints rows, if there are any, in aligned columns: text to the left, else to the right."""
    if not rows:
        return
    texts = [[f"{v:,}" if isinstance(v, int) else str(v or "none") for v in r] for r in rows]
    widths = [max(map(len, column)) for column in zip(header.split(), *texts, strict=True)]
    sides = ["<" if isinstance(value, str) else ">" for value in rows[0]]
    line = "  ".join(f"{{:{side}{width}}}" for side, width in zip(sides, widths, strict=True))
    print(
        *(line.format(*row).rstrip() for row in [header.split(), *texts]), "", sep="\n", file=file
    )


def report(environment: str) -> bool:
    """Prints the summary of an environment on the default gateway; whether there is one."""
    context = Context(paths=Path(__file__).parent, load=False)
    snapshots, views = shown(context, environment)
    if not snapshots:
        return False
    by_feed = feeds(context, views)
    last = last_day(snapshots.values())
    assert last  # a finished environment was computed
    print(f"\n{environment} on the gateway {context.selected_gateway}, run up to {last}\n")
    show("layer model rows", models(context, snapshots, views))
    show("feed delivered accepted superseded quarantined unaccounted last_delivery", by_feed)
    show("quarantined reason rows", reasons(context, views))

    first = min(last, max((row[-1] for row in by_feed if row[-1]), default=last))
    results = audits(context, snapshots, first, last)
    counts = Counter(row[0] for row in results)
    said = ", ".join(f"{counts[name]} {name}" for name in ("passed", "warned", "failed"))
    print(f"Audits run again for {first} (last delivery) to {last}: {said}\n")
    show("outcome rows audit model", [row for row in results if row[0] != "passed"])
    return True


def main() -> int:
    """Prints the summary of prod and what to try next; 1 if there is no prod."""
    if not report("prod"):
        print("summary.py: there is no prod yet; this makes it: bash setup.sh run", file=sys.stderr)
        return 1
    print(NEXT.format(bin=os.path.relpath(Path(sys.executable).parent) + os.sep))
    return 0


if __name__ == "__main__":
    sys.exit(main())
