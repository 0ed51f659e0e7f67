"""The same rows delivered as csv, json and parquet give the same tables."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import oracle
import pytest
from harness import Platform, assert_equal

from generator.generate import write_landing
from generator.population import Settings

FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(5)]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, date, list[dict[str, Any]]]]:
    """Generated rows as typed values, with late and repeated ones, and some that break rules."""
    root = tmp_path_factory.mktemp("formats") / "landing"
    write_landing(
        Settings(
            watches=400, days=len(DAYS), format="json", seed=3, start=FIRST, dirt=0.0, late=0.1
        ),
        root,
    )
    delivered = []
    for feed, types in oracle.FEEDS.items():
        for day in DAYS:
            for path in (root / feed).glob(f"dt={day}/*.json"):
                texts = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
                typed = [
                    {
                        column: oracle.fit(None if value is None else str(value), types[column])[0]
                        for column, value in row.items()
                    }
                    for row in texts
                ]
                typed[0] |= {"country": "Peru", "genre": " ", "device": "", "review": 'a,"b"\n'}
                typed[-1] |= {"completion_pct": 1.5, "seasons": 0, "rating": 6, "email": None}
                typed = [{column: row.get(column) for column in types} for row in typed]
                delivered.append((feed, day, typed))
    return delivered


def as_text(value: Any) -> Any:
    return None if value is None else str(value)


def test_formats(rows: list[tuple[str, date, list[dict[str, Any]]]], tmp_path: Path) -> None:
    tables = {}
    for files_format in ("csv", "json", "parquet"):
        platform = Platform(tmp_path / files_format, files_format)
        for feed, day, typed in rows:
            as_delivered = (
                typed
                if files_format == "parquet"
                else [{column: as_text(value) for column, value in row.items()} for row in typed]
            )
            platform.deliver(feed, day, as_delivered)
        platform.plan(DAYS[-1])
        platform.check()
        tables[files_format] = platform.tables()
        for its_rows in tables[files_format].values():
            for row in its_rows:
                row.pop("_source", None)
    assert tables["csv"]["quarantine.watches"] and tables["csv"]["gold.fct_ratings"]
    assert_equal(tables["json"], tables["csv"])
    assert_equal(tables["parquet"], tables["csv"])


def test_a_parquet_day_without_a_feed(tmp_path: Path) -> None:
    """A feed that delivers nothing on a day is no reason to stop."""
    platform = Platform(tmp_path, "parquet")
    platform.plan(DAYS[0])
    assert not platform.tables()["bronze.watches"]
