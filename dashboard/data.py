"""The rows that the dashboard shows, as an environment has them on the gateway that is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlglot import exp, parse_one
from sqlmesh import Context

from dashboard.measured import ALL, DATASETS, FILTERS, Chosen, values_of
from macros.settings import setting
from operations.environment.shown import made
from operations.text import plain

if TYPE_CHECKING:
    import pandas as pd

QUERIES = Path(__file__).parent / "queries"
PERIOD = 28  # days of the key figures, unless some are chosen
# What key figures are of; the dashboard here shows them of some days alone.
IN_ALL = {"viewing": "viewing_in_all", "ratings": "ratings_in_all"}

Frames = dict[str, "pd.DataFrame"]
Views = Mapping[str, str]


def read(context: Context, environment: str) -> Frames:
    """All rows that the dashboard shows, of all days.

    Raises:
        NoEnvironment: The environment is not there.
    """
    _, views = made(context, environment)
    frames = read_queries(context, views)
    return frames | read_measures(context, views, ALL, last_day(frames))


def read_queries(context: Context, views: Views) -> Frames:
    """The rows of every query, by the name of its file; names of users masked."""
    frames = {
        path.stem: _asked(
            context, views, parse_one(path.read_text(encoding="utf-8"), dialect="databricks")
        )
        for path in sorted(QUERIES.glob("*.sql"))
    }
    if setting("STREAMING_SHOW_NAMES") != "1":
        users = frames["engaged_users"]
        users["name"] = [mask(name) for name in users["name"]]
    return frames


def read_measures(context: Context, views: Views, chosen: Chosen, last: date | None) -> Frames:
    """The rows of what is counted of what is chosen, by the name of its dataset.

    `<view>_now` and `<view>_before` are in all of the days that are chosen, or else of the last
    ones, and of as many before; `period` says which days these are.
    """
    import pandas as pd

    frames = {
        name: _asked(context, views, measured.query(chosen))
        for name, measured in DATASETS.items()
        if name not in IN_ALL.values()
    }
    now = chosen
    if not chosen.first:
        last = last or date.min + timedelta(days=2 * PERIOD)
        now = Chosen(last - timedelta(days=PERIOD - 1), last, chosen.only)
    for view, dataset in IN_ALL.items():
        for when, days in (("now", now), ("before", now.before())):
            query = DATASETS[dataset].query(days)
            frames[f"{view}_{when}"] = _asked(context, views, query)
    frames["period"] = pd.DataFrame([{"first": now.first, "last": now.last}])
    return frames


def choices(context: Context, views: Views) -> dict[str, list[str]]:
    """What there is to choose from, by dimension."""
    return {
        dimension: list(_asked(context, views, values_of("viewing", dimension))[dimension])
        for dimension in FILTERS
    }


def last_day(frames: Frames, feed: str | None = None) -> date | None:
    """The day of the newest delivery of a feed, or of any; None if there was none."""
    import pandas as pd

    rows = frames["freshness"].dropna(subset="last_delivery")
    if feed:
        rows = rows[rows["feed"] == feed]
    return None if rows.empty else pd.Timestamp(rows["last_delivery"].max()).date()


def watched_days(frames: Frames) -> tuple[date, date] | tuple[None, None]:
    """The first and the last day on which something was watched; None if nothing was."""
    import pandas as pd

    for row in frames["days"].itertuples():
        return pd.Timestamp(row.first_day).date(), pd.Timestamp(row.last_day).date()
    return None, None


def _asked(context: Context, views: Views, query: exp.Expr) -> pd.DataFrame:
    query = exp.replace_tables(query, dict(views), dialect="databricks")
    rows = context.engine_adapter.fetchdf(query)
    # What draws the pictures ends the process at a sign that steers a terminal.
    return rows.apply(lambda column: column.map(_plain))


def _plain(value: Any) -> Any:
    return plain(value) if isinstance(value, str) else value


def mask(name: str) -> str:
    """The first letter of a name; Databricks may have masked it wholly before."""
    return f"{name[:1]}***"
