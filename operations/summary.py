"""Prints what is where: rows, rejects and their reasons, audits, and what to try next."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import IO

from sqlmesh import Context

from operations import PROJECT
from operations.environment.shown import Rows, audits, feeds, last_day, models, reasons, shown

NEXT = """Next:
  {bin}sqlmesh plan dev   try a change beside prod
  {bin}sqlmesh run        load what was delivered since
  {bin}python -m operations.last_run    what the last run did, and how long it took
  {bin}sqlmesh fetchdf "SELECT * FROM streaming_prod.analytics.monthly_viewing_trend"
  bash setup.sh docs, bash setup.sh dashboard, bash setup.sh ui    see it in the browser
  mkdir mine && STREAMING_DATA_DIR=mine STREAMING_LANDING=/path/to/landing bash setup.sh run"""


def show(header: str, rows: Rows, file: IO[str] | None = None) -> None:
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
    context = Context(paths=PROJECT, load=False)
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
        print("summary: there is no prod yet; this makes it: bash setup.sh run", file=sys.stderr)
        return 1
    print(NEXT.format(bin=os.path.relpath(Path(sys.executable).parent) + os.sep))
    return 0


if __name__ == "__main__":
    sys.exit(main())
