"""What a day costs, counted: statements, and rows read and written for each row that changes.

Counts do not depend on the machine, so they tell of a regression where seconds could not. A number
that went well down is recorded anew, so that it stays there; one that goes up needs a reason.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from harness import FIRST, Platform, morning_after

from benchmarks.counting import counting
from generator.generate import append_day, write_landing
from generator.population import Settings

DAYS = 10
LAST = FIRST + timedelta(days=DAYS - 1)
FACTS = ("gold.fct_watches", "gold.fct_ratings")
MARGINS = 0.8, 1.1
RECORDED = {
    "statements of a day": 451,
    "statements of a run with nothing to do": 33,
    # A fifth of these is the count of the computed tables in the record of the run, which reads no
    # column; Delta has it in its log.
    "rows read for each row changed": 140.5,
    "rows written for each row changed": 3.24,
}


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
        "rows read for each row changed": round(day.read.total() / changed, 1),
        "rows written for each row changed": round(day.written / changed, 2),
    }
    least, most = MARGINS
    others = {
        name: cost
        for name, cost in costs.items()
        if not RECORDED[name] * least <= cost <= RECORDED[name] * most
    }
    assert not others, f"recorded: {RECORDED}; counted: {costs}"
