"""What a day costs, counted: statements, and rows read and written for each row that changes.

Counts do not depend on the machine, so they tell of a regression where seconds could not. A number
that went well down is recorded anew, so that it stays there; one that goes up needs a reason.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from harness import FIRST, Platform, morning_after
from sqlmesh.core.engine_adapter import DuckDBEngineAdapter

from deliveries.generate import append_day, write_landing
from deliveries.population import Settings

DAYS = 10
LAST = FIRST + timedelta(days=DAYS - 1)
FACTS = ("gold.fct_watches", "gold.fct_ratings")
WRITING = ("INSERT", "CREATE_TABLE_AS", "DELETE", "UPDATE", "MERGE_INTO")
QUERIES = ("SELECT", "WITH", "(")
MARGINS = 0.8, 1.1
RECORDED = {
    "statements of a day": 472,
    "statements of a run with nothing to do": 20,
    "rows read for each row changed": 118.6,
    "rows written for each row changed": 3.14,
}


@dataclass
class Counted:
    """What was executed: statements, rows that scans of tables and files gave, rows written."""

    statements: int = 0
    read: int = 0
    written: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, profile: dict[str, Any]) -> None:
        """Counts a statement, as DuckDB's profile tells of it."""
        with self._lock:
            self.read += profile["cumulative_rows_scanned"]
            self.written += rows_written(profile)


def rows_written(node: dict[str, Any]) -> int:
    """Rows that came to the writing operators below a node of a profile."""
    children = node.get("children", [])
    writes = any(name in node.get("operator_name", "") for name in WRITING)
    own = sum(child["operator_cardinality"] for child in children) if writes else 0
    return own + sum(map(rows_written, children))


@contextmanager
def counting(folder: Path) -> Iterator[Counted]:
    """Counts what SQLMesh executes on DuckDB, on the data and on its state."""
    counted, execute = Counted(), DuckDBEngineAdapter._execute

    def profiled(self: DuckDBEngineAdapter, sql: str, *arguments: Any, **options: Any) -> None:
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


def facts(platform: Platform) -> set[tuple[Any, ...]]:
    """The rows of the facts in prod."""
    return {
        (table, *row)
        for table in FACTS
        for row in platform.query(f"SELECT * FROM streaming_prod.{table}")
    }


@pytest.mark.slow
def test_costs_of_a_day(tmp_path: Path) -> None:
    platform = Platform(tmp_path / "platform", "parquet")
    platform.landing.rmdir()
    write_landing(Settings(20_000, DAYS, "parquet", 1, FIRST, 0.01, 0.005), platform.landing)
    platform.plan(LAST)
    before = facts(platform)
    append_day(platform.landing)
    with counting(tmp_path) as day:
        platform.run(LAST + timedelta(days=1))
    changed = len(facts(platform) - before)
    with platform.context() as context, counting(tmp_path) as nothing:
        context.run("prod", execution_time=morning_after(LAST + timedelta(days=1)))
    costs = {
        "statements of a day": day.statements,
        "statements of a run with nothing to do": nothing.statements,
        "rows read for each row changed": round(day.read / changed, 1),
        "rows written for each row changed": round(day.written / changed, 2),
    }
    least, most = MARGINS
    others = {
        name: cost
        for name, cost in costs.items()
        if not RECORDED[name] * least <= cost <= RECORDED[name] * most
    }
    assert not others, f"recorded: {RECORDED}; counted: {costs}"
