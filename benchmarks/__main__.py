"""This project beside dbt and plain SQL: `python -m benchmarks`.

Makes the deliveries (kept between runs), and dbt's environment when it is not there; then has the
peers do each work in turn, each time from a copy of the same state, as a process of its own.
Writes benchmarks/results/peers.json, .md and .svg after every work.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import dbt_environment, works
from benchmarks.data import DataChanged, Deliveries, provide
from benchmarks.measure import CommandFailed, run
from benchmarks.peers import Dbt, Peer, Plain, SqlMesh, copy
from benchmarks.results import Measurement, Measurements, taken_on, told, write
from benchmarks.works import Scenario, Turn, scenarios

BENCHMARKS = Path(__file__).parent
WORK_NAMES = [value for name, value in vars(works).items() if name.isupper() and type(value) is str]


@dataclass(frozen=True)
class Size:
    """A size of the history, and the format of its files."""

    watches: int
    files_format: str

    @classmethod
    def parsed(cls, text: str) -> Size:
        """`1M`, `20000`, `10M:csv`."""
        count, _, files_format = text.partition(":")
        million = count.upper().endswith("M")
        watches = int(count[:-1]) * 1_000_000 if million else int(count)
        if files_format not in ("", "csv", "parquet") or watches < 1:
            raise ValueError(text)
        return cls(watches, files_format or "parquet")


class OtherGround(Exception):
    """Results cannot be added to those of a file; says why."""


class Benchmark:
    """One size: its deliveries, and the peers with their states."""

    def __init__(self, deliveries: Deliveries, folder: Path) -> None:
        self.deliveries = deliveries
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was cut off
        landing, files_format = deliveries.landing, deliveries.files_format
        self.sqlmesh = SqlMesh(folder / "sqlmesh", landing, files_format)
        self.dbt = Dbt(folder / "dbt", landing, files_format)
        self.plain = Plain(folder / "plain", landing, files_format)
        self.scenarios = scenarios(deliveries, self.sqlmesh, self.dbt, self.plain)

    def chosen(self, names: Sequence[str]) -> list[Scenario]:
        """The scenarios in which one of these works is measured. Csv differs in loading alone."""
        if self.deliveries.files_format == "csv":
            names = [name for name in names if name in works.LOADS]
        return [scenario for scenario in self.scenarios if set(scenario.works) & set(names)]

    def begin(self, turn: Turn) -> None:
        """Puts the peer into the state from which its turn starts."""
        self.deliveries.take_back()
        if turn.from_nothing:
            turn.peer.check_out()
        else:
            if not self._kept(turn.peer).exists():
                turn.peer.check_out()
                run(turn.peer.build(self.deliveries.last))
                self.keep(turn.peer)
            copy(self._kept(turn.peer), turn.peer.folder)

    def keep(self, peer: Peer) -> None:
        """Keeps a peer's state, that of a full build, for the turns that begin with it."""
        if peer is self.dbt:
            self.dbt.keep_manifest()
            run(self.dbt.parse_dev())
        copy(peer.folder, self._kept(peer))

    def remove(self) -> None:
        """Removes all states."""
        self.deliveries.take_back()
        shutil.rmtree(self.folder)

    def _kept(self, peer: Peer) -> Path:
        return self.folder / f"{peer.name}.kept"


def measure(
    benchmark: Benchmark, scenario: Scenario, runs: int, measured: Measurements, progress: Progress
) -> None:
    """Has the peers do a scenario in turn, so many times; adds what was measured."""
    deliveries = benchmark.deliveries
    bar = progress.add_task(f"{deliveries.watches:,} {deliveries.files_format}", total=None)
    times = 1 if scenario.once else runs
    measured.forget(scenario.works, deliveries.watches, deliveries.files_format)
    progress.update(bar, total=times * sum(len(turn.steps) for turn in scenario.turns))
    for number in range(1, times + 1):
        for turn in scenario.turns:
            where = f"{deliveries.watches:,} {deliveries.files_format}"
            progress.update(bar, description=f"{where}: the state of {turn.peer.name}")
            benchmark.begin(turn)
            for step in turn.steps:
                contestant = turn.contestant(step)
                progress.update(bar, description=f"{where}: {step.work} ({contestant})")
                step.before()
                os.sync()
                cost = run(step.command)
                measured.all.append(
                    Measurement(
                        deliveries.watches,
                        deliveries.files_format,
                        step.work,
                        contestant,
                        number,
                        cost,
                        turn.peer.size(),
                        turn.peer.rows(),
                    )
                )
                told_of = f"{step.work}, {contestant}, {number} of {times}"
                progress.console.print(f"{where}: {told_of}: {cost.wall:.1f} s", highlight=False)
                progress.advance(bar)
            if turn.from_nothing and number == times:
                benchmark.keep(turn.peer)
    progress.remove_task(bar)


def earlier(
    path: Path, on: Mapping[str, object]
) -> tuple[Measurements, dict[str, dict[str, object]]]:
    """The measurements in a file of results, and the data that they were taken with.

    Raises:
        OtherGround: they were taken of other versions, another commit or another machine.
    """
    results = json.loads(path.read_text(encoding="utf-8"))
    for name, value in on.items():
        if results[name] != value:
            raise OtherGround(
                f"{path} was measured with {name} {results[name]}, now it is {value}: "
                "measure all of it anew, without --add, or give another --out"
            )
    data = {"{format}-{watches}-{days}".format(**told): told for told in results["data"]}
    return Measurements(map(Measurement.from_json, results["measurements"])), data


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The arguments; exits with 2 on a wrong one."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.split("\n\n")[0]
    )
    sizes = "1M 10M 10M:csv 50M"
    parser.add_argument(
        "--sizes",
        nargs="+",
        type=Size.parsed,
        default=[Size.parsed(size) for size in sizes.split()],
        help=f"watches in the history, with :csv for csv files (default {sizes})",
    )
    parser.add_argument("--days", type=int, default=180, help="days of the history (default 180)")
    parser.add_argument("--runs", type=int, default=5, help="of each work (default 5)")
    parser.add_argument(
        "--work",
        nargs="+",
        choices=WORK_NAMES,
        metavar="WORK",
        default=WORK_NAMES,
        help=f"only these: {', '.join(map(repr, WORK_NAMES))}",
    )
    parser.add_argument(
        "--add",
        action="store_true",
        help="to the results in --out, in the place of those of the same work and size",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=BENCHMARKS / ".work",
        help="where deliveries are kept, and databases meanwhile (default benchmarks/.work)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=BENCHMARKS / "results",
        help="where results are written (default benchmarks/results)",
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; gives the exit status: 0, or 1 after an error, told on stderr."""
    options = parse(arguments)
    try:
        return compare(options)
    except (DataChanged, CommandFailed, OtherGround, OSError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1


def compare(options: argparse.Namespace) -> int:
    """Measures what the options say; gives 1 where the peers' gold differs in its rows."""
    if not dbt_environment.ready():
        print(f"Installing dbt into {dbt_environment.FOLDER}", flush=True)
        dbt_environment.make()
    # Imported late, so that what is missing is said before hours of measuring.
    from benchmarks.plots import draw

    # Before the first result is written, which changes the checkout.
    on = taken_on()
    measured, data = (
        earlier(options.out / "peers.json", on) if options.add else (Measurements(), {})
    )
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    for size in options.sizes:
        print(f"{size.watches:,} watches, {size.files_format}: the deliveries", flush=True)
        deliveries = provide(options.folder, size.watches, options.days, size.files_format)
        data[str(deliveries.folder.name)] = deliveries.described()
        benchmark = Benchmark(deliveries, options.folder / "states")
        chosen = benchmark.chosen(options.work)
        with Progress(*columns, console=Console(stderr=True)) as progress:
            whole = progress.add_task("all works of this size", total=len(chosen))
            for scenario in chosen:
                measure(benchmark, scenario, options.runs, measured, progress)
                progress.advance(whole)
                results = {**on, **told(measured, data.values(), options.days)}
                write(results, options.out)
        draw(results, options.out)
        benchmark.remove()
    print(f"Written to {options.out}: peers.json, peers.md, peers_*.svg")
    differing = measured.differing_rows()
    for line in differing:
        print(f"benchmarks: the peers' gold differs after {line}", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
