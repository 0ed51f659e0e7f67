"""Charts of how people watch and rate: when, how far, how happily, and for how long they stay."""

from __future__ import annotations

import altair as alt
import pandas as pd

from dashboard.charts import COLOURS, MAIN, ROW, STARS, WIDTH, Figure, bars, cells, nothing
from dashboard.data import Frames, last_day
from dashboard.measured import ALL, Chosen
from dashboard.words import (
    MONTH,
    as_moments,
    hours_of,
    is_over,
    largest,
    not_whole,
    together,
    with_months,
)
from operations.terminal import counted

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LENGTHS = ("Limited", "Short", "Medium", "Long", "Unknown")
ENOUGH_WATCHES = 5  # so many make a mean that is compared
MOST_COHORTS, MOST_MONTHS = 12, 12


def hours(frames: Frames, chosen: Chosen = ALL) -> Figure:
    """Watches by the hour and the day of the week in which they begin."""
    rows = frames["viewing_by_hour"]
    if rows.empty:
        return nothing("viewing-by-hour", "Nothing was watched yet", rows)
    rows = rows.assign(
        day=[WEEKDAYS[n - 1] for n in rows["weekday"]], label=rows["watches"].map(_short)
    )
    best = largest(rows, "watches")
    when = together([f"{row.day} at {row.hour:02}:00" for row in best.itertuples()])
    each = " each" if len(best) > 1 else ""
    title = f"Most watches begin on {when}, UTC: {best['watches'].iloc[0]:,}{each}"
    chart = cells(
        rows,
        alt.X(
            "hour:O",
            title="Hour, UTC",
            axis=alt.Axis(labelAngle=0),
            scale=alt.Scale(domain=list(range(24))),
        ),
        alt.Y("day:N", title=None, sort=list(WEEKDAYS)),
        "watches",
        text="label:N",
        size=9,
    ).properties(width=WIDTH, height=ROW * 7)
    return Figure("viewing-by-hour", title, rows[["day", "hour", "watches"]], chart)


def lengths(frames: Frames, chosen: Chosen = ALL) -> Figure:
    """How far shows are watched, by their length; those with few watches are compared with none."""
    rows = frames["completion_by_length"]
    if rows.empty:
        return nothing("completion-by-length", "Nothing was watched yet", rows)
    rows = rows.sort_values("series_length", key=lambda names: names.map(LENGTHS.index))
    rows = rows.assign(
        watched=(rows["avg_completion_pct"].astype(float) * 100).round(1),
        completed=(rows["completion_rate"].astype(float) * 100).round(1),
        label=[
            f"{r.avg_completion_pct:.0%}; {r.completion_rate:.0%} to the end"
            for r in rows.itertuples()
        ],
    )
    enough = rows[rows["watches"] >= ENOUGH_WATCHES]
    if enough.empty:
        title = f"No length has {ENOUGH_WATCHES} watches yet, so none is called best"
    else:
        best = largest(enough, "watched")
        names = together([name.lower() for name in best["series_length"]]).capitalize()
        title = f"{names} series are watched furthest: {best['watched'].iloc[0]:.0f}% of each"
        if len(best) == len(enough) > 1:
            title = f"Series of each length are watched alike: {best['watched'].iloc[0]:.0f}%"
    chart = bars(rows, "series_length", "watched", "Mean part watched, %", end=100)
    kept = ["series_length", "watches", "watched", "completed"]
    return Figure("completion-by-length", title, rows[kept], chart)


def stars(frames: Frames, chosen: Chosen = ALL) -> Figure:
    """The mean rating of each month, below what was watched in it."""
    watched = frames["monthly_viewing_trend"][["month", "minutes_watched"]]
    rated = frames["monthly_ratings"][["month", "ratings", "avg_rating"]]
    if rated.empty:
        return nothing("ratings-over-time", "Nothing was rated yet", rated)
    watched, rated = (f.assign(month=as_moments(f["month"])) for f in (watched, rated))
    rows = watched.merge(rated, on="month", how="outer").sort_values("month")
    rows = with_months(rows, frames, chosen).fillna({"minutes_watched": 0, "ratings": 0})
    rows = rows.assign(
        hours=(rows.pop("minutes_watched").astype(float) / 60).round(1),
        avg_rating=rows["avg_rating"].astype(float).round(2),
        ratings=rows["ratings"].astype(int),
        name=rows["month"].dt.strftime(MONTH),
    )
    whole = rows[rows["over"] & (rows["ratings"] > 0)]
    if len(whole) < 2:
        ratings = counted(rows["ratings"].sum(), "rating")
        title = f"Rated {_mean(rows):.2f} of {STARS} stars in {ratings}"
    else:
        first, last = whole.iloc[0], whole.iloc[-1]
        title = (
            f"From {first['name']} to {last['name']} the mean rating went from "
            f"{first.avg_rating:.2f} to {last.avg_rating:.2f} stars, and viewing from "
            f"{hours_of(first.hours * 60)} to {hours_of(last.hours * 60)}"
        )
    if not rows["over"].all():
        title += f"; {not_whole(rows)}"
    base = alt.Chart(rows).encode(
        x=alt.X("name:O", title=None, sort=list(rows["name"]), axis=alt.Axis(labelAngle=0))
    )
    viewing = base.mark_bar(color=MAIN).encode(y=alt.Y("hours:Q", title="Hours watched"))
    scale = alt.Scale(domain=(1, STARS), nice=False)
    rating = base.mark_line(color=COLOURS["quarantined"], point=True).encode(
        y=alt.Y("avg_rating:Q", title="Mean rating, stars", scale=scale)
    )
    texts = rating.mark_text(dy=-10, fontSize=12).encode(text="avg_rating:Q")
    size = {"width": WIDTH, "height": 120}
    chart = alt.vconcat(viewing.properties(**size), (rating + texts).properties(**size))
    kept = rows[["name", "hours", "ratings", "avg_rating", "note"]]
    return Figure("ratings-over-time", title, kept.rename(columns={"name": "month"}), chart)


def retention(frames: Frames, chosen: Chosen = ALL) -> Figure:
    """Who still watches, month by month after that of signing up; of all days and users."""
    rows = frames["retention"]
    if rows.empty:
        return nothing("retention", "Nobody watched since they signed up", rows)
    rows = rows.assign(signed_up=as_moments(rows["signed_up"]), month=as_moments(rows["month"]))
    rows["after"] = [
        (later.year - first.year) * 12 + later.month - first.month
        for first, later in zip(rows["signed_up"], rows["month"], strict=True)
    ]
    rows["share"] = (rows["viewers"] / rows["users"] * 100).round(0).astype(int)
    rows["over"] = is_over(rows["month"], last_day(frames, "watches"))
    after = rows[(rows["after"] > 0) & rows["over"]].sort_values(["month", "signed_up"])
    if after.empty:
        title = "No month after that of signing up is over yet"
    else:
        newest = after.iloc[-1]
        title = (
            f"Of those who signed up in {newest.signed_up:{MONTH}}, {newest.share}% watched in "
            f"{newest.month:{MONTH}} ({newest.viewers:,} of {newest.users:,})"
        )
    cohorts = sorted(rows["signed_up"].unique())[-MOST_COHORTS:]
    drawn = rows[rows["signed_up"].isin(cohorts) & (rows["after"] <= MOST_MONTHS)].assign(
        cohort=lambda f: f["signed_up"].dt.strftime(MONTH),
        label=lambda f: [
            f"{s}%{'' if over else '*'}" for s, over in zip(f["share"], f["over"], strict=True)
        ],
    )
    chart = cells(
        drawn,
        alt.X("after:O", title="Months after signing up (* not over)", axis=alt.Axis(labelAngle=0)),
        alt.Y("cohort:N", title="Signed up in", sort=[f"{c:{MONTH}}" for c in cohorts]),
        "share",
        text="label:N",
    ).properties(width=WIDTH - 60, height=ROW * len(cohorts))
    kept = drawn[["cohort", "users", "after", "viewers", "share"]]
    return Figure("retention", title, kept, chart)


def _short(number: int) -> str:
    """A number in three or four signs: 999, 12k, 3M."""
    for unit, sign in ((1_000_000, "M"), (1_000, "k")):
        if number >= unit:
            return f"{number / unit:.0f}{sign}"
    return str(number)


def _mean(rows: pd.DataFrame) -> float:
    """The mean of all ratings, of the means of months."""
    rated = rows[rows["ratings"] > 0]
    return float((rated["avg_rating"] * rated["ratings"]).sum() / rated["ratings"].sum())
