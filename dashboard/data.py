"""The rows that the dashboard shows, as an environment has them on the gateway that is chosen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlglot import exp, parse_one
from sqlmesh import Context

from macros.settings import setting
from operations.environment.shown import shown

if TYPE_CHECKING:
    import pandas as pd

QUERIES = Path(__file__).parent / "queries"

Frames = dict[str, "pd.DataFrame"]


class NothingToShow(Exception):
    """There is no such environment yet; says how to make it."""


def read(context: Context, environment: str) -> Frames:
    """The rows of every query, by the name of its file; names of users masked.

    Raises:
        NothingToShow: The environment is not there.
    """
    _, views = shown(context, environment)
    if not views:
        raise NothingToShow(
            f"There is no environment '{environment}' on the gateway "
            f"'{context.selected_gateway}' yet; `bash setup.sh run` makes prod."
        )
    frames = {}
    for path in sorted(QUERIES.glob("*.sql")):
        query = parse_one(path.read_text(encoding="utf-8"), dialect="databricks")
        query = exp.replace_tables(query, dict(views), dialect="databricks", copy=False)
        frames[path.stem] = context.engine_adapter.fetchdf(query)
    if setting("STREAMING_SHOW_NAMES") != "1":
        users = frames["engaged_users"]
        users["name"] = [mask(name) for name in users["name"]]
    return frames


def mask(name: str) -> str:
    """The first letter of a name; Databricks may have masked it wholly before."""
    return f"{name[:1]}***"
