"""Which files of a landing are read, by one rule on both engines (contract, section 1).

A job on Databricks sees a volume as a folder, and asks no warehouse for what lies in it.
"""

from __future__ import annotations

import os
import re
import stat
import typing as t
import zlib
from datetime import date, datetime, timezone

from sqlglot import exp
from sqlmesh import EngineAdapter
from sqlmesh.utils.errors import SQLMeshError

from macros.reading.volume import ask, file_path

VOLUMES = "/Volumes/"
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
        if adapter is None or not _is_remote(adapter, folder):
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
    feeds: t.Collection[str],
    files_format: str,
    start: date,
    end: date,
) -> list[Landed]:
    """The files that feeds delivered from `start` to `end` (both included), by their paths.

    Args:
        adapter: As of `list_folder`.

    Raises:
        SQLMeshError: The landing is no folder, or cannot be listed.
    """
    return [
        _landed(feed, day, entry)
        for feed, day, folder in _days(adapter, landing, feeds)
        if start <= day <= end
        for entry in list_folder(adapter, folder)
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
    stock = Stock([], [])
    recent, earlier = [], []
    for top in _landing_entries(adapter, landing):
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
                    earlier.append((top.name, day, entry.path))
                elif day < start:
                    stock.strays.extend(_all_below(adapter, entry, "before_start"))
                else:
                    recent.append((top.name, day, entry.path))
    found = _of_days(adapter, recent, files_format)
    for folder in sorted(earlier, key=lambda folder: folder[1], reverse=True):
        if found.files or folder[1] < start:
            break
        found = _of_days(adapter, [folder], files_format)
    return Stock(found.files, stock.strays + found.strays)


def _landed(feed: str, day: date, entry: Entry) -> Landed:
    try:
        entry.path.encode()
    except UnicodeEncodeError:
        raise SQLMeshError(f"{entry.path!r}: its name is no UTF-8. Rename it.") from None
    return Landed(feed, day, entry.path, entry.bytes, entry.modified_at)


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


def _is_remote(adapter: EngineAdapter, path: str) -> bool:
    """Whether a path is to be asked of Databricks; a job has the volume as a folder."""
    is_mounted = path.startswith(VOLUMES) and os.path.isdir(path)
    return adapter.dialect == "databricks" and not is_mounted


def _days(
    adapter: EngineAdapter | None, landing: str, feeds: t.Collection[str]
) -> t.Iterator[tuple[str, date, str]]:
    """The folders of the days of feeds: feed, day and path."""
    for top in _landing_entries(adapter, landing):
        if top.is_folder and top.name in feeds:
            for entry in list_folder(adapter, top.path):
                if entry.is_folder and (day := day_of(entry.name)):
                    yield top.name, day, entry.path


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


def _of_days(
    adapter: EngineAdapter | None, folders: list[tuple[str, date, str]], files_format: str
) -> Stock:
    """What lies in the folders of days (feed, day, path): files that are read, and others.

    A volume is asked by one statement, however many its days, in which files without a byte do not
    show: nothing can be lost of them, and they are read with their day all the same.
    """
    stock = Stock([], [])
    if adapter is not None and folders and _is_remote(adapter, folders[0][2]):
        below = _files_of_volume(adapter, [path for *_, path in folders])
    else:
        below = {path: _files_below(adapter, path) for *_, path in folders}
    for feed, day, folder in folders:
        for entry in sorted(below[folder], key=lambda entry: entry.path):
            if "/" in entry.path[len(folder) + 1 :]:
                stock.strays.append(Stray(entry.path, "folder"))
            elif has_format(entry.name, files_format):
                stock.files.append(_landed(feed, day, entry))
            else:
                stock.strays.append(Stray(entry.path, "extension"))
    return stock


def _files_of_volume(adapter: EngineAdapter, folders: list[str]) -> dict[str, list[Entry]]:
    """The files in each folder and below, but for those without a byte, by path.

    Raises:
        SQLMeshError: A folder cannot be listed.
    """
    # docs.databricks.com/en/sql/language-manual/functions/read_files.html, BINARYFILE
    query = exp.select(file_path(), "length", "modificationTime", dialect="databricks")
    found: dict[str, list[Entry]] = {folder: [] for folder in folders}
    try:
        rows = list(ask(adapter, query, folders, "binaryFile"))
    except Exception as error:
        raise SQLMeshError(f"{folders[0]}: cannot be listed: {error}") from error
    for path, size, modified in rows:
        folder = _above(path, found)
        if not re.search("/[._]", path[len(folder) :]):
            name = path.rsplit("/", 1)[1]
            found[folder].append(Entry(name, path, False, size, _in_utc(modified)))
    return found


def _above(path: str, folders: t.Container[str]) -> str:
    """That of some folders in which a path lies."""
    folder = path
    while folder not in folders:
        folder = folder.rpartition("/")[0]
        if not folder:
            raise SQLMeshError(f"{path}: Databricks names a file so that was listed otherwise.")
    return folder


def _all_below(adapter: EngineAdapter | None, folder: Entry, reason: str) -> list[Stray]:
    return [Stray(entry.path, reason) for entry in _files_below(adapter, folder.path)]


def _files_below(adapter: EngineAdapter | None, folder: str) -> list[Entry]:
    """Every file in a folder and below; of a tree with very many folders, the rest by folder."""
    found: list[Entry] = []
    folders, seen = [folder], 0
    while folders:
        path, seen = folders.pop(0), seen + 1
        if seen > MOST_FOLDERS:
            found.append(Entry("", f"{path}/", True, 0, datetime.min))
            continue
        for entry in list_folder(adapter, path):
            if entry.is_folder:
                folders.append(entry.path)
            else:
                found.append(entry)
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
    path = f"{folder.rstrip('/')}/{name.rstrip('/')}"
    return Entry(name.rstrip("/"), path, name.endswith("/"), size, _in_utc(modified))


def _in_utc(modified: datetime | int | None) -> datetime:
    """A moment without its time zone; a number counts milliseconds."""
    if not isinstance(modified, datetime):
        modified = datetime.fromtimestamp((modified or 0) / 1000, timezone.utc)
    elif modified.tzinfo:
        modified = modified.astimezone(timezone.utc)
    return modified.replace(tzinfo=None)
