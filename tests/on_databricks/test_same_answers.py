"""The same deliveries give the same tables and the same dashboard on DuckDB and on Databricks,
value by value; and what the last day of them writes on Delta Lake.
"""

from __future__ import annotations

import json
from datetime import date

import oracle
import pytest
from engines import Delivered, answers, differences, tables
from test_open_the_data import looked_at

from benchmarks.write_amplification import markdown
from dashboard.data import read
from dashboard.export import sections
from operations.landing.found import look
from resources.ai_bi import dashboard_file

FACTS = ("silver.watches", "silver.ratings", "gold.fct_watches", "gold.fct_ratings")
pytestmark = pytest.mark.slow


def test_same_answers(delivered: Delivered) -> None:
    differing = differences(tables(delivered.both.local), tables(delivered.both.databricks))
    assert not differing, "\n".join(differing[:40])


def test_same_dashboard(delivered: Delivered) -> None:
    """Its queries as they are deployed; where they state an order, it is the same too."""
    dashboard = json.loads(dashboard_file("prod").read_text(encoding="utf-8"))
    queries = {d["name"]: "".join(d["queryLines"]) for d in dashboard["datasets"]}
    del queries["cost"]  # of tables that a workspace alone has
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


def test_the_notebook_shows_the_same(delivered: Delivered) -> None:
    local, databricks = (looked_at(platform.environment()) for platform in delivered.both[:2])
    assert local["titles"] == databricks["titles"]
    assert local["feeds"] == databricks["feeds"]
    for frame in ("months", "genres"):
        assert [row[:2] for row in local[frame]] == [row[:2] for row in databricks[frame]]


def test_what_has_landed_is_seen(delivered: Delivered) -> None:
    """By the engine, where the volume is no folder."""
    folders = {feed: delivered.both.local.landing / feed for feed in oracle.FEEDS}
    landed = [f for f in folders if any((folders[f] / f"dt={delivered.last}").glob("*"))]
    assert landed
    with delivered.both.databricks.context() as context:
        deliveries = look([*oracle.FEEDS, "devices"], context)
        absent = [feed for feed in oracle.FEEDS if feed not in landed]
        assert deliveries.missing(delivered.last) == [*absent, "devices"]
        assert deliveries.missing(date(2020, 1, 1)) == [*oracle.FEEDS, "devices"]


@pytest.mark.parametrize("fact", FACTS)
def test_a_day_writes_little_more_than_it_changes(delivered: Delivered, fact: str) -> None:
    written = delivered.last_day[fact]
    old = written.rows - written.changed
    assert old > 3 * written.changed, "were every old row written anew, this has to be seen"
    assert written.per_touched < 3 and written.per_changed < 3, markdown(delivered.last_day)
