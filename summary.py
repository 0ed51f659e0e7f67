"""Prints what is where: rows, rejects and their reasons, audits, and what to try next."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from sqlglot import parse_one
from sqlmesh import Context
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


def models(context: Context, snapshots: Snapshots, views: Mapping[str, str]) -> Rows:
    """Layer, model, rows; from bronze to analytics."""
    readable = (s.model for s in snapshots.values() if not HELPERS.intersection(s.model.tags))
    each = [
        f"SELECT '{m.schema_name}', '{m.view_name}', COUNT(*) FROM {views[m.name]}"
        for m in readable
        if m.schema_name in LAYERS
    ]
    rows = fetch(context, " UNION ALL ".join(each))
    return sorted(rows, key=lambda row: (LAYERS.index(row[0]), row[1]))


def feeds(context: Context, views: Mapping[str, str]) -> Rows:
    """The reconciliation, feed by feed, and the day of the last delivery."""
    query = f"""SELECT feed, r.delivered, accepted, superseded, quarantined, unaccounted,
            MAX(_ingest_date)
        FROM {views["quality.reconciliation"]} AS r
        LEFT JOIN {views["quality.deliveries"]} USING (feed) GROUP BY ALL"""
    return sorted(fetch(context, query), key=lambda row: FEEDS.index(row[0]))


def reasons(context: Context, views: Mapping[str, str], most: int = 3) -> Rows:
    """Feed, reason, rejected rows; the most frequent reasons of each feed."""
    one = "SELECT '{0}', EXPLODE(_rejected_for) AS reason FROM {1}"
    each = " UNION ALL ".join(one.format(feed, views[f"quarantine.{feed}"]) for feed in FEEDS)
    rows = fetch(context, f"SELECT *, COUNT(*) FROM ({each}) AS reasons GROUP BY ALL")
    rows.sort(key=lambda row: (-row[2], row[1]))
    return [row for feed in FEEDS for row in [r for r in rows if r[0] == feed][:most]]


def audits(context: Context, snapshots: Snapshots, first: date, last: date) -> Rows:
    """Outcome, rows found, audit, model. Runs them again: SQLMesh keeps no outcome of a run's."""
    rows = []
    for snapshot in snapshots.values():
        for result in context.snapshot_evaluator.audit(
            snapshot, snapshots=dict(snapshots), start=first, end=last
        ):
            outcome = "passed" if not result.count else "failed" if result.blocking else "warned"
            rows.append((outcome, result.count, result.audit.name, snapshot.model.name))
    return sorted(rows)


def show(header: str, rows: Rows) -> None:
    """Prints rows, if there are any, in aligned columns: text to the left, else to the right."""
    if not rows:
        return
    texts = [[f"{v:,}" if isinstance(v, int) else str(v or "none") for v in r] for r in rows]
    widths = [max(map(len, column)) for column in zip(header.split(), *texts, strict=True)]
    sides = ["<" if isinstance(value, str) else ">" for value in rows[0]]
    line = "  ".join(f"{{:{side}{width}}}" for side, width in zip(sides, widths, strict=True))
    print(*(line.format(*row).rstrip() for row in [header.split(), *texts]), "", sep="\n")


def report(environment: str) -> bool:
    """Prints the summary of an environment on the default gateway; whether there is one."""
    context = Context(paths=Path(__file__).parent, load=False)
    snapshots, views = shown(context, environment)
    if not snapshots:
        return False
    by_feed = feeds(context, views)
    end = max(end for snapshot in snapshots.values() for _, end in snapshot.intervals)
    last = datetime.fromtimestamp(end / 1000, timezone.utc).date() - timedelta(days=1)
    print(f"\n{environment} on the gateway {context.selected_gateway}, run up to {last}\n")
    show("layer model rows", models(context, snapshots, views))
    show("feed delivered accepted superseded quarantined unaccounted last_delivery", by_feed)
    show("quarantined reason rows", reasons(context, views))

    first = min(last, max((row[-1] for row in by_feed if row[-1]), default=last))
    results = audits(context, snapshots, first, last)
    counts = Counter(outcome for outcome, *_ in results)
    said = ", ".join(f"{counts[outcome]} {outcome}" for outcome in ("passed", "warned", "failed"))
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
