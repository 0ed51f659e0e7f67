"""What Unity Catalog keeps beside tables and views, recorded and answered."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Protocol

from .sql import Name, Refused

DROPPED_WITH_TABLE = (
    "GRANT",
    "TAG",
    "COMMENT",
    "CONSTRAINT",
    "NOT NULL",
    "MASK",
    "ROW FILTER",
    "POLICY",
    "OWNER",
    "VIEW",
)


@dataclass(frozen=True)
class Record:
    """`kind` (GRANT, TAG, ...) on an object or its column: `key` tells several apart."""

    kind: str
    on: Name
    key: str = ""
    value: str = ""
    column: str = ""
    grantee: str = ""


class Objects(Protocol):
    """What there is, in one session."""

    def qualify(self, name: Name, parts: int = 3) -> Name: ...
    def exists(self, name: Name) -> bool: ...
    def kind(self, name: Name) -> str | None: ...
    def columns(self, name: Name) -> dict[str, bool]:
        """Each column, and whether it may be NULL."""
        ...


class Records:
    def __init__(self) -> None:
        self._records: defaultdict[str, dict[tuple[str, ...], Record]] = defaultdict(dict)
        self._lock = threading.Lock()

    def add(self, record: Record) -> None:
        with self._lock:
            self._records[record.kind][self._identity(record)] = record

    def remove(self, record: Record) -> bool:
        with self._lock:
            return self._records[record.kind].pop(self._identity(record), None) is not None

    def get(self, record: Record) -> Record | None:
        """What is recorded under the identity of a record."""
        with self._lock:
            return self._records[record.kind].get(self._identity(record))

    def of(self, kind: str) -> list[Record]:
        with self._lock:
            return list(self._records[kind].values())

    def has(self, kind: str, on: Name) -> bool:
        return any(record.on == on for record in self.of(kind))

    def forget(self, on: Name, kinds: tuple[str, ...] | None = None) -> None:
        """Forgets what is recorded about an object and what is inside it."""
        with self._lock:
            for kind in kinds or list(self._records):
                for identity, record in list(self._records[kind].items()):
                    if record.on[: len(on)] == on:
                        del self._records[kind][identity]

    def rename(self, old: Name, new: Name) -> None:
        with self._lock:
            for kind in DROPPED_WITH_TABLE:
                for identity, record in list(self._records[kind].items()):
                    if record.on == old:
                        del self._records[kind][identity]
                        moved = replace(record, on=new)
                        self._records[kind][self._identity(moved)] = moved

    @staticmethod
    def _identity(record: Record) -> tuple[str, ...]:
        return (*record.on, "", record.column, record.key, record.grantee)


def no_such_table(name: Name) -> Refused:
    shown = ".".join(f"`{part}`" for part in name)
    return Refused(
        "TABLE_OR_VIEW_NOT_FOUND",
        f"The table or view {shown} cannot be found. Verify the spelling and correctness of the "
        "schema and catalog.",
        "42P01",
    )
