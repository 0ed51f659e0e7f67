"""What DuckDB says of files that are damaged or in use, in words that end with the way out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlmesh.utils.errors import SQLMeshError

# How DuckDB's words begin, or what they have, of a file that it cannot read.
DAMAGED = (
    r"not a valid DuckDB database file|Corrupt database file|Could not read enough bytes"
    r"|replaying WAL file|WAL was created for|Serialization Error|database has been invalidated"
)
LOCKED = r"Could not set lock on file \"(?P<path>[^\"]+)\".*?(?P<holder>\(PID \d+\))?(\. |$)"
PATH = r"file \"([^\"]+)\""
RESTORE = (
    "streaming restore FOLDER --replace, with the folder of a backup. Without one: docs/backup.md, "
    '"Without a backup".'
)


class Damaged(SQLMeshError):
    """A file cannot be read; says which, and the way out."""


class InUse(SQLMeshError):
    """Another process has a file open."""


def explained_error(error: BaseException) -> SQLMeshError | None:
    """What is said in place of an error of DuckDB; None if it says enough itself."""
    if not type(error).__module__.startswith("_duckdb"):
        return None
    said = " ".join(str(error).split())
    if found := re.search(LOCKED, said):
        holder = f" {found['holder']}" if found["holder"] else ""
        return InUse(
            f"{found['path']} is in use by another command{holder}. Nothing was changed.\n"
            "Next: wait until it ends, or end it; then type this again."
        )
    if not re.search(DAMAGED, said):
        return None
    path = re.search(PATH, said)
    name = path[1] if path else "A database in STREAMING_DATA_DIR"
    return Damaged(f"{name} is damaged. DuckDB says: {said}\nNext: {RESTORE}")


@contextmanager
def explained() -> Iterator[None]:
    """Says what DuckDB says of a file within the block in words that end with the way out.

    Raises:
        SQLMeshError: In the place of DuckDB's error.
    """
    try:
        yield
    except Exception as error:
        if words := explained_error(error):
            raise words from error
        raise
