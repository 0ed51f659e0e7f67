"""What is said of files that cannot be read or written, in words that end with the way out."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from sqlmesh.utils.errors import SQLMeshError

from macros.settings import setting

# How DuckDB's words begin, or what they have, of a file that it cannot read.
DAMAGED = (
    r"not a valid DuckDB database file|Corrupt database file|Could not read enough bytes"
    r"|replaying WAL file|WAL was created for|Serialization Error|database has been invalidated"
)
LOCKED = r"Could not set lock on file \"(?P<path>[^\"]+)\".*?(?P<holder>\(PID \d+\))?(\. |$)"
# Of a disk that is full, and of a file or folder that may not be written.
FULL = r"No space left on device|Disk quota exceeded"
KEPT = r"Read-only file system|Permission denied|attached in read-only mode"
ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES}
PATH = r"\"([^\"]*(?:/|\.duckdb)[^\"]*)\""
RESTORE = (
    "streaming restore FOLDER --replace, with the folder of a backup. Without one: docs/backup.md, "
    '"Without a backup".'
)
VIEWS_ALONE = "streaming_dev.duckdb"
REMOVE = (
    "remove it and its .wal; it has views alone. Then, of each environment that it had: sqlmesh "
    "invalidate dev, sqlmesh janitor, sqlmesh plan dev."
)


class Damaged(SQLMeshError):
    """A file cannot be read; says which, and the way out."""


class Unwritten(SQLMeshError):
    """A file cannot be written: the disk is full, or it may not."""


class InUse(SQLMeshError):
    """Another process has a file open."""


def explained_error(error: BaseException) -> SQLMeshError | None:
    """What is said in place of an error of DuckDB or of a file; None if it says enough itself."""
    of_file = isinstance(error, OSError) and error.errno in ERRORS
    if not of_file and not type(error).__module__.startswith("_duckdb"):
        return None
    said = " ".join(str(error).split())
    if found := re.search(LOCKED, said):
        holder = f" {found['holder']}" if found["holder"] else ""
        return InUse(
            f"{found['path']} is in use by another command{holder}. Nothing was changed.\n"
            "Next: wait until it ends, or end it; then type this again."
        )
    name = _file_of(error, said)
    if re.search(FULL, said):
        return Unwritten(
            f"{name} cannot be written: the disk is full.\nNext: make room, then type this again."
        )
    if re.search(KEPT, said):
        return Unwritten(
            f"{name} cannot be written: the file, its folder or its disk is read-only.\n"
            "Next: make it writable, or set STREAMING_DATA_DIR to a copy; then type this again."
        )
    if not re.search(DAMAGED, said):
        return None
    way_out = REMOVE if VIEWS_ALONE in name else RESTORE
    return Damaged(f"{name} is damaged. DuckDB says: {said}\nNext: {way_out}")


def _file_of(error: BaseException, said: str) -> str:
    if isinstance(error, OSError) and error.filename:
        return str(error.filename)
    if found := re.search(PATH, said):
        return found[1]
    return next(_damaged(), "A database in STREAMING_DATA_DIR")


def _damaged() -> Iterator[str]:
    """The databases that cannot be opened; of a wrong checksum DuckDB does not say the file."""
    for file in sorted(Path(setting("STREAMING_DATA_DIR")).glob("*.duckdb")):
        try:
            duckdb.connect(str(file), read_only=True).close()
        except duckdb.Error as error:
            if re.search(DAMAGED, str(error)):
                yield str(file)


@contextmanager
def explained() -> Iterator[None]:
    """Says what is wrong with a file within the block in words that end with the way out.

    Raises:
        SQLMeshError: In the place of DuckDB's error, or the system's.
    """
    try:
        yield
    except Exception as error:
        if words := explained_error(error):
            raise words from error
        raise
