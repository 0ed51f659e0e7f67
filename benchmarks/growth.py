"""Rows that a day reads, by table, after short and long histories: `python -m benchmarks.growth`.

Every day delivers as much as every other. So if a day reads more after a longer history, that part
grows with the history. The counts come from DuckDB's profiles and do not depend on the machine.
Prints a table, and writes it as JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.counting import Counted, counting
from benchmarks.day_after import built

RESULT = Path(__file__).parent / "results" / "growth.json"


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
    counts: dict[int, Counted] = {}
    for days in options.days:
        print(f"{days} days, and one more", flush=True)
        with tempfile.TemporaryDirectory(prefix="growth-") as name:
            folder = Path(name)
            with built(days * options.watches, days, folder) as (_, run_day_after):
                with counting(folder) as counts[days]:
                    run_day_after()
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
