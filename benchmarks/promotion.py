"""Seconds that a promotion to prod and its rollback take, at two sizes of the history.

    python -m benchmarks.promotion --watches 1000000 10000000

from the project's root, in its own environment, on DuckDB. At each size it builds prod from a
generated history, computes a changed gold.fct_watches in dev, and then promotes that to prod and
rolls it back, in turn, each as a process of its own, the sizes one after the other. Prints a table,
and writes it as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path
from statistics import median

from deliveries.generate import write_landing
from deliveries.population import Settings

PROJECT = Path(__file__).parent.parent
RESULT = Path(__file__).parent / "results" / "promotion.json"
LEFT_OUT = shutil.ignore_patterns(".*", "data", "logs", "benchmarks", "tests", "*.duckdb")
UNIT_TESTS = Path("tests", "unit")  # without which a plan is refused by the linter
START, DAYS = date(2026, 1, 1), 180
MODEL = Path("models", "gold", "fct_watches.sql")
CHANGE = "watches.status = 'completed'", "FALSE"
PACKAGES = ("sqlmesh", "sqlglot", "duckdb")


@dataclass
class Prod:
    """A prod of `watches` watches in `folder`, and the seconds of each step that was measured."""

    watches: int
    folder: Path
    promotion: list[float] = field(default_factory=list)
    rollback: list[float] = field(default_factory=list)

    def build(self) -> None:
        """Builds prod, and computes the change in dev."""
        landing = self.folder / "landing"
        print(f"{self.watches:,} watches: generating {DAYS} days", flush=True)
        write_landing(Settings(self.watches, DAYS, "parquet", 1, START, 0.01, 0.005), landing)
        (self.folder / "data").mkdir()
        for name in ("project", "changed"):
            shutil.copytree(PROJECT, self.folder / name, ignore=LEFT_OUT)
            shutil.copytree(PROJECT / UNIT_TESTS, self.folder / name / UNIT_TESTS)
        model = self.folder / "changed" / MODEL
        text = model.read_text(encoding="utf-8")
        if text.count(CHANGE[0]) != 1:
            raise ValueError(f"{MODEL} does not hold {CHANGE[0]!r} once: adapt CHANGE to it.")
        model.write_text(text.replace(*CHANGE), encoding="utf-8")
        print(f"{self.watches:,} watches: building prod, then the change in dev", flush=True)
        self.plan("project", "prod")
        self.plan("changed", "dev")

    def plan(self, checkout: str, environment: str) -> float:
        """Plans and applies an environment; gives the seconds that it took."""
        until = f"{START + timedelta(days=DAYS)} 06:00:00"
        options = ["--skip-tests", "--auto-apply", "--no-prompts", "--execution-time", until]
        command = str(Path(sys.executable).with_name("sqlmesh"))
        return self.timed(checkout, command, "plan", environment, *options)

    def measure(self) -> None:
        """Promotes the change, and takes it back."""
        self.promotion.append(self.plan("changed", "prod"))
        back = self.timed("project", sys.executable, "-m", "operations.rollback", "--yes")
        self.rollback.append(back)

    def timed(self, checkout: str, *command: str) -> float:
        """Runs a command; gives its seconds.

        Raises:
            RuntimeError: it failed; with what it printed.
        """
        settings = {
            "STREAMING_LANDING": str(self.folder / "landing"),
            "STREAMING_LANDING_FORMAT": "parquet",
            "STREAMING_DATA_DIR": str(self.folder / "data"),
        }
        began = time.monotonic()
        ran = subprocess.run(
            command,
            cwd=self.folder / checkout,
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if ran.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {ran.returncode}:\n{ran.stdout}")
        return time.monotonic() - began


def told(prods: Sequence[Prod]) -> dict[str, object]:
    """The results and what they were taken on; a ratio is that of the medians, last to first."""
    sizes = [
        {
            "watches": prod.watches,
            **{
                step: {"median": round(median(times), 2), "all": [round(t, 2) for t in times]}
                for step, times in (("promotion", prod.promotion), ("rollback", prod.rollback))
            },
        }
        for prod in prods
    ]
    first, last = prods[0], prods[-1]
    return {
        "days": DAYS,
        "seconds": sizes,
        "ratio": {
            "promotion": round(median(last.promotion) / median(first.promotion), 2),
            "rollback": round(median(last.rollback) / median(first.rollback), 2),
        },
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


def main() -> int:
    """The command line; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.promotion")
    sizes = [1_000_000, 10_000_000]
    parser.add_argument("--watches", type=int, nargs="+", default=sizes, help="of the histories")
    parser.add_argument("--runs", type=int, default=5, help="of each step (default 5)")
    parser.add_argument("--out", type=Path, default=RESULT, help=f"default {RESULT.name}")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="promotion-") as folder:
        prods = [Prod(watches, Path(folder, str(watches))) for watches in sorted(options.watches)]
        for prod in prods:
            prod.folder.mkdir()
            prod.build()
        for run in range(options.runs):
            print(f"Promotion and rollback {run + 1} of {options.runs}", flush=True)
            for prod in prods:
                prod.measure()
    results = told(prods)
    print("| watches | promotion, s | rollback, s |\n|--:|--:|--:|")
    for prod in prods:
        times = f"{median(prod.promotion):.1f} | {median(prod.rollback):.1f}"
        print(f"| {prod.watches:,} | {times} |")
    options.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(f"Written to {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
