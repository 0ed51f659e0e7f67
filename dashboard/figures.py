"""Charts of what is watched, and of the data's quality; their titles say what they show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import altair as alt
import pandas as pd

from dashboard import habits
from dashboard.charts import (
    COLOURS,
    MAIN,
    ROW,
    STARS,
    WIDTH,
    Figure,
    bars,
    cells,
    columns,
    nothing,
)
from dashboard.data import Frames
from dashboard.measured import ALL, Chosen
from dashboard.words import (
    MONTH,
    hours_of,
    largest,
    most_in_month,
    not_whole,
    together,
    with_months,
)
from operations.terminal import counted

GAP = 0.15  # between the bands of a flow, of what was delivered
ENOUGH_RATINGS = 5  # so many make a mean that is compared
LAST_DAYS, MOST_REASONS = 14, 15  # with rejects, in the chart of these
FATES = ("accepted", "superseded", "quarantined", "unaccounted")


def viewing(frames: Frames, chosen: Chosen = ALL) -> Figure:
    """Hours watched by month; a month that is not whole is marked, and compared with none."""
    rows = frames["monthly_viewing_trend"][
        ["month", "minutes_watched", "watches", "viewers"]
    ].copy()
    if rows.empty:
        return nothing("viewing-trend", "Nothing was watched yet", rows)
    rows = with_months(rows, frames, chosen)
    rows["minutes_watched"] = rows["minutes_watched"].astype(float)
    title = _most_watched(rows)
    rows["hours"] = (rows.pop("minutes_watched") / 60).round(1)
    base = alt.Chart(rows).encode(
        x=alt.X("yearmonth(month):T", title="Month", axis=alt.Axis(format=MONTH)),
        y=alt.Y("hours:Q", title="Hours watched"),
        tooltip=[
            alt.Tooltip("yearmonth(month):T", format=MONTH),
            *("hours:Q", "watches:Q", "viewers:Q", "note:N"),
        ],
    )
    unfinished = base.transform_filter("!datum.over")
    chart = (
        base.mark_line(color=MAIN)
        + base.transform_filter("datum.over").mark_point(size=60, filled=True, color=MAIN)
        + unfinished.mark_point(size=60, filled=False, color=MAIN)
        + unfinished.mark_text(dy=-14, fontSize=12).encode(text="note:N")
    ).properties(width=WIDTH, height=220)
    rows_shown = rows.assign(month=rows["month"].dt.strftime(MONTH)).drop(columns="over")
    return Figure("viewing-trend", title, rows_shown, chart)


def _most_watched(rows: pd.DataFrame) -> str:
    """The months with most hours among those that are whole, and those that are not."""
    best = most_in_month(rows, "minutes_watched")
    if best.empty:
        watched = _were_watched(rows["minutes_watched"].sum())
        return f"{watched} so far; {not_whole(rows)}"
    months = together([f"{month:{MONTH}}" for month in best["month"]])
    minutes = best["minutes_watched"].iloc[0]
    if rows["over"].sum() == 1:
        said = f"{_were_watched(minutes)} in {months}"
    else:
        each = " each" if len(best) > 1 else ""
        said = f"Most was watched in {months}: {hours_of(minutes)}{each}"
    return said if rows["over"].all() else f"{said}; {not_whole(rows)}"


def _were_watched(minutes: float) -> str:
    hours = hours_of(minutes)
    return f"{hours} {'was' if hours == '1 hour' else 'were'} watched"


def genres(frames: Frames, chosen: Chosen = ALL) -> Figure:
    """Mean rating by genre; those with few ratings are compared with none."""
    rows = frames["show_ratings_by_genre"].sort_values(
        ["avg_rating", "genre"], ascending=[False, True]
    )
    if rows.empty:
        return nothing("ratings-by-genre", "Nothing was rated yet", rows)
    rows = rows.assign(
        avg_rating=rows["avg_rating"].astype(float).round(2),
        label=[f"{r.avg_rating:.2f} in {counted(r.ratings, 'rating')}" for r in rows.itertuples()],
    )
    chart = bars(rows, "genre", "avg_rating", "Mean rating, stars", end=STARS)
    return Figure("ratings-by-genre", _best_rated(rows), rows.drop(columns="label"), chart)


def _best_rated(rows: pd.DataFrame) -> str:
    """The genres that are rated best, of those with enough ratings to say so."""
    enough = rows[rows["ratings"] >= ENOUGH_RATINGS]
    if enough.empty:
        return f"No genre has {ENOUGH_RATINGS} ratings yet, so none is called best"
    best = largest(enough, "avg_rating")
    mean = f"{best['avg_rating'].iloc[0]:.2f} of {STARS} stars"
    of = "" if len(enough) == len(rows) else f", of those with {ENOUGH_RATINGS} ratings or more"
    if len(enough) == 1:
        ratings = counted(best["ratings"].iloc[0], "rating")
        return f"{best['genre'].iloc[0].capitalize()} is rated {mean} in {ratings}"
    if len(best) == len(enough):
        return f"All {len(best)} genres are rated alike: {mean}{of}"
    verb = "is" if len(best) == 1 else "are"
    return f"{together(sorted(best['genre'])).capitalize()} {verb} rated best: {mean}{of}"


def engaged(frames: Frames, chosen: Chosen = ALL) -> Figure:
    """The users with most minutes."""
    rows = frames["engaged_users"]
    if rows.empty:
        return nothing("most-engaged-users", "Nobody watched or rated yet", rows)
    hours = (rows["minutes_watched"].astype(float) / 60).round(1)
    rows = rows.assign(
        hours=hours,
        user=[f"{r.name} (user {r.user_id})" for r in rows.itertuples()],
        label=[f"{h:,.1f} h in {w:,} watches" for h, w in zip(hours, rows["watches"], strict=True)],
    )
    who = "most engaged user" if len(rows) == 1 else f"{len(rows)} most engaged users"
    title = f"The {who} watched {hours_of(frames['engaged_users']['minutes_watched'].sum())}"
    chart = bars(rows, "user", "hours", "Hours watched")
    kept = ["engagement_rank", "user", "hours", "watches", "ratings"]
    return Figure("most-engaged-users", title, rows[kept], chart)


def show(frames: Frames, show_id: int) -> tuple[str, list[Figure]]:
    """A show in a sentence, and its watches and ratings.

    Raises:
        KeyError: There is no such show.
    """
    shows = frames["shows"].set_index("show_id")
    about = shows.loc[show_id]
    completion = "" if pd.isna(about.completion) else f", {about.completion:.0%} of each on average"
    year = "" if pd.isna(about.release_year) else f", {int(about.release_year)}"
    seasons = "" if pd.isna(about.seasons) else f", {counted(about.seasons, 'season')}"
    genre = about.genre if isinstance(about.genre, str) and about.genre else "no genre"
    said = (
        f"{genre}{year}{seasons}; {about.quality_tier.lower()} by the critics. "
        f"Watched {counted(about.watches, 'time')}, {hours_of(about.minutes_watched)}{completion}."
    )
    return said, [
        _show_watches(frames, show_id),
        _show_ratings(frames["show_ratings"].query("show_id == @show_id"), show_id),
    ]


def flow(frames: Frames) -> Figure:
    """What became of the rows of each feed: bands from what was delivered to where they are."""
    rows = frames["reconciliation"]
    delivered = int(rows["delivered"].sum()) if len(rows) else 0
    if not delivered:
        return nothing("reconciliation", "Nothing was delivered yet", rows)
    lost = int(rows["unaccounted"].sum())
    held = int(rows["quarantined"].sum())
    found = "Every delivered row is accounted for"
    if lost:
        found = f"{counted(lost, 'row')} {'is' if lost == 1 else 'are'} unaccounted for"
    title = f"{found}; in quarantine: {held:,} of {delivered:,}"
    bands = pd.DataFrame(point for row in rows.itertuples() for point in _bands(row))
    colour = alt.Color(
        "fate:N", legend=None, scale=alt.Scale(domain=FATES, range=[COLOURS[f] for f in FATES])
    )
    scale = alt.Scale(domain=(0, 1 + GAP * len(FATES)), nice=False)
    base = alt.Chart(bands).encode(
        x=alt.X("step:Q", axis=None, scale=alt.Scale(domain=(0, 2.4), nice=False))
    )
    areas = base.mark_area(opacity=0.75).encode(
        y=alt.Y("low:Q", axis=None, scale=scale), y2="high:Q", color=colour, detail="fate:N"
    )
    labels = (
        base.transform_filter("datum.step == 1")
        .transform_calculate(middle="(datum.low + datum.high) / 2")
        .mark_text(align="left", dx=8, fontSize=12)
        .encode(y=alt.Y("middle:Q", axis=None, scale=scale), text="label:N")
    )
    chart = (
        alt.layer(areas, labels)
        .properties(width=WIDTH / 2 - 20, height=150)
        .facet(alt.Facet("feed:N", title=None, sort=list(rows["feed"])), columns=2)
    )
    return Figure("reconciliation", title, rows, chart)


def rejects(frames: Frames) -> Figure:
    """Rejected rows by reason and day of delivery, of the last days with any."""
    found = frames["rejections"]
    if found.empty:
        return nothing("rejects", "No row was rejected", found)
    days = sorted(found["delivered_on"].unique())[-LAST_DAYS:]
    rows = found[found["delivered_on"].isin(days)].assign(
        what=lambda f: f["feed"] + ": " + f["reason"],
        day=lambda f: pd.to_datetime(f["delivered_on"]).dt.strftime("%Y-%m-%d"),
    )
    by_reason = rows.groupby("what")["rejections"].sum().sort_values(ascending=False)
    rows = rows[rows["what"].isin(by_reason.index[:MOST_REASONS])]
    most = by_reason[by_reason == by_reason.max()]
    share = "Most" if len(most) < len(by_reason) else "All"
    title = (
        f"{share} rejects: {together(sorted(most.index))}, "
        f"{counted(most.iloc[0], 'row')}{' each' if len(most) > 1 else ''} {_last(days)} with any"
    )
    chart = cells(
        rows,
        alt.X("day:O", title="Day of delivery, UTC", axis=alt.Axis(labelAngle=-45)),
        alt.Y("what:N", title=None, sort=list(by_reason.index), axis=alt.Axis(labelLimit=220)),
        "rejections",
        colour=COLOURS["quarantined"],
    ).properties(width=WIDTH - 160, height=ROW * rows["what"].nunique())
    return Figure("rejects", title, rows[["day", "feed", "reason", "rejections"]], chart)


def _last(days: list[Any]) -> str:
    return f"in the last {len(days)} days" if len(days) > 1 else "on the last day"


def freshness(frames: Frames) -> Figure:
    """Days since the last delivery of each feed; a feed that never came has none."""
    rows = frames["freshness"].sort_values("feed")
    late = rows.dropna(subset="days_since_delivery")
    if late.empty:
        return nothing("freshness", "No feed was ever delivered", rows)
    silent = late.assign(days=late["days_since_delivery"].astype(int))
    longest = largest(silent, "days")
    day = f"{pd.Timestamp(longest['last_delivery'].iloc[0]):%Y-%m-%d}"
    names = together(list(longest["feed"]))
    if len(longest) == len(late):
        title = f"Last delivered on {day}: {names}"
    else:
        verb = "is" if len(longest) == 1 else "are"
        title = f"{names} {verb} silent longest: last delivered on {day}"
    if never := list(rows["feed"][rows["days_since_delivery"].isna()]):
        title += f"; never: {together(never)}"
    drawn = late.assign(
        days_since_delivery=late["days_since_delivery"].astype(int),
        label=[
            f"{counted(r.days_since_delivery, 'day')}, {counted(r.rows_delivered, 'row')} then"
            for r in late.itertuples()
        ],
    )
    chart = bars(drawn, "feed", "days_since_delivery", "Days since the last delivery")
    return Figure("freshness", title, rows, chart)


def landing(frames: Frames) -> Figure:
    """Files that were read, by feed and day of delivery, of the last days with any."""
    found = frames["landing"]
    if found.empty:
        return nothing("landing", "No file was read", found)
    days = sorted(found["delivered_on"].unique())[-LAST_DAYS:]
    rows = found[found["delivered_on"].isin(days)].assign(
        day=lambda f: pd.to_datetime(f["delivered_on"]).dt.strftime("%Y-%m-%d"),
    )
    files, loaded = int(rows["files"].sum()), int(rows["rows_loaded"].sum())
    title = f"{counted(files, 'file')} with {counted(loaded, 'row')} {_last(days)} with any"
    chart = cells(
        rows,
        alt.X("day:O", title="Day of delivery, UTC", axis=alt.Axis(labelAngle=-45)),
        alt.Y("feed:N", title=None),
        "rows_loaded",
        text="files:Q",
    ).properties(width=WIDTH - 100, height=ROW * rows["feed"].nunique())
    return Figure("landing", title, rows.drop(columns="delivered_on"), chart)


VIEWING = (viewing, genres, habits.hours, habits.lengths, habits.stars)
USERS = (habits.retention, engaged)
QUALITY = (flow, rejects, landing, freshness)


def _show_watches(frames: Frames, show_id: int) -> Figure:
    name = f"show-{show_id}-watches"
    rows = frames["show_watches"].query("show_id == @show_id")[["month", "watches"]]
    if rows.empty:
        return nothing(name, "Nobody watched it yet", rows)
    rows = with_months(rows, frames).assign(
        label=lambda f: [
            f"{w:,} {note}".strip() for w, note in zip(f["watches"], f["note"], strict=True)
        ]
    )
    best = most_in_month(rows, "watches")
    rows = rows.assign(name=rows["month"].dt.strftime(MONTH))
    times = counted(best["watches"].max() if len(best) else rows["watches"].sum(), "time")
    months = together([f"{month:{MONTH}}" for month in best["month"]] or list(rows["name"]))
    if best.empty:
        title = f"Watched {times} so far, in {months}, which is not over"
    elif rows["over"].sum() == 1:
        title = f"Watched {times} in {months}"
    else:
        title = f"Watched most in {months}: {times}{' each' if len(best) > 1 else ''}"
    rows = rows.drop(columns=["month", "over"]).rename(columns={"name": "month"})
    chart = columns(rows, "month", "Month", "watches", "Watches", label="label:N")
    return Figure(name, title, rows[["month", "watches", "note"]], chart)


def _show_ratings(rows: pd.DataFrame, show_id: int) -> Figure:
    name = f"show-{show_id}-ratings"
    rows = rows[["stars", "ratings"]]
    if rows.empty:
        return nothing(name, "Nobody rated it yet", rows)
    count = int(rows["ratings"].sum())
    mean = float((rows["stars"] * rows["ratings"]).sum()) / count
    title = f"Rated {mean:.2f} of 5 stars in {counted(count, 'rating')}"
    every = pd.DataFrame({"stars": range(1, 6)}).merge(rows, how="left").fillna(0).astype(int)
    return Figure(name, title, every, columns(every, "stars", "Stars", "ratings", "Ratings"))


def _bands(row: Any) -> Iterator[dict[str, object]]:
    """The borders of a feed's bands, in shares of what it delivered, from left (0) to right (1)."""
    start = end = 0.0
    for fate in FATES:
        count = int(getattr(row, fate))
        if not count:
            continue
        share = count / row.delivered
        label = f"{fate} {count:,} ({share:.1%})"
        for n in range(21):
            bend = (n / 20) ** 2 * (3 - 2 * n / 20)
            low = start + (end - start) * bend
            yield {
                "feed": row.feed,
                "fate": fate,
                "step": n / 20,
                "low": low,
                "high": low + share,
                "label": label,
            }
        start += share
        end += share + GAP
