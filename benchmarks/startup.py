"""What a command costs before it does anything: `python -m benchmarks.startup`.

Builds a small prod, and times whole processes. Each process does one thing more than the one before
it. Then it times a plan with nothing to do, in copies of the project that each lack one saving. All
take turns, several times. Prints tables, and writes them as JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from shutil import rmtree
from statistics import median

from rich.progress import track

from benchmarks.data import provide
from benchmarks.measure import Command, Cost, run
from benchmarks.peers import SqlMesh, copy, replace_once
from benchmarks.results import taken_on

RESULT = Path(__file__).parent / "results" / "startup.json"
WATCHES, DAYS = 20_000, 10
LOADED = "from sqlmesh import Context; Context(paths='.').close()"
PLAN = "plan with nothing to do"


def edit(file: str, old: str, new: str) -> Callable[[Path], None]:
    """A change of one place in a file of the project."""
    return lambda project: replace_once(project / file, old, new)


# What the project does against the cost of a start, and how a copy of it goes without.
SAVINGS: dict[str, Callable[[Path], None]] = {
    "models are not searched for garbage": edit(
        "operations/hooks/loader.py", "with without_garbage_collection():", "if True:"
    ),
    "parsed unit tests are cached": edit(
        "operations/sqlmesh_internals.py", 'if "{{" in text or "{%" in text:', "if True:"
    ),
    "packages of macros are not listed": edit(
        "config.py", "infer_python_dependencies=False", "infer_python_dependencies=True"
    ),
}


def contestants(platform: SqlMesh, plan: Command, folder: Path) -> dict[str, Command]:
    """All commands to be timed, each with its cache warm."""
    found = {
        "python": platform.python("-c", "pass"),
        "SQLMesh imported": platform.python("-c", "import sqlmesh.cli.main"),
        "project loaded": platform.python("-c", LOADED),
        PLAN: plan,
    }
    for number, (saving, take_out) in enumerate(SAVINGS.items()):
        project = folder / str(number)
        copy(platform.folder / "project", project)
        take_out(project)
        found[f"{PLAN}, not: {saving}"] = Command(plan.arguments, project, plan.settings)
    for command in found.values():
        run(command)
    return found


def main() -> int:
    """The command line; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup")
    parser.add_argument("--runs", type=int, default=5, help="of each command (default 5)")
    parser.add_argument("--out", type=Path, default=RESULT, help=f"default {RESULT.name}")
    options = parser.parse_args()
    on = taken_on()
    costs: dict[str, list[Cost]] = {}
    with tempfile.TemporaryDirectory(prefix="startup-") as name:
        folder = Path(name)
        deliveries = provide(folder, WATCHES, DAYS, "parquet")
        platform = SqlMesh(folder / "sqlmesh", deliveries.landing, "parquet")
        platform.check_out()
        run(platform.build(deliveries.last))
        plan = platform.plan("prod", deliveries.last)
        timed = contestants(platform, plan, folder)
        for _ in track(range(options.runs), "Timing all commands in turn"):
            for command, what in timed.items():
                costs.setdefault(command, []).append(run(what))
            rmtree(platform.folder / "project" / ".cache")
            costs.setdefault(f"{PLAN}, the first time", []).append(run(plan))
    print("| command | wall, s | CPU, s |\n|---|--:|--:|")
    for command, runs in costs.items():
        wall, cpu = (median(getattr(cost, measure) for cost in runs) for measure in ("wall", "cpu"))
        print(f"| {command} | {wall:.2f} | {cpu:.2f} |")
    told = {command: [asdict(cost) for cost in runs] for command, runs in costs.items()}
    options.out.write_text(json.dumps({**on, "runs": told}, indent=1) + "\n", encoding="utf-8")
    print(f"Written to {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
