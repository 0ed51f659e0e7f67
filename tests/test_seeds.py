"""The seeds are the delivery while no landing is set."""

from __future__ import annotations

import csv
from datetime import date

import oracle
from harness import PROJECT, Platform


def test_seeds_are_delivered_as_written(seeds_in_prod: Platform) -> None:
    """Prod is what the oracle makes of the files.

    SQLMesh reads a seed with pandas, which turns a column of numbers alone into numbers (5 beside
    3.5 becomes 5.0). A line of dirt in every column keeps each of them text.
    """
    for feed, columns in oracle.FEEDS.items():
        with open(PROJECT / "seeds" / f"raw_{feed}.csv", encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        for day in sorted({row["delivered_on"] for row in rows}):
            delivered = tuple(
                {column: row[column] or None for column in columns}
                for row in rows
                if row["delivered_on"] == day
            )
            seeds_in_prod.deliveries.append(
                oracle.Delivery(feed, date.fromisoformat(day), f"raw_{feed}", delivered)
            )
    seeds_in_prod.check()
