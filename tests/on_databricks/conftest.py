"""The project planned on the stand-in, and what was delivered to it on both engines."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
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

# Generated days, with late, repeated and corrected rows; the last two in formats of their own.
GENERATED = Settings(
    watches=1200,
    days=11,
    format="parquet",
    start=ROWS_DAY + timedelta(days=1),
    seed=11,
    dirt=0.05,
    late=0.1,
)
*PARQUET_DAYS, CSV_DAY, JSON_DAY = (
    GENERATED.start + timedelta(days=n) for n in range(GENERATED.days)
)
# What the readers hand over as different text; only that text differs, not what becomes of the row.
TOLD_APART = (
    "all that JSON escapes, for an INT",  # Spark drops a NUL beside an escaped quote in csv
    "an object for a timestamp",  # DuckDB leaves out the blanks within
    "an object for a text",
)
SETTINGS = {"STREAMING_ANALYSTS": "analysts", "STREAMING_ENVIRONMENT": "prod"}


@pytest.fixture(scope="session")
def delivered(running_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    """A copy of the project in a workspace made by resources/databricks.sql. It gets every kind of
    odd and bad value that the project knows of and generated days in each format: ten days of
    parquet by a plan, then a day of csv that is run up to silver, then all with a day of json.

    test_same_answers looks at it, and then test_statements changes it: no file comes in between.
    """
    folder = tmp_path_factory.mktemp("delivered")
    both = engines(running_warehouse, folder, catalogs=(), **SETTINGS)
    both.databricks.project = checkout(folder / "project")
    for seed in (both.databricks.project / "seeds").glob("*.csv"):  # which are no delivery here
        seed.write_text("\n".join(seed.read_text().splitlines()[:2]) + "\n")
    prepared = re.sub("--.*", "", (PROJECT / "resources" / "databricks.sql").read_text())
    both.warehouse.administer(*filter(str.strip, prepared.split(";")))

    both.deliver_as("parquet")
    deliver_parents(both.local, PARENTS_DAY)
    deliver_odd(both, ROWS_DAY)
    deliver_generated(both, PARQUET_DAYS)
    both.local.plan(PARQUET_DAYS[-1])
    both.databricks.plan(PARQUET_DAYS[-1])
    first_plan = both.warehouse.statements()

    deliver_and_run(both, "csv", CSV_DAY, ["silver.*"])
    with both.databricks.context() as context:
        before = versions(context)
    deliver_and_run(both, "json", JSON_DAY)
    sent = both.warehouse.statements()
    with both.databricks.context() as context:
        last_day = written_since(context, before)
    return Delivered(both, JSON_DAY, first_plan, sent, last_day)


def deliver_and_run(
    both: Engines, files_format: str, day: date, models: Sequence[str] | None = None
) -> None:
    """Delivers a day in a format of its own, and runs it on both engines."""
    both.deliver_as(files_format)
    deliver_odd(both, day)
    deliver_generated(both, [day])
    both.local.run(day, models)
    both.databricks.run(day, models)


def deliver_odd(both: Engines, day: date) -> None:
    """Adds a file of odd and bad values to a day of each feed."""
    for feed in oracle.FEEDS:
        deliver_kinds(both.local, feed, day, but=TOLD_APART)


def deliver_generated(both: Engines, days: Sequence[date]) -> None:
    """Adds the generated files of days."""
    files_format, landing = both.local.files_format, both.local.landing
    written = both.local.folder / f"generated_as_{files_format}"
    write_landing(replace(GENERATED, format=files_format), written)
    for day in days:
        for of_day in written.glob(f"*/dt={day}"):
            shutil.copytree(of_day, landing / of_day.relative_to(written), dirs_exist_ok=True)
