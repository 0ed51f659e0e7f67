"""The key figures: what was watched and rated in some days, and how that differs from before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pandas as pd

from dashboard.data import Frames


@dataclass(frozen=True)
class KeyFigure:
    """A number with its unit, and its change against as many days before, in words."""

    name: str
    value: str
    change: str


def key_figures(frames: Frames) -> tuple[str, list[KeyFigure]]:
    """Which days the figures are of, in a sentence; and the figures."""
    [period] = frames["period"].itertuples()
    length = period.last - period.first + timedelta(days=1)
    began = pd.Timestamp(frames["days"]["first_day"].min())
    is_compared = began <= pd.Timestamp(period.first - length)
    said = f"{period.first} to {period.last}, against the {length.days:,} days before"
    if not is_compared:
        said = (
            f"{period.first} to {period.last}; not compared, since not all of the "
            f"{length.days:,} days before are there"
        )
    watched = frames["viewing_now"].iloc[0], frames["viewing_before"].iloc[0]
    rated = frames["ratings_now"].iloc[0], frames["ratings_before"].iloc[0]
    figures = [
        _count("Watches", *(float(when["watches"]) for when in watched)),
        _count("Viewers", *(float(when["viewers"]) for when in watched)),
        _count("Hours watched", *(float(when["minutes_watched"]) / 60 for when in watched)),
        _share("Watched to the end", *(when["completion_rate"] for when in watched)),
        _stars("Mean rating", *(when["avg_rating"] for when in rated)),
        _share("4 or 5 stars", *(when["positive_share"] for when in rated)),
    ]
    return said, [each if is_compared else replace(each, change="") for each in figures]


def _count(name: str, now: float, before: float) -> KeyFigure:
    change = f"{now / before - 1:+.0%}" if before else "none before"
    return KeyFigure(name, f"{now:,.0f}", change if now or before else "")


def _share(name: str, now: Any, before: Any) -> KeyFigure:
    return _mean(name, now, before, 100, "{:.0f}%", "{:+.0f} points")


def _stars(name: str, now: Any, before: Any) -> KeyFigure:
    return _mean(name, now, before, 1, "{:.2f} of 5", "{:+.2f}")


def _mean(name: str, now: Any, before: Any, unit: int, form: str, change: str) -> KeyFigure:
    """A figure that is not there where there is nothing to make it of."""
    if pd.isna(now):
        return KeyFigure(name, "none", "")
    value = float(now) * unit
    if pd.isna(before):
        return KeyFigure(name, form.format(value), "none before")
    return KeyFigure(name, form.format(value), change.format(value - float(before) * unit))
