"""The same deliveries give the same tables on DuckDB and on Databricks, value by value."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import oracle
import pytest
from engines import differences, engines, tables
from test_bad_input import PARENTS_DAY, ROWS_DAY, deliver_kinds, deliver_parents

from deliveries.generate import write_landing
from deliveries.population import Settings

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


@pytest.mark.slow
def test_all_formats_day_after_day(tmp_path: Path) -> None:
    """Every kind of odd and bad value that the project knows of, each day in another format; then
    generated days with late, repeated and corrected rows.
    """
    with engines(tmp_path) as both:
        both.deliver_as(FORMATS[0])
        deliver_parents(both.local, PARENTS_DAY)
        for number, files_format in enumerate(FORMATS):
            both.deliver_as(files_format)
            day = ROWS_DAY + timedelta(days=number)
            for feed in oracle.FEEDS:
                deliver_kinds(both.local, feed, day, but=TOLD_APART)
            for platform in (both.local, both.databricks):
                (platform.run if number else platform.plan)(day)

        days = [ROWS_DAY + timedelta(days=n) for n in range(len(FORMATS), len(FORMATS) + 2)]
        written = tmp_path / "written"
        write_landing(
            Settings(
                watches=400, days=2, format="json", seed=11, start=days[0], dirt=0.05, late=0.1
            ),
            written,
        )
        both.deliver_as("json")
        both.local.receive(written, days)
        for day in days:
            for platform in (both.local, both.databricks):
                platform.run(day)

        differing = differences(tables(both.local), tables(both.databricks))
        assert not differing, "\n".join(differing[:40])
