"""Rows that a day reads, by table, after short and long histories: `python -m benchmarks.growth`.

Every day delivers as much as every other, so what is read more after a longer history grows with
the history. Counted on DuckDB, by its profiles: counts do not depend on the machine. Prints a
table, and writes it as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path

from sqlmesh import Context

from benchmarks.counting import Counted, counting
from deliveries.generate import append_day, write_landing
from deliveries.population import Settings

PROJECT = Path(__file__).parent.parent
RESULT = Path(__file__).parent / "results" / "growth.json"
START = date(2026, 1, 1)


def day_after(days: int, watches_a_day: int, folder: Path) -> Counted:
    """What the day after so many days executes."""
    landing = folder / "landing"
    settings = Settings(days * watches_a_day, days, "parquet", 1, START, 0.01, 0.005)
    write_landing(settings, landing)
    (folder / "data").mkdir()
    os.environ |= {
        "STREAMING_LANDING": str(landing),
        "STREAMING_LANDING_FORMAT": settings.format,
        "STREAMING_DATA_DIR": str(folder / "data"),
    }
    morning = datetime.combine(START + timedelta(days=days), time(6))
    with_day = morning + timedelta(days=1)
    context = Context(paths=PROJECT)
    try:
        context.plan(
            "prod", auto_apply=True, no_prompts=True, skip_tests=True, execution_time=morning
        )
        append_day(landing)
        with counting(folder) as counted:
            status = context.run("prod", execution_time=with_day, skip_janitor=True)
        if not status.is_success:
            raise RuntimeError(f"The run of {with_day} ended with {status}: see above")
        return counted
    finally:
        context.close()


def markdown(counts: Mapping[int, Counted]) -> str:
    """The counts as a table, a column a history, what is read most first."""
    days = sorted(counts)
    lines = [
        f"| | {' | '.join(f'{n} days' for n in days)} |",
        f"|---|{'--:|' * len(days)}",
        f"| statements | {' | '.join(f'{counts[n].statements:,}' for n in days)} |",
        f"| rows written | {' | '.join(f'{counts[n].written:,}' for n in days)} |",
        f"| rows read | {' | '.join(f'{counts[n].read.total():,}' for n in days)} |",
    ]
    for table, _ in counts[days[-1]].read.most_common():
        rows = " | ".join(f"{counts[n].read[table]:,}" for n in days)
        lines.append(f"| of {table} | {rows} |")
    return "\n".join(lines)


def main() -> int:
    """The command line; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth")
    parser.add_argument("--days", type=int, nargs="+", default=[45, 90, 180], help="of histories")
    parser.add_argument("--watches", type=int, default=5556, help="watches of a day")
    parser.add_argument("--out", type=Path, default=RESULT, help=f"default {RESULT.name}")
    options = parser.parse_args()
    counts = {}
    for days in options.days:
        print(f"{days} days, and one more", flush=True)
        with tempfile.TemporaryDirectory(prefix="growth-") as folder:
            counts[days] = day_after(days, options.watches, Path(folder))
    print(markdown(counts))
    told = {
        str(days): {
            "statements": counted.statements,
            "written": counted.written,
            "read": dict(counted.read.most_common()),
        }
        for days, counted in counts.items()
    }
    results = {"watches_a_day": options.watches, "days": told}
    options.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(f"Written to {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
