"""What a sentence above a chart may say: ties are ties, and what is not over is not compared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from dashboard.data import Frames

MOST_NAMES = 3  # of those that are equal
MONTH = "%b %Y"  # the one form of months: Jan 2026
SO_FAR = "so far"  # of a month that is not over


def together(names: Sequence[str]) -> str:
    """Names in a sentence: `a`, `a and b`, `a, b, c and 2 more`."""
    shown = list(names[:MOST_NAMES])
    if len(names) > MOST_NAMES:
        shown.append(f"{len(names) - MOST_NAMES:,} more")
    *others, last = shown
    return f"{', '.join(others)} and {last}" if others else last


def largest(rows: pd.DataFrame, value: str) -> pd.DataFrame:
    """All rows that have the largest value."""
    return rows[rows[value] == rows[value].max()]


def delivered_up_to(frames: Frames, feed: str | None = None) -> date | None:
    """The day of the newest delivery of a feed, or of any; None if there was none."""
    rows = frames["freshness"].dropna(subset="last_delivery")
    if feed:
        rows = rows[rows["feed"] == feed]
    return None if rows.empty else pd.Timestamp(rows["last_delivery"].max()).date()


def data_up_to(frames: Frames) -> str:
    """How new what a page shows is, in a sentence."""
    newest = delivered_up_to(frames)
    if newest is None:
        return "There is no data yet."
    return f"Data up to {newest:%Y-%m-%d}, the day of the newest delivery (UTC)."


def is_over(months: pd.Series, up_to: date | None) -> pd.Series:
    """Whether the last day of each month, told by its first, has been delivered."""
    return months + pd.offsets.MonthEnd(0) <= pd.Timestamp(up_to or pd.Timestamp.min)


def most_in_month(rows: pd.DataFrame, value: str) -> pd.DataFrame:
    """The months, among those that are over, with the largest value."""
    return largest(rows[rows["over"]], value)
