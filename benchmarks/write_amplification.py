"""Rows that the day after a history of watches writes on Delta Lake, per row that it changes.

    python -m benchmarks.write_amplification --watches 1000000 --days 180

from the project's root, in its own environment, with Java 17 and Maven: starts the local stand-in
of a Databricks warehouse, builds the project on a generated history, runs the next day, and reads
the history of each table that the day wrote. What it counts is Delta Lake's work and does not
depend on the machine. Prints a table, and writes it as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlmesh import Context

from benchmarks.day_after import built
from tests.warehouse.install import missing
from tests.warehouse.start import warehouse

RESULT = Path(__file__).parent / "results" / "write_amplification.json"
# The stand-in is set for small data: here compiling a query pays.
LARGE_DATA = {
    "spark.sql.codegen.wholeStage": "true",
    "spark.sql.codegen.factoryMode": "FALLBACK",
}


@dataclass(frozen=True)
class Written:
    """What was written to a table between two of its versions.

    Attributes:
        rows: rows at the end.
        changed: rows at the end that were not there before, value by value. Of a row that was
            taken away nothing is counted.
        touched: rows that Delta Lake inserted, updated and deleted, also those that an update
            left as they were; of an overwrite, all rows that it wrote.
        copied: rows that stood beside these in a file and were written anew with it.
        files_added: files of data.
        files_removed: files of data; one that only gets another deletion vector is not counted.
    """

    rows: int
    changed: int
    touched: int
    copied: int
    files_added: int
    files_removed: int

    @property
    def per_touched(self) -> float:
        """Rows written for each row inserted, updated or deleted; 0 where nothing was."""
        return (self.touched + self.copied) / self.touched if self.touched else 0.0

    @property
    def per_changed(self) -> float:
        """Rows written for each row that is not as it was."""
        return (self.touched + self.copied) / self.changed if self.changed else float("inf")


def versions(context: Context) -> dict[str, int]:
    """The newest version of each table in which the project keeps rows, by the model's name."""
    return {model: _history(context, table)[0].version for model, table in _tables(context).items()}


def written_since(context: Context, before: Mapping[str, int]) -> dict[str, Written]:
    """What was written to each table since these versions; no entry where nothing was."""
    found = {}
    for model, table in _tables(context).items():
        commits = [
            _counts(
                commit.operation,
                {name: int(count) for name, count in dict(commit.operationMetrics).items()},
            )
            for commit in _history(context, table)
            if commit.version > before[model] and commit.operationMetrics
        ]
        if commits:
            found[model] = Written(
                *_compared(context, table, before[model]), *map(sum, zip(*commits, strict=True))
            )
    return found


def _history(context: Context, table: str) -> list[Any]:
    """The versions of a table, newest first; the driver's rows have the columns as attributes."""
    return context.engine_adapter.fetchall(f"DESCRIBE HISTORY {table}")


def _tables(context: Context) -> dict[str, str]:
    return {
        snapshot.name.replace('"', "").split(".", 1)[1]: snapshot.table_name()
        for snapshot in context.snapshots.values()
        if snapshot.is_materialized and not snapshot.is_seed
    }


def _counts(operation: str, metrics: Mapping[str, int]) -> tuple[int, int, int, int]:
    """Rows touched and copied, files added and removed by one commit."""
    if operation == "MERGE":
        return (
            sum(metrics[f"numTargetRows{what}"] for what in ("Inserted", "Updated", "Deleted")),
            metrics["numTargetRowsCopied"],
            metrics["numTargetFilesAdded"],
            metrics["numTargetFilesRemoved"],
        )
    return metrics["numOutputRows"], 0, metrics["numFiles"], metrics.get("numRemovedFiles", 0)


def _compared(context: Context, table: str, before: int) -> tuple[int, int]:
    """Rows of a table, and those of them that its version `before` does not have."""
    ((rows, changed),) = context.engine_adapter.fetchall(
        f"SELECT (SELECT COUNT(*) FROM {table}), COUNT(*) FROM "
        f"(SELECT * FROM {table} EXCEPT ALL SELECT * FROM {table} VERSION AS OF {before})"
    )
    return rows, changed


def measure(watches: int, days: int, folder: Path, memory: str) -> dict[str, Written]:
    """What the day after `days` days with `watches` watches writes, on a stand-in in `folder`."""
    print(f"{watches:,} watches in {days} days, and one more", flush=True)
    with warehouse(
        folder / "warehouse", mounted=[folder], memory=memory, conf=LARGE_DATA
    ) as started:
        os.environ |= started.environment
        with built(watches, days, folder, "databricks") as (context, run_day_after):
            before = versions(context)
            run_day_after()
            return written_since(context, before)


def markdown(results: Mapping[str, Written]) -> str:
    """The results as a table, the largest tables first."""
    lines = [
        "| table | rows | changed | touched | copied | files + / - | per touched | per changed |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for model, w in sorted(results.items(), key=lambda item: -item[1].rows):
        lines.append(
            f"| `{model}` | {w.rows:,} | {w.changed:,} | {w.touched:,} | {w.copied:,} | "
            f"{w.files_added} / {w.files_removed} | {w.per_touched:.2f} | {w.per_changed:.2f} |"
        )
    return "\n".join(lines)


def main() -> int:
    """The command line; gives the exit status: 0, or 2 where the machine lacks something."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.write_amplification")
    parser.add_argument("--watches", type=int, default=1_000_000, help="of the history")
    parser.add_argument("--days", type=int, default=180, help="of the history")
    parser.add_argument("--memory", default="3g", help="of the stand-in (default 3g)")
    parser.add_argument("--out", type=Path, default=RESULT, help=f"default {RESULT.name}")
    options = parser.parse_args()
    if lacks := missing():
        print("The stand-in of a warehouse needs " + "; ".join(lacks), file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="amplification-") as folder:
        results = measure(options.watches, options.days, Path(folder), options.memory)
    print(markdown(results))
    told = {"watches": options.watches, "days": options.days}
    told["tables"] = {model: asdict(written) for model, written in results.items()}
    options.out.write_text(json.dumps(told, indent=2) + "\n")
    print(f"Written to {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
