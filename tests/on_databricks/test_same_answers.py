"""The same deliveries give the same tables and the same dashboard on DuckDB and on Databricks,
value by value; and what the last day of them writes on Delta Lake.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import oracle
import pytest
from engines import Engines, answers, differences, engines, tables
from test_bad_input import PARENTS_DAY, ROWS_DAY, deliver_kinds, deliver_parents

from benchmarks.write_amplification import Written, markdown, versions, written_since
from dashboard.data import read
from dashboard.export import sections
from generator.generate import write_landing
from generator.population import Settings
from operations.landing.found import look
from resources.ai_bi import dashboard_file

FORMATS = ("parquet", "json", "csv")
# What the readers hand over as different text; only that text differs, not what becomes of the row.
TOLD_APART = (
    "all that JSON escapes, for an INT",  # Spark drops a NUL beside an escaped quote in csv
    "an object for a timestamp",  # DuckDB leaves out the blanks within
    "an object for a text",
    "a date in year 10000",  # no date has a text outside of the years 1 to 9999 that both know
    "a date in year 0",
    "a timestamp in year 10000",
    "a timestamp in year 0",
    "an infinite timestamp",
)


FACTS = ("silver.watches", "silver.ratings", "gold.fct_watches", "gold.fct_ratings")
pytestmark = pytest.mark.slow


class Delivered(NamedTuple):
    """Both engines with all deliveries run, and what the last day wrote on Databricks."""

    both: Engines
    last_day: dict[str, Written]


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Delivered]:
    """Every kind of odd and bad value that the project knows of, each day in another format; then
    generated days with late, repeated and corrected rows: nine at once, and the tenth.
    """
    folder = tmp_path_factory.mktemp("same_answers")
    with engines(folder) as both:
        both.deliver_as(FORMATS[0])
        deliver_parents(both.local, PARENTS_DAY)
        for number, files_format in enumerate(FORMATS):
            both.deliver_as(files_format)
            day = ROWS_DAY + timedelta(days=number)
            for feed in oracle.FEEDS:
                deliver_kinds(both.local, feed, day, but=TOLD_APART)
            for platform in (both.local, both.databricks):
                (platform.run if number else platform.plan)(day)

        days = [ROWS_DAY + timedelta(days=n) for n in range(len(FORMATS), len(FORMATS) + 10)]
        written = folder / "written"
        write_landing(
            Settings(
                watches=2000,
                days=len(days),
                format="json",
                seed=11,
                start=days[0],
                dirt=0.05,
                late=0.1,
            ),
            written,
        )
        both.deliver_as("json")
        both.local.receive(written, days)
        for platform in (both.local, both.databricks):
            platform.run(days[-2])
        with both.databricks.context() as context:
            before = versions(context)
        for platform in (both.local, both.databricks):
            platform.run(days[-1])
        with both.databricks.context() as context:
            last_day = written_since(context, before)
        yield Delivered(both, last_day)


def test_same_answers(delivered: Delivered) -> None:
    differing = differences(tables(delivered.both.local), tables(delivered.both.databricks))
    assert not differing, "\n".join(differing[:40])


def test_same_dashboard(delivered: Delivered) -> None:
    """Its queries as they are deployed; where they state an order, it is the same too."""
    dashboard = json.loads(dashboard_file("prod").read_text(encoding="utf-8"))
    queries = {d["name"]: "".join(d["queryLines"]) for d in dashboard["datasets"]}
    local, databricks = (answers(p, queries) for p in delivered.both[:2])
    assert all(answer.rows for answer in local.values())
    differing = differences(local, databricks)
    assert not differing, "\n".join(differing[:40])


def test_same_figures(delivered: Delivered) -> None:
    """The analysts' dashboard, which reads through the gateway."""
    shown = []
    for platform in delivered.both[:2]:
        with platform.context() as context:
            parts = list(sections(read(context, "prod")))
        figures = [figure for part in parts for figure in part.figures]
        shown.append([(f.title, f.rows.astype(str).to_numpy().tolist()) for f in figures])
    assert len(shown[0]) > 6 and shown[0] == shown[1]


def test_what_has_landed_is_seen(delivered: Delivered, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the engine, where the volume is no folder."""
    monkeypatch.setattr(Path, "is_dir", lambda path: False)
    with delivered.both.databricks.context() as context:
        deliveries = look([*oracle.FEEDS, "devices"], context)
        assert deliveries.missing(ROWS_DAY + timedelta(days=len(FORMATS))) == ["devices"]
        assert deliveries.missing(date(2020, 1, 1)) == [*oracle.FEEDS, "devices"]


@pytest.mark.parametrize("fact", FACTS)
def test_a_day_writes_little_more_than_it_changes(delivered: Delivered, fact: str) -> None:
    written = delivered.last_day[fact]
    old = written.rows - written.changed
    assert old > 3 * written.changed, "were every old row written anew, this has to be seen"
    assert written.per_touched < 3 and written.per_changed < 3, markdown(delivered.last_day)
