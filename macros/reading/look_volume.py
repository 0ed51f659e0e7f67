"""A look at delivered files of a Unity Catalog volume, before Databricks reads them."""

from __future__ import annotations

from sqlmesh import EngineAdapter

from macros.reading.facts import FileFacts


def look_at_volume(
    adapter: EngineAdapter, files: list[str], files_format: str, types: dict[str, str]
) -> list[FileFacts]:
    """What each file holds, in the order of `files`; `volume_rows` takes what this gives.

    Args:
        types: The type in bronze of each column of the feed.

    Raises:
        SQLMeshError: A file cannot be what the contract says it is; names it, and the way out.
    """
    raise NotImplementedError
