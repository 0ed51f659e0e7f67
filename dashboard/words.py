"""What a sentence above a chart may say: ties are ties, and what is not over is not compared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from dashboard.data import Frames, last_day
from dashboard.measured import ALL, Chosen
from operations.terminal import counted

MOST_NAMES = 3  # of those that are equal
MONTH = "%b %Y"  # the one form of months: Jan 2026
SO_FAR = "so far"  # of a month that is not over
IN_PART = "in part"  # of a month of which some days are chosen


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


def data_up_to(frames: Frames) -> str:
    """How new what a page shows is, in a sentence."""
    newest = last_day(frames)
    if newest is None:
        return "There is no data yet."
    return f"Data up to {newest:%Y-%m-%d}, the day of the newest delivery (UTC)."


def as_moments(days: pd.Series) -> pd.Series:
    """Days, which engines give as moments or as dates, in seconds: these count the year 1, too."""
    return days.astype("datetime64[s]")


def is_over(months: pd.Series, up_to: date | None) -> pd.Series:
    """Whether the last day of each month, told by its first, has been delivered."""
    return months + pd.offsets.MonthEnd(0) <= pd.Timestamp(up_to or pd.Timestamp.min)


def most_in_month(rows: pd.DataFrame, value: str) -> pd.DataFrame:
    """The months, among those that are over, with the largest value."""
    return largest(rows[rows["over"]], value)


def with_months(rows: pd.DataFrame, frames: Frames, chosen: Chosen = ALL) -> pd.DataFrame:
    """Rows with their month as a time, whether it is whole (`over`), and a note where it is not."""
    months = as_moments(rows["month"])
    over = is_over(months, last_day(frames, "watches"))
    notes = over.map({True: "", False: SO_FAR})
    if chosen.first:
        is_cut = (months < pd.Timestamp(chosen.first)) | ~is_over(months, chosen.last)
        notes[is_cut & over] = IN_PART
        over &= ~is_cut
    return rows.assign(month=months, over=over, note=notes)


def not_whole(rows: pd.DataFrame) -> str:
    """Which months are not compared, and why; empty where all are."""
    said = []
    for note, why in ((IN_PART, "is chosen in part"), (SO_FAR, "is not over")):
        if months := [f"{month:{MONTH}}" for month in rows["month"][rows["note"] == note]]:
            said.append(f"{together(months)} {why}")
    return "; ".join(said)


def hours_of(minutes: float) -> str:
    """Minutes in a sentence, as whole hours."""
    return counted(round(minutes / 60), "hour")
