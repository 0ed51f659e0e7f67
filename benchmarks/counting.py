"""Counts what SQLMesh executes on DuckDB: statements, and the rows that they read and write."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlmesh import EngineAdapter
from sqlmesh.core.engine_adapter.duckdb import DuckDBEngineAdapter

QUERIES = ("SELECT", "WITH", "(")
WRITING = ("INSERT", "CREATE_TABLE_AS", "DELETE", "UPDATE", "MERGE_INTO")
OWN = "tables of SQLMesh's own"  # its state, and temporary ones
VERSION = re.compile(r"sqlmesh__\w+\.(?P<schema>[a-z]+)__(?P<model>\w+?)__\d+$")


@dataclass
class Counted:
    """What was executed.

    Attributes:
        statements: how many.
        read: rows that scans returned, by model; of files under their function, others under OWN.
        written: rows that reached writing operators.
    """

    statements: int = 0
    read: Counter[str] = field(default_factory=Counter)
    written: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, profile: dict[str, Any]) -> None:
        """Counts a statement, as DuckDB's profile tells of it."""
        with self._lock:
            self._add(profile)

    def _add(self, node: dict[str, Any]) -> None:
        if scanned := node.get("operator_rows_scanned"):
            self.read[_scanned(node)] += scanned
        children = node.get("children", [])
        if any(name in node.get("operator_name", "") for name in WRITING):
            self.written += sum(child["operator_cardinality"] for child in children)
        for child in children:
            self._add(child)


def _scanned(node: dict[str, Any]) -> str:
    """What an operator scans: a model where it is a table of one."""
    table = node["extra_info"].get("Table")
    if not table:
        return node["extra_info"].get("Function", OWN)
    version = VERSION.search(table)
    return f"{version['schema']}.{version['model']}" if version else OWN


@contextmanager
def counting(folder: Path) -> Iterator[Counted]:
    """Counts what SQLMesh executes on DuckDB, on the data and on its state.

    Args:
        folder: where DuckDB writes its profiles meanwhile.
    """
    counted, execute = Counted(), DuckDBEngineAdapter._execute

    def profiled(self: EngineAdapter, sql: str, *arguments: Any, **options: Any) -> None:
        path = folder / f"{threading.get_ident()}.json"
        with counted._lock:
            counted.statements += 1
        self.cursor.execute("PRAGMA enable_profiling = 'json'")
        self.cursor.execute(f"PRAGMA profiling_output = '{path}'")
        path.unlink(missing_ok=True)
        execute(self, sql, *arguments, **options)
        # The profile of a query is there when all of it was fetched, so it is executed again.
        is_query = sql.lstrip().upper().startswith(QUERIES)
        if is_query:
            self.cursor.fetchall()
        if path.exists():
            counted.add(json.loads(path.read_text()))
        if is_query:
            self.cursor.execute("PRAGMA disable_profiling")
            execute(self, sql, *arguments, **options)

    DuckDBEngineAdapter._execute = profiled  # type: ignore[method-assign]
    try:
        yield counted
    finally:
        DuckDBEngineAdapter._execute = execute  # type: ignore[method-assign]
