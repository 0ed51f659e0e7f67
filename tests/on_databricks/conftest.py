"""The project planned on the stand-in, and what was delivered to it on both engines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from shutil import copytree

import oracle
import pytest
from engines import Delivered, Engines, engines
from harness import checkout
from test_bad_input import PARENTS_DAY, ROWS_DAY, deliver_kinds, deliver_parents

from benchmarks.write_amplification import versions, written_since
from generator.generate import write_landing
from generator.population import Settings
from operations.workspace.catalog import of_admins
from tests.warehouse import Warehouse

DAYS = [ROWS_DAY + timedelta(days=n) for n in range(1, 11)]  # of the generated deliveries
# What the readers hand over as different text; only that text differs, not what becomes of the row.
TOLD_APART = (
    "all that JSON escapes, for an INT",  # Spark drops a NUL beside an escaped quote in csv
    "an object for a timestamp",  # DuckDB leaves out the blanks within
    "an object for a text",
)
SETTINGS = {"STREAMING_ANALYSTS": "analysts", "STREAMING_ENVIRONMENT": "prod"}


@pytest.fixture(scope="session")
def delivered(running_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    """A copy of the project, run by `platform` in a workspace made by resources/databricks.sql. It
    gets every kind of
    odd and bad value that the project knows of in each format, and generated days with late,
    repeated and corrected rows: eight planned from parquet, then one of json and one of csv.

    test_rights and test_same_answers look at it, and then test_statements changes it: no file comes
    in between.
    """
    folder = tmp_path_factory.mktemp("delivered")
    both = engines(running_warehouse, folder, "parquet", (), "platform", **SETTINGS)
    both.databricks.project = checkout(folder / "project")
    both.warehouse.administer(*of_admins())

    deliver_parents(both.local, PARENTS_DAY)
    deliver(both, "parquet", [ROWS_DAY, *DAYS[:-2]])
    both.local.plan(DAYS[-3])
    both.databricks.plan(DAYS[-3])
    first_plan = both.warehouse.statements()
    deliver(both, "json", DAYS[-2:-1])
    run(both, DAYS[-2])
    with both.databricks.context() as context:
        before = versions(context)
    deliver(both, "csv", DAYS[-1:])
    run(both, DAYS[-1])
    sent = both.warehouse.statements()
    with both.databricks.context() as context:
        last_day = written_since(context, before)
    return Delivered(both, DAYS[-1], first_plan, sent, last_day)


def deliver(both: Engines, files_format: str, days: Sequence[date]) -> None:
    """Odd and bad values on the first of these days and what is generated for them, in a format
    that what is delivered after it comes in too.
    """
    both.deliver_as(files_format)
    for feed in oracle.FEEDS:
        deliver_kinds(both.local, feed, days[0], but=TOLD_APART)
    written = both.local.landing.parent / f"written-{files_format}"
    generated = {"watches": 6000, "days": len(DAYS), "start": DAYS[0], "seed": 11}
    write_landing(Settings(format=files_format, dirt=0.05, late=0.1, **generated), written)
    for part in (f"{feed}/dt={day}" for feed in oracle.FEEDS for day in days):
        if (written / part).exists():
            copytree(written / part, both.local.landing / part, dirs_exist_ok=True)


def run(both: Engines, day: date) -> None:
    """Runs a day on both engines."""
    both.local.run(day)
    both.databricks.run(day)
