"""The project planned on the stand-in, and what was delivered to it on both engines."""

from __future__ import annotations

import re
from datetime import date, timedelta

import oracle
import pytest
from engines import Delivered, Engines, engines
from harness import PROJECT, checkout
from test_bad_input import PARENTS_DAY, ROWS_DAY, deliver_kinds, deliver_parents

from benchmarks.write_amplification import versions, written_since
from generator.generate import write_landing
from generator.population import Settings
from tests.warehouse import Warehouse

CSV_DAY, JSON_DAY = ROWS_DAY + timedelta(days=1), ROWS_DAY + timedelta(days=2)
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
SETTINGS = {"STREAMING_ANALYSTS": "analysts", "STREAMING_ENVIRONMENT": "prod"}


@pytest.fixture(scope="session")
def delivered(running_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    """A copy of the project in a workspace made by resources/databricks.sql. It gets every kind of
    odd and bad value that the project knows of, each day in another format, then generated days
    with late, repeated and corrected rows: nine at once, and the tenth.

    test_same_answers looks at it, and then test_statements changes it: no file comes in between.
    """
    folder = tmp_path_factory.mktemp("delivered")
    both = engines(running_warehouse, folder, catalogs=(), **SETTINGS)
    both.databricks.project = checkout(folder / "project")
    prepared = re.sub("--.*", "", (PROJECT / "resources" / "databricks.sql").read_text())
    both.warehouse.administer(*filter(str.strip, prepared.split(";")))

    both.deliver_as("parquet")
    deliver_parents(both.local, PARENTS_DAY)
    deliver_odd(both, "parquet", ROWS_DAY)
    both.local.plan(ROWS_DAY)
    both.databricks.plan(ROWS_DAY)
    first_plan = both.warehouse.statements()
    deliver_odd(both, "csv", CSV_DAY)
    run(both, CSV_DAY)

    # The days of json in one run, all but the last
    deliver_odd(both, "json", JSON_DAY)
    days = [JSON_DAY + timedelta(days=n) for n in range(1, 11)]
    generated = {"watches": 2000, "days": len(days), "start": days[0], "seed": 11}
    write_landing(Settings(format="json", dirt=0.05, late=0.1, **generated), folder / "written")
    both.local.receive(folder / "written", days)
    run(both, days[-2])
    with both.databricks.context() as context:
        before = versions(context)
    run(both, days[-1])
    sent = both.warehouse.statements()
    with both.databricks.context() as context:
        last_day = written_since(context, before)
    return Delivered(both, days[-1], first_plan, sent, last_day)


def deliver_odd(both: Engines, files_format: str, day: date) -> None:
    """A day of odd and bad values, in a format that those after it come in too."""
    both.deliver_as(files_format)
    for feed in oracle.FEEDS:
        deliver_kinds(both.local, feed, day, but=TOLD_APART)


def run(both: Engines, day: date) -> None:
    """Runs a day on both engines."""
    both.local.run(day)
    both.databricks.run(day)
