"""Every sentence above a chart, of constructed data: ties, one row, no row, a month not over."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pandas as pd
import pytest

from dashboard import figures, habits
from dashboard.data import Frames
from dashboard.key_figures import key_figures
from dashboard.measured import Chosen
from dashboard.words import data_up_to, together

UP_TO = "2026-03-31"
SILENT = ("shows", "2026-01-07", 3, 1)


def frames(up_to: str | None = UP_TO, **rows: list[tuple[Any, ...]]) -> Frames:
    """What the queries would give; the feeds were last delivered on one day."""
    columns = {
        "monthly_viewing_trend": "month minutes_watched watches viewers",
        "show_ratings_by_genre": "genre shows ratings avg_rating positive_share",
        "engaged_users": "engagement_rank user_id name watches minutes_watched ratings",
        "show_watches": "show_id month watches",
        "show_ratings": "show_id stars ratings",
        "shows": "show_id title genre release_year seasons quality_tier watches completion "
        "minutes_watched",
        "reconciliation": "feed delivered accepted superseded quarantined unaccounted",
        "rejections": "delivered_on feed reason rejections",
        "landing": "delivered_on feed files rows_loaded lacking_columns with_other_columns",
        "freshness": "feed last_delivery days_since_delivery rows_delivered",
        "viewing_by_hour": "weekday hour watches",
        "completion_by_length": "series_length watches avg_completion_pct completion_rate",
        "monthly_ratings": "month ratings avg_rating positive_share",
        "retention": "signed_up users month viewers",
        "days": "first_day last_day",
        "period": "first last",
        **dict.fromkeys(
            ("viewing_now", "viewing_before"), "watches viewers minutes_watched completion_rate"
        ),
        **dict.fromkeys(("ratings_now", "ratings_before"), "ratings avg_rating positive_share"),
    }
    rows.setdefault("freshness", [("watches", up_to, 3, 10)])
    return {
        name: pd.DataFrame(rows.get(name, []), columns=names.split())
        for name, names in columns.items()
    }


def months(*minutes: int) -> list[tuple[Any, ...]]:
    return [(date(2026, n, 1), each, 7, 5) for n, each in enumerate(minutes, start=1)]


@pytest.mark.parametrize(
    ("up_to", "minutes", "title"),
    [
        (UP_TO, [], "Nothing was watched yet."),
        (UP_TO, [60], "1 hour was watched in Jan 2026"),
        (UP_TO, [120, 600, 300], "Most was watched in Feb 2026: 10 hours"),
        (UP_TO, [600, 120, 600], "Most was watched in Jan 2026 and Mar 2026: 10 hours each"),
        ("2026-03-30", [0, 60, 90], "Most was watched in Feb 2026: 1 hour; Mar 2026 is not over"),
        ("2026-02-27", [120, 600], "2 hours were watched in Jan 2026; Feb 2026 is not over"),
        ("2026-01-10", [120], "2 hours were watched so far; Jan 2026 is not over"),
        (None, [120], "2 hours were watched so far; Jan 2026 is not over"),
    ],
)  # fmt: skip
def test_viewing(up_to: str | None, minutes: list[int], title: str) -> None:
    figure = figures.viewing(frames(up_to, monthly_viewing_trend=months(*minutes)))
    assert figure.title == title


def test_a_month_that_is_not_over_is_marked() -> None:
    figure = figures.viewing(frames("2026-02-27", monthly_viewing_trend=months(120, 600)))
    assert list(figure.rows["month"]) == ["Jan 2026", "Feb 2026"]
    assert list(figure.rows["note"]) == ["", "so far"]
    assert figure.chart is not None
    layers = figure.chart.to_dict()["layer"]
    hollow = [layer for layer in layers if layer["mark"].get("filled") is False]
    assert [layer["transform"] for layer in hollow] == [[{"filter": "!datum.over"}]]


@pytest.mark.parametrize(
    ("rated", "title"),
    [
        ([], "Nothing was rated yet."),
        ([("drama", 1, 5.0)], "No genre has 5 ratings yet, so none is called best"),
        ([("drama", 5, 4.0)], "Drama is rated 4.00 of 5 stars in 5 ratings"),
        ([("drama", 9, 4.0), ("crime", 9, 3.0)], "Drama is rated best: 4.00 of 5 stars"),
        (
            [("drama", 9, 4.004), ("crime", 5, 4.001), ("war", 9, 2.0)],
            "Crime and drama are rated best: 4.00 of 5 stars",
        ),
        ([("drama", 9, 4.0), ("crime", 5, 4.0)], "All 2 genres are rated alike: 4.00 of 5 stars"),
        (
            [("drama", 9, 4.0), ("crime", 5, 3.0), ("war", 1, 5.0)],
            "Drama is rated best: 4.00 of 5 stars, of those with 5 ratings or more",
        ),
    ],
)
def test_genres(rated: list[tuple[str, int, float]], title: str) -> None:
    rows = [(genre, 1, ratings, mean, 0.5) for genre, ratings, mean in rated]
    assert figures.genres(frames(show_ratings_by_genre=rows)).title == title


def test_the_axis_of_the_mean_rating_ends_at_5() -> None:
    chart = figures.genres(frames(show_ratings_by_genre=[("drama", 1, 9, 4.0, 0.5)])).chart
    assert chart is not None
    scales = [
        layer["encoding"]["x"]["scale"]["domain"]
        for layer in chart.to_dict()["layer"]
        if "scale" in layer["encoding"]["x"]
    ]
    assert scales == [[0, 5]]


@pytest.mark.parametrize(
    ("minutes", "title"),
    [
        ([], "Nobody watched or rated yet."),
        ([60], "The most engaged user watched 1 hour"),
        ([120, 120], "The 2 most engaged users watched 4 hours"),
    ],
)
def test_engaged(minutes: list[int], title: str) -> None:
    rows = [(1, n, "A***", 2, each, 0) for n, each in enumerate(minutes)]
    assert figures.engaged(frames(engaged_users=rows)).title == title


@pytest.mark.parametrize(
    ("up_to", "watches", "title"),
    [
        (UP_TO, [], "Nobody watched it yet."),
        (UP_TO, [1], "Watched 1 time in Jan 2026"),
        (UP_TO, [2, 3], "Watched most in Feb 2026: 3 times"),
        (UP_TO, [3, 1, 3], "Watched most in Jan 2026 and Mar 2026: 3 times each"),
        ("2026-02-10", [2, 9], "Watched 2 times in Jan 2026"),
        ("2026-01-10", [9], "Watched 9 times so far, in Jan 2026, which is not over"),
    ],
)
def test_watches_of_a_show(up_to: str, watches: list[int], title: str) -> None:
    shows = [(8, "A", "drama", 2020, 1, "Good", sum(watches), None, 60)]
    rows = [(8, date(2026, n, 1), count) for n, count in enumerate(watches, start=1)]
    said, (by_month, _) = figures.show(frames(up_to, shows=shows, show_watches=rows), 8)
    assert by_month.title == title
    assert "1 hour." in said and "1 season;" in said
    assert all(re.fullmatch("[A-Z][a-z]{2} 2026", month) for month in by_month.rows["month"])


@pytest.mark.parametrize(
    ("stars", "title"),
    [
        ([], "Nobody rated it yet."),
        ([(4, 1)], "Rated 4.00 of 5 stars in 1 rating"),
        ([(2, 1), (5, 2)], "Rated 4.00 of 5 stars in 3 ratings"),
    ],
)
def test_ratings_of_a_show(stars: list[tuple[int, int]], title: str) -> None:
    shows = [(8, "A", "drama", 2020, 1, "Good", 0, None, 60)]
    rows = [(8, *each) for each in stars]
    _, (_, by_stars) = figures.show(frames(shows=shows, show_ratings=rows), 8)
    assert by_stars.title == title


@pytest.mark.parametrize(
    ("rows", "title"),
    [
        ([], "Nothing was delivered yet."),
        ([("users", 0, 0, 0, 0, 0)], "Nothing was delivered yet."),
        ([("users", 9, 8, 0, 1, 0)], "Every delivered row is accounted for; in quarantine: 1 of 9"),
        ([("users", 9, 8, 0, 0, 1)], "1 row is unaccounted for; in quarantine: 0 of 9"),
        (
            [("users", 9, 7, 0, 0, 2), ("shows", 1, 0, 0, 1, 0)],
            "2 rows are unaccounted for; in quarantine: 1 of 10",
        ),
    ],
)
def test_flow(rows: list[tuple[Any, ...]], title: str) -> None:
    assert figures.flow(frames(reconciliation=rows)).title == title


@pytest.mark.parametrize(
    ("rows", "title"),
    [
        ([], "No row was rejected."),
        (
            [("2026-01-01", "users", "a", 1)],
            "All rejects: users: a, 1 row on the last day with any",
        ),
        (
            [("2026-01-01", "users", "a", 2), ("2026-01-02", "shows", "b", 1)],
            "Most rejects: users: a, 2 rows in the last 2 days with any",
        ),
        (
            [("2026-01-01", feed, reason, n) for feed, reason, n in
             (("users", "c", 2), ("shows", "b", 2), ("users", "a", 1))],
            "Most rejects: shows: b and users: c, 2 rows each on the last day with any",
        ),
        (
            [("2026-01-01", "users", "a", 2), ("2026-01-01", "shows", "b", 2)],
            "All rejects: shows: b and users: a, 2 rows each on the last day with any",
        ),
    ],
)  # fmt: skip
def test_rejects(rows: list[tuple[Any, ...]], title: str) -> None:
    assert figures.rejects(frames(rejections=rows)).title == title


@pytest.mark.parametrize(
    ("rows", "title"),
    [
        ([], "No file was read."),
        ([("2026-01-01", "users", 1, 1, 0, 0)], "1 file with 1 row on the last day with any"),
        (
            [("2026-01-01", "users", 1, 5, 0, 0), ("2026-01-02", "users", 2, 5, 0, 0)],
            "3 files with 10 rows in the last 2 days with any",
        ),
    ],
)
def test_landing(rows: list[tuple[Any, ...]], title: str) -> None:
    assert figures.landing(frames(landing=rows)).title == title


@pytest.mark.parametrize(
    ("rows", "title"),
    [
        ([], "No feed was ever delivered."),
        ([("users", None, None, None)], "No feed was ever delivered."),
        ([("users", "2026-01-09", 1, 1)], "Last delivered on 2026-01-09: users"),
        (
            [("users", "2026-01-09", 1, 1), ("shows", "2026-01-09", 1, 1)],
            "Last delivered on 2026-01-09: shows and users",
        ),
        (
            [("users", "2026-01-09", 1, 1), SILENT, ("watches", *SILENT[1:])],
            "shows and watches are silent longest: last delivered on 2026-01-07",
        ),
        (
            [("users", "2026-01-09", 1, 1), SILENT, ("ratings", None, None, None)],
            "shows is silent longest: last delivered on 2026-01-07; never: ratings",
        ),
    ],
)  # fmt: skip
def test_freshness(rows: list[tuple[Any, ...]], title: str) -> None:
    assert figures.freshness(frames(freshness=rows)).title == title


@pytest.mark.parametrize(
    ("watches", "title"),
    [
        ([], "Nothing was watched yet."),
        ([(6, 9, 1)], "Most watches begin on Saturday at 09:00, UTC: 1"),
        ([(1, 0, 1200), (7, 23, 8)], "Most watches begin on Monday at 00:00, UTC: 1,200"),
        (
            [(1, 0, 8), (7, 23, 8)],
            "Most watches begin on Monday at 00:00 and Sunday at 23:00, UTC: 8 each",
        ),
    ],
)
def test_hours(watches: list[tuple[int, int, int]], title: str) -> None:
    assert habits.hours(frames(viewing_by_hour=watches)).title == title


@pytest.mark.parametrize(
    ("watched", "title"),
    [
        ([], "Nothing was watched yet."),
        ([("Short", 4, 0.5)], "No length has 5 watches yet, so none is called best"),
        ([("Short", 5, 0.5)], "Short series are watched furthest: 50% of each"),
        (
            [("Short", 5, 0.5), ("Limited", 9, 0.75), ("Long", 1, 1.0)],
            "Limited series are watched furthest: 75% of each",
        ),
        (
            [("Long", 5, 0.5), ("Short", 9, 0.5), ("Medium", 9, 0.25)],
            "Short and long series are watched furthest: 50% of each",
        ),
        ([("Long", 5, 0.5), ("Short", 9, 0.5)], "Series of each length are watched alike: 50%"),
    ],
)
def test_lengths(watched: list[tuple[str, int, float]], title: str) -> None:
    rows = [(length, watches, far, 0.1) for length, watches, far in watched]
    assert habits.lengths(frames(completion_by_length=rows)).title == title


@pytest.mark.parametrize(
    ("up_to", "minutes", "rated", "title"),
    [
        (UP_TO, [60], [], "Nothing was rated yet."),
        (UP_TO, [60], [(1, 1, 4.0)], "Rated 4.00 of 5 stars in 1 rating"),
        (UP_TO, [60, 60], [(1, 1, 4.0), (3, 3, 2.0)], "From Jan 2026 to Mar 2026 the mean rating "
         "went from 4.00 to 2.00 stars, and viewing from 1 hour to 0 hours"),
        ("2026-02-27", [60, 120], [(1, 1, 4.0), (2, 3, 2.0)],
         "Rated 2.50 of 5 stars in 4 ratings; Feb 2026 is not over"),
    ],
)  # fmt: skip
def test_stars(
    up_to: str, minutes: list[int], rated: list[tuple[int, int, float]], title: str
) -> None:
    rows = [(date(2026, month, 1), ratings, mean, 0.5) for month, ratings, mean in rated]
    found = frames(up_to, monthly_viewing_trend=months(*minutes), monthly_ratings=rows)
    assert habits.stars(found).title == title


@pytest.mark.parametrize(
    ("viewers", "title"),
    [
        ([], "Nobody watched since they signed up."),
        ([("2026-03-01", 4, "2026-03-01", 4)], "No month after that of signing up is over yet"),
        ([("2026-02-01", 4, "2026-04-01", 4)], "No month after that of signing up is over yet"),
        (
            [("2026-01-01", 4, "2026-03-01", 1), ("2026-02-01", 3, "2026-03-01", 2)],
            "Of those who signed up in Feb 2026, 67% watched in Mar 2026 (2 of 3)",
        ),
    ],
)
def test_retention(viewers: list[tuple[Any, ...]], title: str) -> None:
    assert habits.retention(frames(retention=viewers)).title == title


def test_of_months_that_are_chosen_in_part() -> None:
    found = frames(monthly_viewing_trend=months(600, 60, 900))
    chosen = Chosen(date(2026, 1, 2), date(2026, 3, 30))
    figure = figures.viewing(found, chosen)
    assert figure.title == (
        "1 hour was watched in Feb 2026; Jan 2026 and Mar 2026 is chosen in part"
    )
    assert list(figure.rows["note"]) == ["in part", "", "in part"]


@pytest.mark.parametrize(
    ("first_day", "before", "said", "changes"),
    [
        (
            date(2026, 1, 1),
            ((8, 2, 300, 0.25), (4, 3.5, 0.5)),
            "2026-02-01 to 2026-02-10, against the 10 days before",
            ["+25%", "+50%", "+100%", "+25 points", "+0.50", "-25 points"],
        ),
        (
            date(2026, 1, 1),
            ((0, 0, 0, None), (0, None, None)),
            "2026-02-01 to 2026-02-10, against the 10 days before",
            ["none before"] * 6,
        ),
        (
            date(2026, 1, 23),
            ((8, 2, 300, 0.25), (4, 3.5, 0.5)),
            "2026-02-01 to 2026-02-10; not compared, since not all of the 10 days before are there",
            [""] * 6,
        ),
    ],
)
def test_key_figures(first_day: date, before: Any, said: str, changes: list[str]) -> None:
    viewing, ratings = before
    told, found = key_figures(
        frames(
            days=[(first_day, date(2026, 2, 10))],
            period=[(date(2026, 2, 1), date(2026, 2, 10))],
            viewing_now=[(10, 3, 600, 0.5)],
            viewing_before=[viewing],
            ratings_now=[(4, 4.0, 0.25)],
            ratings_before=[ratings],
        )
    )
    assert told == said and [each.change for each in found] == changes
    assert [each.value for each in found] == ["10", "3", "10", "50%", "4.00 of 5", "25%"]


def test_key_figures_of_nothing() -> None:
    _, found = key_figures(
        frames(
            period=[(date(2026, 2, 1), date(2026, 2, 10))],
            viewing_now=[(0, 0, 0, None)],
            viewing_before=[(0, 0, 0, None)],
            ratings_now=[(0, None, None)],
            ratings_before=[(0, None, None)],
        )
    )
    assert [each.value for each in found] == ["0", "0", "0", "none", "none", "none"]


def test_every_figure_has_its_sentences_tested() -> None:
    tested = {name.removeprefix("test_") for name in globals()}
    shown = (*figures.VIEWING, *figures.USERS, *figures.QUALITY)
    assert {figure.__name__ for figure in shown} <= tested


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ([None], "There is no data yet."),
        (
            ["2026-01-07", "2026-01-09", None],
            "Data up to 2026-01-09, the day of the newest delivery (UTC).",
        ),
    ],
)
def test_a_page_says_how_new_it_is(days: list[str | None], said: str) -> None:
    rows = [(f"feed{n}", day, None, None) for n, day in enumerate(days)]
    assert data_up_to(frames(freshness=rows)) == said


def test_names_that_are_equal_are_listed() -> None:
    assert [together(list("abcde"[:n])) for n in (1, 2, 3, 5)] == [
        "a",
        "a and b",
        "a, b and c",
        "a, b, c and 2 more",
    ]
