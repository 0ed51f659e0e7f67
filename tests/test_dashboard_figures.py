"""The analysts' dashboard: its figures against SQL, masked names, nothing to show, its export."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from harness import Platform, deliver_day

from dashboard import data, figures
from dashboard.data import Frames, read
from dashboard.export import SHOWS, export, sections
from dashboard.measured import FILTERS, Chosen
from operations.environment.shown import NoEnvironment, made
from operations.terminal import counted


@pytest.fixture(scope="module")
def frames(seeds_in_prod: Platform) -> Frames:
    with seeds_in_prod.context() as context:
        return read(context, "prod")


@pytest.fixture(scope="module")
def exported(seeds_in_prod: Platform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    with seeds_in_prod.context() as context:
        export(context, "prod", folder)
    return folder


def drawn(figure: figures.Figure) -> pd.DataFrame:
    """The rows that a chart holds."""
    assert figure.chart is not None
    return pd.DataFrame(max(figure.chart.to_dict()["datasets"].values(), key=len))


def test_viewing_is_what_was_watched(seeds_in_prod: Platform, frames: Frames) -> None:
    months = seeds_in_prod.query(
        "SELECT STRFTIME(watch_date, '%Y-%m') AS month, ROUND(SUM(minutes_watched) / 60, 1), "
        "COUNT(*) FROM streaming_prod.gold.fct_watches GROUP BY month ORDER BY month"
    )
    figure = figures.viewing(frames)
    rows = drawn(figure)
    found = zip(rows["month"].str[:7], rows["hours"], rows["watches"], strict=True)
    assert list(found) == [
        (month, pytest.approx(hours, abs=0.1), watches) for month, hours, watches in months
    ]
    january, february = months  # of which ten days are delivered
    assert figure.title == (
        f"{january[1]:,.0f} hours were watched in Jan 2026; Feb 2026 is not over"
    )
    assert list(figure.rows["note"]) == ["", "so far"]
    assert february[1] < january[1]


def test_genres_are_rated_as_in_gold(seeds_in_prod: Platform, frames: Frames) -> None:
    genres = seeds_in_prod.query(
        "SELECT COALESCE(show_genre, 'unknown') AS genre, ROUND(AVG(rating), 2), COUNT(*) "
        "FROM streaming_prod.gold.fct_ratings GROUP BY genre ORDER BY AVG(rating) DESC, genre"
    )
    figure = figures.genres(frames)
    rows = drawn(figure)
    assert list(zip(rows["genre"], rows["avg_rating"], rows["ratings"], strict=True)) == genres
    rated = [(mean, genre) for genre, mean, ratings in genres if ratings >= 5]
    best = sorted(genre for mean, genre in rated if mean == max(rated)[0])
    assert best == ["animation", "fantasy"]
    assert figure.title.startswith(
        f"Animation and fantasy are rated best: {max(rated)[0]:.2f} of 5"
    )


def test_names_are_masked_unless_they_may_be_seen(
    seeds_in_prod: Platform, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [
        name for (name,) in seeds_in_prod.query("SELECT name FROM streaming_prod.silver.users")
    ]
    for file in exported.iterdir():
        text = file.read_text()
        assert not [name for name in names if name in text], file.name
    monkeypatch.setitem(seeds_in_prod.settings, "STREAMING_SHOW_NAMES", "1")
    with seeds_in_prod.context() as context:
        users = read(context, "prod")["engaged_users"]
    assert set(users["name"]) <= set(names) and len(users)


def test_a_show_has_its_watches_and_ratings(seeds_in_prod: Platform, frames: Frames) -> None:
    for show_id, watches, minutes in seeds_in_prod.query(
        "SELECT show_id, COUNT(*), SUM(minutes_watched) FROM streaming_prod.gold.fct_watches "
        "GROUP BY show_id"
    ):
        said, (by_month, by_stars) = figures.show(frames, show_id)
        watched = f"{counted(watches, 'time')}, {counted(round(minutes / 60), 'hour')}"
        assert f"Watched {watched}" in said
        assert drawn(by_month)["watches"].sum() == watches
        rated = seeds_in_prod.query(
            "SELECT rating, COUNT(*) FROM streaming_prod.gold.fct_ratings "
            f"WHERE show_id = {show_id} GROUP BY rating"
        )
        if rated:
            rows = drawn(by_stars).set_index("stars")["ratings"]
            assert rows[rows > 0].to_dict() == dict(rated)
        else:
            assert by_stars.chart is None and by_stars.title == "Nobody rated it yet."


def test_who_stays_is_as_in_silver(seeds_in_prod: Platform, frames: Frames) -> None:
    found = seeds_in_prod.query(
        "SELECT STRFTIME(signed_up_on, '%b %Y'), DATE_DIFF('month', signed_up_on, watch_date), "
        "COUNT(DISTINCT user_id) FROM streaming_prod.gold.fct_watches "
        "JOIN streaming_prod.silver.users USING (user_id) "
        "WHERE watch_date >= signed_up_on GROUP BY ALL"
    )
    rows = figures.habits.retention(frames).rows
    shown = {(r.cohort, r.after): r.viewers for r in rows.itertuples()}
    wanted = {(cohort, after): viewers for cohort, after, viewers in found}
    assert len(shown) > 15 and shown.items() <= wanted.items()


@pytest.mark.parametrize("dimension", FILTERS)
def test_what_is_chosen_is_counted_as_by_sql(seeds_in_prod: Platform, dimension: str) -> None:
    """Each value of each dimension, in days that cut a month at each end."""
    first, last = date(2026, 1, 10), date(2026, 2, 5)
    of_watch = {"country": "user_country", "plan": "user_subscription_plan"}
    column = of_watch.get(dimension, dimension)
    where = f"watch_date BETWEEN '{first}' AND '{last}' AND COALESCE({column}, 'unknown')"
    with seeds_in_prod.context() as context:
        _, views = made(context, "prod")
        there_is = data.choices(context, views)[dimension]
        counted_as = [
            data.read_measures(context, views, Chosen(first, last, ((dimension, value),)), last)
            for value in there_is
        ]
    assert len(there_is) > 3
    for value, found in zip(there_is, counted_as, strict=True):
        watches = "streaming_prod.gold.fct_watches LEFT JOIN streaming_prod.gold.dim_shows"
        watched = seeds_in_prod.query(
            f"SELECT DATE_TRUNC('month', watch_date)::DATE, COUNT(*), COUNT(DISTINCT user_id), "
            f"SUM(minutes_watched) FROM {watches} USING (show_id) WHERE {where} = '{value}' "
            "GROUP BY 1 ORDER BY 1"
        )
        rows = found["monthly_viewing_trend"]
        kept = rows[["month", "watches", "viewers", "minutes_watched"]].itertuples(index=False)
        assert [(pd.Timestamp(month).date(), *rest) for month, *rest in kept] == watched
        assert found["viewing_by_hour"]["watches"].sum() == sum(row[1] for row in watched)
        assert found["completion_by_length"]["watches"].sum() == sum(row[1] for row in watched)
        of_rating = {"genre": "show_genre", "device": "'unknown'"} | of_watch
        is_value = (
            "TRUE"
            if dimension == "device"
            else (f"COALESCE({of_rating[dimension]}, 'unknown') = '{value}'")
        )
        [rated] = seeds_in_prod.query(
            f"SELECT COUNT(*), AVG(rating) FROM streaming_prod.gold.fct_ratings "
            f"WHERE rating_date BETWEEN '{first}' AND '{last}' AND {is_value}"
        )
        in_all = found["ratings_now"].iloc[0]
        assert in_all["ratings"] == rated[0]
        assert (
            pd.isna(in_all["avg_rating"])
            if rated[1] is None
            else (in_all["avg_rating"] == pytest.approx(rated[1]))
        )


def test_every_delivered_row_flows_somewhere(seeds_in_prod: Platform, frames: Frames) -> None:
    rows = drawn(figures.flow(frames))
    for feed, delivered, accepted, superseded, quarantined in seeds_in_prod.query(
        "SELECT feed, delivered, accepted, superseded, quarantined "
        "FROM streaming_prod.quality.reconciliation"
    ):
        start = rows[(rows["feed"] == feed) & (rows["step"] == 0)].set_index("fate")
        widths = (start["high"] - start["low"]) * delivered
        counts = {"accepted": accepted, "superseded": superseded, "quarantined": quarantined}
        assert widths.round().astype(int).to_dict() == {f: n for f, n in counts.items() if n}
        assert all(f" {counts[fate]:,} (" in label for fate, label in start["label"].items())


def test_rejects_and_freshness_are_those_of_quality(
    seeds_in_prod: Platform, frames: Frames
) -> None:
    feeds = " UNION ALL ".join(
        f"SELECT '{feed}: ' || UNNEST(_rejected_for) AS what, _ingest_date "
        f"FROM streaming_prod.quarantine.{feed}"
        for feed in ("users", "shows", "watches", "ratings")
    )
    found = seeds_in_prod.query(
        f"SELECT what, STRFTIME(_ingest_date, '%Y-%m-%d'), COUNT(*) FROM ({feeds}) GROUP BY ALL"
    )
    days = sorted({day for _, day, _ in found})[-14:]
    wanted = {(what, day): count for what, day, count in found if day in days}
    cells = drawn(figures.rejects(frames))
    shown = dict(
        zip(zip(cells["what"], cells["day"], strict=True), cells["rejections"], strict=True)
    )
    assert cells["what"].nunique() == 15
    assert shown == {cell: n for cell, n in wanted.items() if cell[0] in set(cells["what"])}
    least = cells.groupby("what")["rejections"].sum().min()
    assert all(n <= least for (what, _), n in wanted.items() if what not in set(cells["what"]))
    rows = drawn(figures.freshness(frames)).set_index("feed")["last_delivery"]
    for feed, last in seeds_in_prod.query(
        "SELECT feed, MAX(_ingest_date) FROM streaming_prod.quality.deliveries GROUP BY feed"
    ):
        assert rows[feed].startswith(str(last))


def test_without_rows_it_says_so(tmp_path: Path) -> None:
    platform = Platform(tmp_path)
    deliver_day(platform, date(2026, 1, 5))
    platform.plan(date(2026, 1, 5))
    with platform.context() as context:
        parts = list(sections(read(context, "prod")))
    titles = [figure.title for part in parts for figure in part.figures if figure.chart is None]
    assert titles == [
        "Nothing was rated yet.",
        "Nothing was rated yet.",
        "Nobody watched since they signed up.",
        "Nobody rated it yet.",
        "No row was rejected.",
    ]


def test_without_prod_it_says_how_to_make_it(tmp_path: Path) -> None:
    with (
        Platform(tmp_path).context() as context,
        pytest.raises(NoEnvironment, match="setup.sh run"),
    ):
        read(context, "prod")
    told = Platform(tmp_path / "other").streaming("dashboard", "--export", str(tmp_path / "out"))
    assert told.exit_code == 1 and "bash setup.sh run" in told.stderr


def test_the_export_needs_nothing_but_itself(exported: Path) -> None:
    page = (exported / "index.html").read_text()
    referred = re.findall(r'(?:src|srcset|href)="(?!data:)([^"#]+)"', page)
    assert {name for name in referred if not (exported / name).exists()} == {"../index.html"}
    assert "<script" not in page
    assert page.count("<figure ") == 11 + 2 * SHOWS
    assert page.count('href="data:text/csv') == page.count("<summary>Numbers</summary>")
    for picture in exported.glob("*.svg"):
        loaded = re.findall(r'(?:href|src)="([^"]+)"|url\(([^)]+)\)', picture.read_text())
        assert not [a or b for a, b in loaded if not (a or b).startswith("#")], picture.name
