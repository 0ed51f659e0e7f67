"""Many days of one platform, with all that can come between: it stays the oracle's.

`STREAMING_TEST_DRAWS=1000` makes them a year. With `STREAMING_WRITE_SOAK=1` what each day left
behind goes to benchmarks/results, for `python -m benchmarks.soak`.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest
from harness import PROJECT, draws
from soak import Soak

from benchmarks.soak import PANELS, draw, markdown

pytestmark = pytest.mark.slow
DAYS, A_YEAR = 20, 365
RESULT = PROJECT / "benchmarks" / "results" / "soak.json"


def test_a_life_of_many_days(tmp_path: Path) -> None:
    """Every tenth day, and on the last, all is compared. In CI the scheduler is mostly down."""
    days = min(draws(DAYS), A_YEAR)
    up = 0.95 if days > DAYS else 0.05
    seed = int(os.environ.get("STREAMING_TEST_SEED") or random.randrange(10**6))
    print(f"STREAMING_TEST_SEED={seed}, {days} days")
    soak = Soak(tmp_path, days, seed)
    soak.begin()
    for number, day in enumerate(soak.days[1:], start=1):
        is_compared = number % 10 == 0 or number == days
        soak.live(day, is_idle=not is_compared and soak.drawn.random() > up)
        if is_compared:
            soak.check(day)
    results = json.loads(soak.written())
    draw(results, tmp_path / "soak.svg")
    assert all(title in (tmp_path / "soak.svg").read_text() for title in PANELS)
    assert len(markdown(results).splitlines()) == len(PANELS) + 4
    if os.environ.get("STREAMING_WRITE_SOAK") == "1":
        RESULT.write_text(soak.written(), encoding="utf-8")
