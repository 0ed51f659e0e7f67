"""The rows that the dashboard shows, as an environment has them on the gateway that is chosen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlglot import exp, parse_one
from sqlmesh import Context

from macros.settings import setting
from operations.environment.shown import made
from operations.text import plain

if TYPE_CHECKING:
    import pandas as pd

QUERIES = Path(__file__).parent / "queries"

Frames = dict[str, "pd.DataFrame"]


def read(context: Context, environment: str) -> Frames:
    """The rows of every query, by the name of its file; names of users masked.

    Raises:
        NoEnvironment: The environment is not there.
    """
    _, views = made(context, environment)
    frames = {}
    for path in sorted(QUERIES.glob("*.sql")):
        query = parse_one(path.read_text(encoding="utf-8"), dialect="databricks")
        query = exp.replace_tables(query, dict(views), dialect="databricks", copy=False)
        rows = context.engine_adapter.fetchdf(query)
        # What draws the pictures ends the process at a sign that steers a terminal.
        frames[path.stem] = rows.apply(lambda column: column.map(_plain))
    if setting("STREAMING_SHOW_NAMES") != "1":
        users = frames["engaged_users"]
        users["name"] = [mask(name) for name in users["name"]]
    return frames


def _plain(value: Any) -> Any:
    return plain(value) if isinstance(value, str) else value


def mask(name: str) -> str:
    """The first letter of a name; Databricks may have masked it wholly before."""
    return f"{name[:1]}***"
