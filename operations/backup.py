"""A backup of the local files and the state as one set, and back (`streaming backup`, `restore`).

The folder of a backup has the files of a data folder under their names, and a manifest, written
last. So `STREAMING_DATA_DIR=<folder>` reads it as it is.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
from sqlmesh import Context
from sqlmesh.utils.errors import SQLMeshError

from macros.feeds import REQUESTS
from macros.settings import setting
from operations import CommandError
from operations.damage import InUse, explained
from operations.hooks import records
from operations.hooks.belonging import IN_WAREHOUSE, TABLE, Changes

MANIFEST = "backup.json"
CHUNK = 1 << 20  # bytes that are read at once
STATE = "state.duckdb"
# In the order in which they are put in place: a state beside other tables is told, and stops.
DATABASES = (STATE, "streaming_prod.duckdb", "streaming_dev.duckdb")
PACKAGES = ("sqlmesh", "duckdb")
BESIDE = f"{REQUESTS}/dt=*/*"
ERASES = "is_unfinished AND (record ->> 'command') = 'erasure'"
CUT_OFF = "An erasure was cut off, so the tables still have what it took. To end it: streaming run"
OTHER_BACKUP = "Nothing was changed. Next: take another backup."


def back_up(folder: Path) -> list[Path]:
    """Copies the databases of STREAMING_DATA_DIR and what lies beside them into a folder.

    While it does, no other command can write. Each block is read, so that a damaged one is found,
    and what the files no longer need is left behind.

    Returns:
        The files of the backup.

    Raises:
        CommandError: There is nothing to back up, or a reason not to.
        SQLMeshError: A file is damaged or in use, or state and tables do not belong together.
    """
    # Not imported above: macros are imported when SQLMesh loads them.
    from macros.erasure import MARK

    data = Path(setting("STREAMING_DATA_DIR"))
    if missing := [name for name in DATABASES if not (data / name).exists()]:
        raise CommandError(
            f"{data} lacks {', '.join(missing)}: there is nothing to back up, or no whole. To make "
            "what was never there: bash setup.sh run. If it was lost: streaming restore FOLDER."
        )
    if (data / MARK).exists():
        raise CommandError(CUT_OFF)
    with whole_or_nothing(folder), explained(), duckdb.connect() as connection:
        for name in DATABASES:
            _attach(connection, data / name, name.partition(".")[0], "READ_ONLY")
        if _row(connection, f"state.{records.TABLE}", "1", ERASES):
            raise CommandError(CUT_OFF)
        _changes(connection).require_one()
        for name in DATABASES:
            _attach(connection, folder / name, "fresh", "STORAGE_VERSION 'latest'")
            connection.execute(f"COPY FROM DATABASE {name.partition('.')[0]} TO fresh")
            connection.execute("DETACH fresh")
        for file in _beside(data):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(data / file, folder / file)
        return seal(folder)


@contextmanager
def whole_or_nothing(folder: Path) -> Iterator[None]:
    """Makes the folder of a backup, for its owner's eyes alone, and takes it away if that fails.

    Raises:
        CommandError: It has something.
    """
    if folder.exists() and any(folder.iterdir()):
        raise CommandError(f"{folder} is not empty. A backup needs a new folder.")
    others = os.umask(0o077)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        os.umask(others)


def seal(folder: Path) -> list[Path]:
    """Writes the manifest of a backup whose files are there."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    manifest = {
        "made_at": f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
        "versions": {package: version(package) for package in PACKAGES},
        "files": {
            str(file.relative_to(folder)): {"bytes": file.stat().st_size, "sha256": _sha256(file)}
            for file in files
        },
    }
    text = json.dumps(manifest, indent=1)
    (folder / MANIFEST).write_text(f"{text}\n", encoding="utf-8")
    return files


def checked(folder: Path) -> dict[str, Any]:
    """The manifest of a backup whose files are what it says.

    Raises:
        CommandError: They are not, or what made them is newer than what is installed.
    """
    path = folder / MANIFEST
    if not path.exists():
        raise CommandError(
            f"{folder} has no {MANIFEST}: it is no backup, or one that did not end. {OTHER_BACKUP}"
        )
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        files, versions = dict(manifest["files"]), dict(manifest["versions"])
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{path} is damaged: {error!r}. {OTHER_BACKUP}") from error
    for name, was in files.items():
        if problem := _problem(folder / name, was):
            raise CommandError(f"{folder / name} {problem}. {OTHER_BACKUP}")
    for package, made_with in versions.items():
        if _numbers(version(package)) < _numbers(made_with):
            raise CommandError(
                f"The backup was made with {package} {made_with}, and {version(package)} is "
                "installed. Nothing was changed. Next: check out the commit of then or a newer "
                "one, then bash setup.sh"
            )
    return manifest


def restore(folder: Path, replace: bool) -> str:
    """Puts a backup in place as the data folder, STREAMING_DATA_DIR.

    Args:
        replace: Whether databases that are there may go.

    Returns:
        When the backup was made.

    Raises:
        CommandError: The backup is not whole, or databases are there and may not go.
        InUse: Another command has them open.
    """
    manifest = checked(folder)
    if absent := [name for name in DATABASES if name not in manifest["files"]]:
        raise CommandError(f"{folder} has no {', '.join(absent)}: it is a backup of other things.")
    data = Path(setting("STREAMING_DATA_DIR"))
    data.mkdir(parents=True, exist_ok=True)
    there = [
        file for name in DATABASES for file in (data / name, _wal(data / name)) if file.exists()
    ]
    if there and not replace:
        raise CommandError(
            f"{', '.join(map(str, there))}: there already. Nothing was changed. To put the backup "
            "in their place: streaming restore FOLDER --replace. Or set STREAMING_DATA_DIR to "
            "another folder."
        )
    with explained(), _alone(there):
        try:
            for name in DATABASES:
                shutil.copyfile(folder / name, _part(data / name))
            for name in DATABASES:
                _wal(data / name).unlink(missing_ok=True)  # of what was there
                os.replace(_part(data / name), data / name)
        finally:
            for name in DATABASES:
                _part(data / name).unlink(missing_ok=True)
    for file in _beside(folder):
        if not (data / file).exists():
            (data / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / file, data / file)
    return str(manifest["made_at"])


def erase_again(context: Context) -> list[str]:
    """Erases whom requests name that came after what was restored; says what came of it."""
    from operations.erasure import PROD, erase, evidence_lines
    from operations.landing.account import look

    try:
        late = look(context, PROD).late
    except SQLMeshError as error:
        return [
            f"Whether users were erased since cannot be told: {error}",
            "Who was erased since is in the tables again until `streaming run` reads the requests.",
        ]
    days = {file.day for file in late if file.feed == REQUESTS}
    if not days:
        return ["No request for erasure in the landing is younger than the backup."]
    return evidence_lines(erase(context, days))


def _attach(connection: duckdb.DuckDBPyConnection, file: Path, name: str, options: str) -> None:
    path = str(file).replace("'", "''")
    connection.execute(f"ATTACH '{path}' AS {name} ({options})")


def _changes(connection: duckdb.DuckDBPyConnection) -> Changes:
    """What the attached databases know of each other."""
    of_state = _row(connection, f"state.{TABLE}", "id, next_id") or (None, None)
    return Changes(*of_state, *(_row(connection, IN_WAREHOUSE, "id") or (None,)))


def _row(
    connection: duckdb.DuckDBPyConnection, table: str, columns: str, where: str = "TRUE"
) -> Any:
    """The first row of a table; None where there is none, or no such table."""
    try:
        return connection.execute(f"SELECT {columns} FROM {table} WHERE {where}").fetchone()
    except duckdb.CatalogException:
        return None


def _beside(folder: Path) -> Iterator[Path]:
    """What lies beside the databases and belongs to them."""
    return (file.relative_to(folder) for file in sorted(folder.glob(BESIDE)))


def _problem(file: Path, was: dict[str, Any]) -> str | None:
    """In what a file is not as the manifest says."""
    if not file.exists():
        return "is missing"
    if file.stat().st_size != was["bytes"]:
        return f"has {file.stat().st_size:,} bytes, and had {was['bytes']:,}"
    if _sha256(file) != was["sha256"]:
        return "was changed: its checksum is another"
    return None


def _sha256(file: Path) -> str:
    found = hashlib.sha256()
    with file.open("rb") as opened:
        while part := opened.read(CHUNK):
            found.update(part)
    return found.hexdigest()


@contextmanager
def _alone(files: Iterable[Path]) -> Iterator[None]:
    """Holds files as DuckDB would, so that no command opens them; they may be damaged."""
    opened = []
    try:
        for file in files:
            opened.append(file.open("r+b"))
            try:
                fcntl.lockf(opened[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise InUse(
                    f"{file} is in use by another command. Nothing was changed.\n"
                    "Next: wait until it ends, or end it; then type this again."
                ) from error
        yield
    finally:
        for each in opened:
            each.close()


def _part(file: Path) -> Path:
    return file.with_name(f"{file.name}.part")


def _numbers(text: str) -> tuple[int, ...]:
    """A version, to compare."""
    return tuple(map(int, re.findall(r"\d+", text)[:3]))


def _wal(file: Path) -> Path:
    return file.with_name(f"{file.name}.wal")
