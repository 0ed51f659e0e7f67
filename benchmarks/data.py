"""The deliveries that all peers load: made once, kept between runs, checked by a hash.

A history of some days, and the days after it. There are no bad values, since only this project
judges them. There are the generator's late, repeated and corrected rows.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from generator.generate import COPY_OPTIONS, write_days, write_landing
from generator.population import Settings
from macros.feeds import FEEDS

FIRST = date(2026, 1, 1)
LATE = 0.005
SEED = 1
DAYS_AFTER = 10
HASH_FILE = "sha256.json"


class DataChanged(Exception):
    """The kept deliveries are not those that were made; names the folder."""


@dataclass(frozen=True)
class Deliveries:
    """A history, and what comes after it.

    Attributes:
        folder: where all of it is kept.
        watches: watches in the history.
        days: days of the history.
        files_format: csv or parquet.
    """

    folder: Path
    watches: int
    days: int
    files_format: str

    @property
    def landing(self) -> Path:
        """What the peers load; holds the history, and days after it while a step needs them."""
        return self.folder / "landing"

    @property
    def eventful(self) -> Path:
        """The days after the history, with late rows and changed users."""
        return self.folder / "after"

    @property
    def quiet(self) -> Path:
        """The day after the history without what is late, repeated, corrected or changed."""
        return self.folder / "quiet"

    @property
    def last(self) -> date:
        """The last day of the history."""
        return self.day_after(0)

    def day_after(self, number: int) -> date:
        """The day so many days after the history."""
        return FIRST + timedelta(days=self.days - 1 + number)

    def deliver(self, source: Path, day: date, feeds: Iterable[str] = FEEDS) -> None:
        """Puts a day of `source` (`eventful` or `quiet`) into the landing, as links."""
        for feed in feeds:
            for path in (source / feed / f"dt={day}").glob("*"):
                target = self.landing / path.relative_to(source)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.link(path, target)

    def take_back(self) -> None:
        """Takes the days after the history out of the landing."""
        for folder in self.landing.glob("*/dt=*"):
            if date.fromisoformat(folder.name.removeprefix("dt=")) > self.last:
                shutil.rmtree(folder)

    def described(self) -> dict[str, object]:
        """What the data is: its hash, and how much of the eventful day is late or changed."""
        day = self.day_after(1)
        with duckdb.connect() as connection:
            ((watches, late),) = connection.execute(
                f"SELECT COUNT(*), COUNT(*) FILTER (watched_at::DATE < DATE '{day}') "
                f"FROM {self._rows(self.eventful, 'watches', day)}"
            ).fetchall()
            users = f"(SELECT DISTINCT user_id FROM {self._rows(self.landing, 'users')})"
            ((known, changed),) = connection.execute(
                f"SELECT (SELECT COUNT(*) FROM {users}), COUNT(DISTINCT user_id) "
                f"FROM {self._rows(self.eventful, 'users', day)} SEMI JOIN {users} USING (user_id)"
            ).fetchall()
        return {
            "watches": self.watches,
            "days": self.days,
            "format": self.files_format,
            "sha256": json.loads((self.folder / HASH_FILE).read_text())["sha256"],
            "late_share_of_the_eventful_day": round(late / watches, 4),
            "users_changed_on_the_eventful_day": round(changed / known, 4),
        }

    def write_quiet_day(self) -> None:
        """Writes the quiet day, out of the eventful one."""
        day = self.day_after(1)
        known = "ANTI JOIN (SELECT {key} FROM {rows}) USING ({key})"
        kept = {
            "users": known.format(key="user_id", rows=self._rows(self.landing, "users")),
            "shows": known.format(key="show_id", rows=self._rows(self.landing, "shows")),
            "watches": f"WHERE watched_at::DATE = DATE '{day}'",
            "ratings": f"WHERE rated_at::DATE = DATE '{day}'",
        }
        with duckdb.connect() as connection:
            for feed, condition in kept.items():
                if not (self.eventful / feed / f"dt={day}").exists():
                    continue
                target = self.quiet / feed / f"dt={day}" / f"part-0.{self.files_format}"
                target.parent.mkdir(parents=True)
                rows = self._rows(self.eventful, feed, day)
                connection.execute(
                    f"COPY (FROM {rows} {condition}) TO '{target}' "
                    f"({COPY_OPTIONS[self.files_format]})"
                )

    def _rows(self, source: Path, feed: str, day: date | None = None) -> str:
        """SQL of the rows of a feed in `source`, of one day or of all."""
        files = source / feed / f"dt={day or '*'}" / f"*.{self.files_format}"
        options = ", header = true, all_varchar = true" if self.files_format == "csv" else ""
        return f"read_{self.files_format}('{files}', hive_partitioning = false{options})"


def provide(folder: Path, watches: int, days: int, files_format: str) -> Deliveries:
    """The deliveries of a size below `folder`: those that are there, or new ones.

    Raises:
        DataChanged: those that are there are not as they were made.
    """
    deliveries = Deliveries(
        (folder / f"{files_format}-{watches}-{days}").resolve(), watches, days, files_format
    )
    kept = deliveries.folder / HASH_FILE
    if kept.exists():
        deliveries.take_back()
        if json.loads(kept.read_text())["sha256"] != _hash(deliveries):
            raise DataChanged(
                f"{deliveries.folder} does not hold what was generated into it: remove it, and "
                "it is generated anew"
            )
        return deliveries
    shutil.rmtree(deliveries.folder, ignore_errors=True)
    settings = Settings(watches, days, files_format, SEED, FIRST, 0.0, LATE)
    write_landing(settings, deliveries.landing)
    write_days(settings, deliveries.eventful, range(days + 1, days + 1 + DAYS_AFTER))
    deliveries.write_quiet_day()
    kept.write_text(json.dumps({"sha256": _hash(deliveries)}))
    return deliveries


def _hash(deliveries: Deliveries) -> str:
    """SHA-256 of the names and the contents of all files of deliveries."""
    total = hashlib.sha256()
    for path in sorted(deliveries.folder.glob("*/*/dt=*/*")):
        total.update(str(path.relative_to(deliveries.folder)).encode() + b"\0")
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                total.update(block)
    return total.hexdigest()
