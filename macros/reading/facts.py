"""What a delivered file holds, as it is found before it is read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FileFacts:
    """A file that can be read.

    Args:
        path: Where it lies, as the listing named it.
        rows: How many rows it has, as its own format counts them: by parquet's footer, the lines
            of json, the records of csv.
        absent: The feed's columns that it lacks, sorted.
        ignored: The columns that it has beside those of the feed, sorted.
    """

    path: str
    rows: int
    absent: tuple[str, ...]
    ignored: tuple[str, ...]
