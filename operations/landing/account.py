"""What of a landing is not read, and what in it is no longer what was loaded."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlmesh import Context
from sqlmesh.utils.date import now, to_datetime
from sqlmesh.utils.errors import SQLMeshError

from macros.feeds import FEEDS, LANDED, REQUESTS
from macros.reading.listing import Stock, Stray, take_stock
from macros.settings import FORMATS, landing_of, setting
from operations.landing import late
from operations.landing.late import Late
from operations.terminal import Table, counted, first_of

MOST_PATHS = 3  # that are named of each kind
REASONS = {
    "extension": "named otherwise than STREAMING_LANDING_FORMAT says",
    "folder": "not directly in the folder of a day",
    "day": "in a folder that is no day, dt=YYYY-MM-DD",
    "before_start": "of a day before the models' start",
    "feed": "in a folder that is no feed",
}

Item = TypeVar("Item", Stray, Late)
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Account:
    """A landing as it was found at one moment.

    Attributes:
        strays: The files that are not read.
        late: The files that are no longer what was loaded of them.
        days: How many days have files, or had when they were loaded.
    """

    strays: list[Stray] = field(default_factory=list)
    late: list[Late] = field(default_factory=list)
    days: int = 0

    @property
    def not_read(self) -> Table:
        """The files that are not read, by reason."""
        rows = _by(self.strays, lambda stray: (stray.reason,))
        return Table(("not_read", "files", "first"), rows)

    @property
    def not_loaded(self) -> Table:
        """The files that are late, by feed and day."""
        rows = _by(self.late, lambda file: (file.what, file.feed, file.day))
        return Table(("late", "feed", "day", "files", "first"), rows)

    @property
    def is_another_landing(self) -> bool:
        """Whether so many days differ that their files are hardly late."""
        return late.are_most(self.late, self.days)

    def lines(self, environment: str) -> list[str]:
        """What there is to tell; nothing where all of the landing is read and loaded."""
        told = _lines_of_strays(self)
        told += [
            f"Late: of {feed}, {day}, which was loaded, {counted(count, 'file')} {what}: {first}."
            for what, feed, day, count, first in self.not_loaded.rows
        ]
        if self.late:
            told.append(f"Next: {late.next_step(self.late, self.days, environment)}")
        return told


def look(context: Context, environment: str, with_late: bool = True) -> Account:
    """Looks at the landing, and at what an environment has loaded of it.

    Args:
        with_late: Whether it is compared with what was loaded.

    Raises:
        SQLMeshError: A setting is wrong, the landing cannot be listed or nothing in it is read; or
            STREAMING_STRAY_FILES is `stop` and there are some.
    """
    start = to_datetime(context.config.model_defaults.start or 0).date()
    if not (landing := setting("STREAMING_LANDING")):
        return _requests_beside_data(context, environment, start) if with_late else Account()
    since = None
    if context.engine_adapter.dialect == "databricks":
        since = now().date() - timedelta(days=int(setting("STREAMING_LATE_DAYS")))
    files_format = setting("STREAMING_LANDING_FORMAT")
    stock = take_stock(context.engine_adapter, landing, LANDED, files_format, start, since)
    if not any(file.feed in FEEDS for file in stock.files):
        raise SQLMeshError(_nothing_is_read(landing, files_format, stock))
    account = Account(stock.strays)
    if with_late:
        account = Account(stock.strays, *late.find(context, environment, stock.files, since))
    if account.strays and setting("STREAMING_STRAY_FILES") == "stop":
        raise SQLMeshError(
            f"{' '.join(_lines_of_strays(account))} STREAMING_STRAY_FILES is 'stop': move or "
            "rename these files, or set it to 'tell'."
        )
    return account


def _requests_beside_data(context: Context, environment: str, start: date) -> Account:
    """The requests for erasure that lie beside the local data and are not granted.

    As after a restore of data that is older than they are.
    """
    place, files_format = landing_of(REQUESTS, context.engine_adapter.dialect)
    if not (Path(place) / REQUESTS).is_dir():
        return Account()
    files = take_stock(context.engine_adapter, place, [REQUESTS], files_format, start, None).files
    found, days = late.find(context, environment, files, None)
    return Account(late=[file for file in found if file.feed == REQUESTS], days=days)


def _nothing_is_read(landing: str, files_format: str, stock: Stock) -> str:
    """What lies in a landing without a file to read, and what is likely wrong."""
    lies = " ".join(_lines_of_strays(Account(stock.strays))) or "There is no file in it."
    return (
        f"STREAMING_LANDING is '{landing}', in which no feed has a file that is read. {lies} "
        f"{_guess(landing, files_format, stock.strays)}"
    )


def _guess(landing: str, files_format: str, strays: list[Stray]) -> str:
    """What to set, by what lies in a landing without a file to read."""
    folder = Path(landing)
    below = f"{landing}/"
    if folder.name.startswith("dt=") and folder.parent.name in FEEDS:
        return f"This is one day's folder: set STREAMING_LANDING={folder.parent.parent}"
    if folder.name in FEEDS:
        return f"This is one feed's folder: set STREAMING_LANDING={folder.parent}"
    higher = re.compile(rf"{re.escape(below)}(.+?)/(?:{'|'.join(FEEDS)})/dt=", re.S)
    roots = Counter(found[1] for stray in strays if (found := higher.match(stray.path)))
    if roots:
        [(root, _)] = roots.most_common(1)
        return f"The feeds seem to lie below it: set STREAMING_LANDING={below}{root}"
    others = Counter(
        other
        for stray in strays
        for other in FORMATS
        if stray.reason == "extension" and re.search(rf"\.{other}(\.gz)?$", stray.path.lower())
    )
    if others:
        [(other, count)] = others.most_common(1)
        return (
            f"There are {count:,} {other} files, but STREAMING_LANDING_FORMAT is {files_format}: "
            f"set STREAMING_LANDING_FORMAT={other}"
        )
    return (
        f"A file is read from {below}<feed>/dt=YYYY-MM-DD/*.{files_format}; feeds are "
        f"{', '.join(FEEDS)}."
    )


def _lines_of_strays(account: Account) -> list[str]:
    return [
        f"Not read ({reason}): {counted(count, 'file')} {REASONS[reason]}: {first}."
        for reason, count, first in account.not_read.rows
    ]


def _by(items: Iterable[Item], key: Callable[[Item], Key]) -> list[Key]:
    """Each key, how many items have it, and the first paths of these."""
    by_key: dict[Key, list[str]] = defaultdict(list)
    for item in items:
        by_key[key(item)].append(item.path)
    return [
        kind + (len(paths), first_of(paths, MOST_PATHS)) for kind, paths in sorted(by_key.items())
    ]
