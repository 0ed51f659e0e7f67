"""A look at delivered files of a local folder, before DuckDB reads them."""

from __future__ import annotations

import csv
import json

import pyarrow.parquet as pq
from sqlmesh import EngineAdapter

from macros.reading.facts import FileFacts


def look_at_local(
    adapter: EngineAdapter, files: list[str], files_format: str, types: dict[str, str]
) -> list[FileFacts]:
    """What each file holds, in the order of `files`; `local_rows` takes what this gives.

    Args:
        types: The type in bronze of each column of the feed.

    Raises:
        SQLMeshError: A file cannot be what the contract says it is; names it, and the way out.
    """
    found = []
    for file in files:
        if files_format == "parquet":
            footer = pq.read_metadata(file)
            columns, rows = footer.schema.to_arrow_schema().names, footer.num_rows
        elif files_format == "csv":
            with open(file, encoding="utf-8-sig", newline="") as lines:
                records = csv.reader(lines)
                columns, rows = next(records, []), sum(1 for _ in records)
        else:
            with open(file, encoding="utf-8") as lines:
                objects = [json.loads(line) for line in lines if line.strip()]
            columns, rows = sorted({name for each in objects for name in each}), len(objects)
        absent = tuple(sorted(set(types) - set(columns))) if rows else ()
        found.append(FileFacts(file, rows, absent, tuple(sorted(set(columns) - set(types)))))
    return found
