"""The measurements, and whether they meet the goals."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import works
from benchmarks.dbt_environment import PINS
from benchmarks.measure import Cost

PROJECT = Path(__file__).parent.parent
PACKAGES = ("sqlmesh", "sqlglot", "duckdb")
DBT_PACKAGES = ("dbt-core", "dbt-duckdb")
SELF = "sqlmesh"
THE_SAME = 1.2  # a growth up to which two sizes count as the same
MILLION = 1_000_000
GIB = 2**30


@dataclass(frozen=True)
class Measurement:
    """One run of one step.

    Attributes:
        watches: watches in the history.
        files_format: of the deliveries.
        work: what was done.
        contestant: who did it.
        run: number of the run, from 1; contestants with one number ran one after the other.
        cost: of the process.
        size: bytes of the databases afterwards.
        rows: rows of gold in prod afterwards, and completed watches.
    """

    watches: int
    files_format: str
    work: str
    contestant: str
    run: int
    cost: Cost
    size: int
    rows: Mapping[str, int]

    def value(self, measure: str) -> float:
        """`wall` or `cpu` in seconds, `memory` or `size` in bytes."""
        return float(self.size if measure == "size" else getattr(self.cost, measure))

    def to_json(self) -> dict[str, object]:
        """The measurement as JSON values, seconds to the millisecond."""
        cost = {name: round(value, 3) for name, value in asdict(self.cost).items()}
        values = {name: value for name, value in vars(self).items() if name != "cost"}
        return {**values, "rows": dict(self.rows), **cost}

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> Measurement:
        """The measurement from what `to_json` gave."""
        own = dict(values)
        cost = Cost(*(own.pop(name) for name in ("wall", "cpu", "memory")))  # type: ignore[arg-type]
        return cls(cost=cost, **own)  # type: ignore[arg-type]


class Measurements:
    """All that was measured."""

    def __init__(self, measured: Iterable[Measurement] = ()) -> None:
        self.all = list(measured)

    def forget(self, measured: Iterable[str], watches: int, files_format: str) -> None:
        """Drops what there is of works that are measured anew."""
        forgotten = {(work, watches, files_format) for work in measured}
        self.all = [m for m in self.all if (m.work, m.watches, m.files_format) not in forgotten]

    def of(self, work: str, contestant: str, watches: int, files_format: str) -> list[Measurement]:
        """The runs of a contestant, in their order."""
        key = (work, contestant, watches, files_format)
        return [m for m in self.all if (m.work, m.contestant, m.watches, m.files_format) == key]

    def keys(self) -> list[tuple[str, str, int, str]]:
        """What can be asked of `of`, in the order in which it was measured first."""
        keys = ((m.work, m.contestant, m.watches, m.files_format) for m in self.all)
        return list(dict.fromkeys(keys))

    def differing_rows(self) -> list[str]:
        """Works after which the contestants have different numbers of rows in gold."""
        found: dict[tuple[str, int, str], set[tuple[tuple[str, int], ...]]] = {}
        for m in self.all:
            key = (m.work, m.watches, m.files_format)
            found.setdefault(key, set()).add(tuple(sorted(m.rows.items())))
        return [f"{key}: {sorted(rows)}" for key, rows in found.items() if len(rows) > 1]


@dataclass(frozen=True)
class Goal:
    """What a work may cost.

    Attributes:
        work: the work.
        measure: `wall`, `cpu`, `memory` or `size`.
        at_most: the greatest ratio that meets the goal.
        than: the contestant that the project is compared with; empty: the project itself at
            `from_watches`.
        watches: the only size that the goal is of; 0: every size.
        from_watches: the smaller size of a goal on growth.
    """

    work: str
    measure: str
    at_most: float
    than: str = ""
    watches: int = 0
    from_watches: int = 0

    def ratio(self, measurements: Measurements, watches: int, days: int) -> float | None:
        """The median over the runs of the project's value to the other's; None without both."""
        own = measurements.of(self.work, SELF, watches, "parquet")
        if not self.than:
            other = measurements.of(self.work, SELF, self.from_watches, "parquet")
        else:
            other = measurements.of(self.work, self.than, watches, "parquet")
        if not own or not other:
            return None
        if self.work == works.HISTORY:
            runs = sum(m.value(self.measure) for m in other) / len(other) * days
            return own[0].value(self.measure) / runs
        pairs = zip(own, other, strict=False)
        return median(a.value(self.measure) / b.value(self.measure) for a, b in pairs)

    def text(self, watches: int) -> str:
        """The goal in words."""
        than = f"of {self.than}" if self.than else f"of its own at {self.from_watches:,}"
        if self.work == works.HISTORY:
            than = f"of as many runs of {self.than} as days"
        return f"{self.work}, {watches:,} watches: {self.measure} {than}"


def _both(work: str, at_most: float, **more: object) -> list[Goal]:
    """A goal on time: of the wall and of the processors."""
    return [Goal(work, measure, at_most, **more) for measure in ("wall", "cpu")]  # type: ignore[arg-type]


def _the_same(work: str) -> list[Goal]:
    return _both(work, THE_SAME, watches=50 * MILLION, from_watches=MILLION)


GOALS = [
    *_both(works.FULL_BUILD, 1.0, than="dbt", watches=10 * MILLION),
    *_both(works.FULL_BUILD, 1.3, than="plain", watches=10 * MILLION),
    *_both(works.HISTORY, 0.01, than="dbt snapshot"),
    *(
        goal
        for work in (works.NEXT_DAY, works.EVENTFUL_DAY)
        for goal in (
            *_both(work, 0.8, than="dbt", watches=10 * MILLION),
            *_both(work, 0.4, than="dbt", watches=50 * MILLION),
            *_both(work, 2.0, watches=50 * MILLION, from_watches=MILLION),
        )
    ),
    *(
        goal
        for work in (works.PLAN_NOTHING, works.RUN_NOTHING)
        for goal in (*_both(work, 1.0, than="dbt ls"), *_the_same(work))
    ),
    *_both(works.NEW_ENVIRONMENT, 0.15, than="dbt", watches=10 * MILLION),
    *_both(works.NEW_ENVIRONMENT, 0.8, than="dbt clone", watches=10 * MILLION),
    *_the_same(works.NEW_ENVIRONMENT),
    *_both(works.CHANGE_IN_DEV, 1.0, than="dbt"),
    *(
        goal
        for work in (works.PROMOTION, works.ROLLBACK)
        for goal in (*_both(work, 0.25, than="dbt"), *_the_same(work))
    ),
    *(
        Goal(work, "memory", 1.0, than="dbt")
        for work in (works.FULL_BUILD, works.NEXT_DAY, works.EVENTFUL_DAY)
    ),
    Goal(works.FULL_BUILD, "size", 1.2, than="dbt"),
]
MEMORY_AT_50M = 12 * GIB


def judged(measurements: Measurements, days: int) -> list[dict[str, object]]:
    """Each goal that was measured, for each size: its value, the greatest allowed, whether met."""
    sizes = sorted({m.watches for m in measurements.all})
    found = []
    for goal in GOALS:
        for watches in [goal.watches] if goal.watches else sizes:
            ratio = goal.ratio(measurements, watches, days)
            if ratio is not None:
                found.append(
                    {
                        "goal": goal.text(watches),
                        "value": round(ratio, 4),
                        "at_most": goal.at_most,
                        "met": ratio <= goal.at_most,
                    }
                )
    largest = measurements.of(works.FULL_BUILD, SELF, 50 * MILLION, "parquet")
    if largest:
        memory = max(m.cost.memory for m in largest)
        found.append(
            {
                "goal": f"{works.FULL_BUILD}, {50 * MILLION:,} watches: memory in GiB",
                "value": round(memory / GIB, 2),
                "at_most": MEMORY_AT_50M / GIB,
                "met": memory <= MEMORY_AT_50M,
            }
        )
    return found


def taken_on() -> dict[str, object]:
    """What the results are taken on, and of which code."""
    return {"machine": machine(), "versions": versions(), "commit": commit()}


def told(
    measurements: Measurements, data: Iterable[Mapping[str, object]], days: int
) -> dict[str, object]:
    """The results, and the data that they were taken with."""
    return {
        "data": list(data),
        "medians": [
            {
                "work": work,
                "contestant": contestant,
                "watches": watches,
                "format": files_format,
                "runs": len(runs := measurements.of(work, contestant, watches, files_format)),
                **{
                    measure: round(median(m.value(measure) for m in runs), 3)
                    for measure in ("wall", "cpu", "memory", "size")
                },
                "rows": dict(runs[-1].rows),
            }
            for work, contestant, watches, files_format in measurements.keys()
        ],
        "goals": judged(measurements, days),
        "measurements": [m.to_json() for m in measurements.all],
    }


def machine() -> dict[str, object]:
    """What it was measured on; no name of it."""
    pages, page = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(pages * page / GIB, 1),
        "system": f"{platform.system()} {platform.machine()}",
    }


def versions() -> dict[str, str]:
    """The versions of what was measured."""
    pins = dict(
        line.split(" ")[0].split("==") for line in PINS.read_text().splitlines() if "==" in line
    )
    return {
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
        **{package: pins[package] for package in DBT_PACKAGES},
    }


def commit() -> str:
    """The commit that was measured, marked when other files than results differ from it."""

    def git(*arguments: str) -> str:
        ran = subprocess.run(["git", *arguments], cwd=PROJECT, capture_output=True, text=True)
        return ran.stdout.strip()

    differs = git("status", "--porcelain", "--", ".", ":!benchmarks/results")
    return git("rev-parse", "--short=12", "HEAD") + ("-dirty" if differs else "")


def write(results: Mapping[str, object], folder: Path) -> None:
    """Writes the results as JSON and as a page of tables."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
    (folder / "peers.json").write_text(text, encoding="utf-8")
    (folder / "peers.md").write_text(markdown(results), encoding="utf-8")


def markdown(results: Mapping[str, Any]) -> str:
    """The results as tables: the goals, then each size."""
    machine, versions = results["machine"], results["versions"]
    lines = [
        "# The peers, measured",
        "",
        f"Medians. {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}; "
        + ", ".join(f"{name} {number}" for name, number in versions.items())
        + f"; commit {results['commit']}. A run of dbt snapshot is of one day.",
        "",
        "| goal | value | at most | met |",
        "|---|--:|--:|---|",
        *(
            f"| {goal['goal']} | {goal['value']} | {goal['at_most']} | "
            f"{'yes' if goal['met'] else 'no'} |"
            for goal in results["goals"]
        ),
    ]
    medians = results["medians"]
    for size in dict.fromkeys((m["watches"], m["format"]) for m in medians):
        lines += [
            "",
            f"## {size[0]:,} watches, {size[1]}",
            "",
            "| work | contestant | runs | wall, s | CPU, s | memory, MiB | disk, MiB |",
            "|---|---|--:|--:|--:|--:|--:|",
            *(
                f"| {m['work']} | {m['contestant']} | {m['runs']} | {m['wall']:.2f} | "
                f"{m['cpu']:.2f} | {m['memory'] / 2**20:,.0f} | {m['size'] / 2**20:,.0f} |"
                for m in medians
                if (m["watches"], m["format"]) == size
            ),
        ]
    return "\n".join(lines) + "\n"
