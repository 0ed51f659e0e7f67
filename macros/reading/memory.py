"""What this process knows of delivered files: what was loaded is what is accounted for.

To be imported within a function: SQLMesh gives every model a copy of what its macros name above.
"""

from __future__ import annotations

from datetime import date

from sqlmesh import EngineAdapter

from macros.reading.facts import FileFacts
from macros.reading.listing import Landed
from macros.reading.look_local import look_at_local
from macros.reading.look_volume import look_at_volume

_facts: dict[Landed, FileFacts] = {}
_loaded: dict[str, list[Landed]] = {}  # by feed; feeds are loaded at once


def facts_of(
    adapter: EngineAdapter, files: list[Landed], files_format: str, types: dict[str, str]
) -> dict[str, FileFacts]:
    """What each file holds, by its path; a file is looked at once, until it changes.

    Args:
        types: The type in bronze of each of the feed's columns.

    Raises:
        SQLMeshError: A file cannot be read; names it.
    """
    unknown = [file.path for file in files if file not in _facts]
    if unknown:
        look = look_at_volume if adapter.dialect == "databricks" else look_at_local
        found = {facts.path: facts for facts in look(adapter, unknown, files_format, types)}
        _facts.update({file: found[file.path] for file in files if file not in _facts})
    return {file.path: _facts[file] for file in files}


def remember(feed: str, start: date, end: date, files: list[Landed]) -> None:
    """Takes down that a load is about to read some days of a feed (both included) from files."""
    before = _loaded.get(feed, [])
    _loaded[feed] = [file for file in before if not start <= file.day <= end] + files


def loaded(feed: str, start: date, end: date) -> list[Landed]:
    """The files of some days (both included) as this process loaded them last."""
    return [file for file in _loaded.get(feed, []) if start <= file.day <= end]
