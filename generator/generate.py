"""Writing a landing, and adding a day to one."""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb

from generator.dirt import delivered_sql
from generator.feeds import feed_sql, setup_sql
from generator.population import DeliveriesError, Population, Settings
from macros.feeds import FEEDS

SETTINGS_FILE = "_generator.json"  # as nobody's delivery
BATCH_WATCHES = 500_000  # generated at a time, by each worker
BATCH_DAYS = 30
COPY_OPTIONS = {
    "csv": "FORMAT csv, HEADER",
    "json": "FORMAT json",
    "parquet": "FORMAT parquet, COMPRESSION zstd",
}


@dataclass
class Written:
    """What was written: rows, files and bytes for each feed, and the days."""

    days: int = 0
    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FEEDS, 0))
    files: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FEEDS, 0))
    bytes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FEEDS, 0))

    def add(self, days: int, files: list[tuple[str, int, int]]) -> None:
        """Count so many days and their files, each given as feed, rows, bytes."""
        self.days += days
        for feed, rows, size in files:
            self.rows[feed] += rows
            self.files[feed] += 1
            self.bytes[feed] += size

    def counts(self) -> list[tuple[str, int, int, int]]:
        """Feed, rows, files, bytes; then all feeds together."""
        each = [(feed, self.rows[feed], self.files[feed], self.bytes[feed]) for feed in FEEDS]
        rows, files, size = (sum(of.values()) for of in (self.rows, self.files, self.bytes))
        return [*each, ("all", rows, files, size)]


def write_landing(settings: Settings, root: Path, threads: int | None = None) -> Written:
    """Write days 1 to `settings.days` into `root`, then the settings, so only when finished.

    `threads` is the number of workers (default: one for each CPU); the rows do not depend on it.
    Raises DeliveriesError when `root` is a file or holds anything.
    """
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise DeliveriesError(f"{root} is not an empty folder: give another --out, or empty it")
    written = write_days(settings, root, range(1, settings.days + 1), threads)
    (root / SETTINGS_FILE).write_text(
        json.dumps(settings.to_json(), indent=2) + "\n", encoding="utf-8"
    )
    return written


def append_day(root: Path) -> Written:
    """Add the day after the last one in the landing `root`, from the settings stored there."""
    settings = read_settings(root)
    next_day = Population(settings).day(last_delivery(root)) + 1
    return write_days(settings, root, range(next_day, next_day + 1))


def read_settings(root: Path) -> Settings:
    """The settings of the landing `root`. Raises DeliveriesError when absent or unreadable."""
    path = root / SETTINGS_FILE
    try:
        return Settings.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        raise DeliveriesError(
            f"{path} does not exist: a day can be added only to a landing that this generator "
            "finished; write one first, without --append-day"
        ) from None
    except (KeyError, TypeError, ValueError) as error:
        raise DeliveriesError(
            f"{path} does not hold a landing's settings ({error}): write the landing anew"
        ) from error


def last_delivery(root: Path) -> date:
    """The greatest dt in the landing `root`. Raises DeliveriesError when there is none."""
    days = [
        folder.name.removeprefix("dt=") for feed in FEEDS for folder in (root / feed).glob("dt=*")
    ]
    if not days:
        raise DeliveriesError(
            f"{root} holds no <feed>/dt=YYYY-MM-DD folder: write it anew, without --append-day"
        )
    try:
        return max(map(date.fromisoformat, days))
    except ValueError as error:
        raise DeliveriesError(
            f"{root} holds a dt= folder that names no day ({error}): move it away"
        ) from error


def write_days(settings: Settings, root: Path, days: range, threads: int | None = None) -> Written:
    """Write `days` (numbers from 1), each feed to <root>/<feed>/dt=YYYY-MM-DD/part-0.<format>.

    A feed without a row on a day gets no file. Memory holds about BATCH_WATCHES watches for each of
    the `threads` workers, but at least a day's.
    """
    population, written = Population(settings), Written()
    step = max(1, min(BATCH_DAYS, BATCH_WATCHES * settings.days // settings.watches))
    batches = [days[first : first + step] for first in range(0, len(days), step)]
    workers = min(threads or os.cpu_count() or 1, len(batches))
    with duckdb.connect(config={"threads": workers}) as connection:
        for statement in setup_sql(population, days[-1]):
            connection.execute(statement)

        def write(batch: range) -> list[tuple[str, int, int]]:
            with connection.cursor() as cursor:
                return _write_batch(cursor, population, root, batch)

        with ThreadPoolExecutor(workers) as pool:
            for batch, files in zip(batches, pool.map(write, batches), strict=True):
                written.add(len(batch), files)
                _show_progress(written.days, len(days))
    return written


def _write_batch(
    connection: duckdb.DuckDBPyConnection, population: Population, root: Path, days: range
) -> list[tuple[str, int, int]]:
    """Write `days`; gives feed, rows and bytes of each file."""
    settings, files = population.settings, []
    for feed in FEEDS:
        query = delivered_sql(
            feed, feed_sql(feed, population, days), settings.format, settings.dirt
        )
        connection.execute(f"CREATE OR REPLACE TEMP TABLE batch AS {query}")
        delivering = connection.execute(
            "SELECT _day, count(*) FROM batch GROUP BY _day ORDER BY _day"
        ).fetchall()
        for day, rows in delivering:
            path = root / feed / f"dt={population.date_of(day)}" / f"part-0.{settings.format}"
            path.parent.mkdir(parents=True)
            target = str(path).replace("'", "''")
            connection.execute(
                f"COPY (SELECT * EXCLUDE (_day) FROM batch WHERE _day = {day}) "
                f"TO '{target}' ({COPY_OPTIONS[settings.format]})"
            )
            files.append((feed, rows, path.stat().st_size))
    return files


def _show_progress(done: int, total: int) -> None:
    """Say on stderr how far it is: in place on a terminal, else a line for each batch."""
    if sys.stderr.isatty():
        print(
            f"\r{done} of {total} days",
            end="\n" if done == total else "",
            file=sys.stderr,
            flush=True,
        )
    else:
        print(f"{done} of {total} days", file=sys.stderr, flush=True)
