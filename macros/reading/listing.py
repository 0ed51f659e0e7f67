"""Which files of a landing are read, by one rule on both engines (contract, section 1)."""

from __future__ import annotations

import os
import stat
import typing as t
import zlib
from datetime import date, datetime, timezone

from sqlglot import exp
from sqlmesh import EngineAdapter
from sqlmesh.utils.errors import SQLMeshError

MOST_FOLDERS = 100  # that are looked into where nothing is to be read


class Entry(t.NamedTuple):
    """What lies in a folder. A folder has no size, and its time says nothing."""

    name: str
    path: str
    is_folder: bool
    bytes: int
    modified_at: datetime


class Landed(t.NamedTuple):
    """A file that is read. `modified_at` is in UTC, without a time zone."""

    feed: str
    day: date
    path: str
    bytes: int
    modified_at: datetime

    @property
    def state(self) -> int:
        """A checksum of its size and time of change."""
        return zlib.crc32(f"{self.bytes} {self.modified_at.isoformat()}".encode())


class Stray(t.NamedTuple):
    """A file that is not read, and why: extension, folder, day, before_start or feed."""

    path: str
    reason: str


class Stock(t.NamedTuple):
    """All that lies in a landing."""

    files: list[Landed]
    strays: list[Stray]


def list_folder(adapter: EngineAdapter | None, folder: str) -> list[Entry]:
    """What lies in a folder but for names that begin with `.` or `_`, by name.

    Args:
        adapter: The engine that lists a volume. DuckDB's, or None: the folder is on this machine.

    Raises:
        SQLMeshError: The folder, or a file in it, cannot be looked at.
    """
    try:
        if adapter is None or adapter.dialect != "databricks":
            with os.scandir(folder) as found:
                entries = [_local_entry(entry) for entry in found]
        else:
            # path, name, size, modification_time:
            # docs.databricks.com/en/sql/language-manual/sql-ref-syntax-aux-list.html
            rows = adapter.fetchall(f"LIST {exp.Literal.string(folder).sql('databricks')}")
            entries = [_volume_entry(folder, *row[1:4]) for row in rows]
    except Exception as error:
        raise SQLMeshError(f"{folder}: cannot be listed: {error}") from error
    return sorted(entry for entry in entries if not entry.name.startswith((".", "_")))


def delivered(
    adapter: EngineAdapter | None,
    landing: str,
    feed: str,
    files_format: str,
    start: date,
    end: date,
) -> list[Landed]:
    """The files that a feed delivered from `start` to `end` (both included), by their paths.

    Args:
        adapter: As of `list_folder`.

    Raises:
        SQLMeshError: The landing is no folder, or cannot be listed.
    """
    root = landing.rstrip("/") or "/"
    return [
        Landed(feed, day, entry.path, entry.bytes, entry.modified_at)
        for of_feed in _landing_entries(adapter, root)
        if of_feed.is_folder and of_feed.name == feed
        for folder in list_folder(adapter, of_feed.path)
        if folder.is_folder and (day := day_of(folder.name)) and start <= day <= end
        for entry in list_folder(adapter, folder.path)
        if not entry.is_folder and has_format(entry.name, files_format)
    ]


def take_stock(
    adapter: EngineAdapter | None,
    landing: str,
    feeds: t.Collection[str],
    files_format: str,
    start: date,
    since: date | None = None,
) -> Stock:
    """The files of a landing: those that are read, and those that are not.

    Args:
        adapter: As of `list_folder`.
        feeds: Their names.
        start: The first day that is read.
        since: The folders of earlier days are not looked into, unless no later one has a file
            that is read; None: all are.

    Raises:
        SQLMeshError: The landing is no folder, or cannot be listed.
    """
    root = landing.rstrip("/") or "/"
    stock = Stock([], [])
    earlier: list[tuple[date, str, Entry]] = []
    for top in _landing_entries(adapter, root):
        if not top.is_folder:
            stock.strays.append(Stray(top.path, "folder"))
        elif top.name not in feeds:
            stock.strays.extend(_all_below(adapter, top, "feed"))
        else:
            for entry in list_folder(adapter, top.path):
                day = day_of(entry.name)
                if not entry.is_folder:
                    stock.strays.append(Stray(entry.path, "folder"))
                elif not day:
                    reason = "day" if entry.name.startswith("dt=") else "folder"
                    stock.strays.extend(_all_below(adapter, entry, reason))
                elif since and day < since:
                    earlier.append((day, top.name, entry))
                elif day < start:
                    stock.strays.extend(_all_below(adapter, entry, "before_start"))
                else:
                    _add_day(adapter, stock, top.name, day, entry, files_format)
    for day, feed, entry in sorted(earlier, reverse=True):
        if stock.files or day < start:
            break
        _add_day(adapter, stock, feed, day, entry, files_format)
    return stock


def has_format(name: str, files_format: str) -> bool:
    """Whether a file's name is that of a delivery in a format."""
    endings = [f".{files_format}"]
    if files_format != "parquet":
        endings.append(f".{files_format}.gz")
    return name.lower().endswith(tuple(endings))


def day_of(folder: str) -> date | None:
    """The day of a folder `dt=YYYY-MM-DD`; None if it is none."""
    text = folder[3:]
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if folder.startswith("dt=") and text == day.isoformat() else None


def _landing_entries(adapter: EngineAdapter | None, landing: str) -> list[Entry]:
    try:
        return list_folder(adapter, landing)
    except SQLMeshError as error:
        where = (
            "cannot be listed"
            if adapter is not None and adapter.dialect == "databricks"
            else "is no folder that can be listed"
        )
        raise SQLMeshError(
            f"STREAMING_LANDING is '{landing}', which {where} ({error.__cause__}). Correct it, "
            "see to it that it may be read, or leave it empty to read the seeds."
        ) from error


def _add_day(
    adapter: EngineAdapter | None,
    stock: Stock,
    feed: str,
    day: date,
    folder: Entry,
    files_format: str,
) -> None:
    for entry in list_folder(adapter, folder.path):
        if entry.is_folder:
            stock.strays.extend(_all_below(adapter, entry, "folder"))
        elif has_format(entry.name, files_format):
            stock.files.append(Landed(feed, day, entry.path, entry.bytes, entry.modified_at))
        else:
            stock.strays.append(Stray(entry.path, "extension"))


def _all_below(adapter: EngineAdapter | None, folder: Entry, reason: str) -> list[Stray]:
    """Every file in a folder and below; of a tree with very many folders, the rest by folder."""
    found: list[Stray] = []
    folders, seen = [folder.path], 0
    while folders:
        path, seen = folders.pop(0), seen + 1
        if seen > MOST_FOLDERS:
            found.append(Stray(f"{path}/", reason))
            continue
        for entry in list_folder(adapter, path):
            if entry.is_folder:
                folders.append(entry.path)
            else:
                found.append(Stray(entry.path, reason))
    return found


def _local_entry(entry: os.DirEntry[str]) -> Entry:
    is_folder = entry.is_dir()
    # A link that leads nowhere is a file: whoever reads it is told that it is not there.
    status = entry.stat(follow_symlinks=os.path.exists(entry.path))
    if not is_folder and stat.S_IFMT(status.st_mode) not in (stat.S_IFREG, stat.S_IFLNK):
        raise OSError(f"{entry.name} is a pipe or a device. Take it out of the landing")
    # Milliseconds, as a volume's listing has them
    modified_at = datetime.fromtimestamp(status.st_mtime_ns // 1_000_000 / 1000, timezone.utc)
    size = 0 if is_folder else status.st_size
    return Entry(entry.name, entry.path, is_folder, size, modified_at.replace(tzinfo=None))


def _volume_entry(folder: str, name: str, size: int, modified: datetime | int | None) -> Entry:
    if not isinstance(modified, datetime):
        modified = datetime.fromtimestamp((modified or 0) / 1000, timezone.utc)
    elif modified.tzinfo:
        modified = modified.astimezone(timezone.utc)
    path = f"{folder.rstrip('/')}/{name.rstrip('/')}"
    return Entry(name.rstrip("/"), path, name.endswith("/"), size, modified.replace(tzinfo=None))
