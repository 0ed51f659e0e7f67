"""The oracle against cases computed by hand, so that it may judge the models."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from oracle import (
    COLUMNS,
    Delivery,
    build,
    fit,
    hashed_text,
    initcap,
    parse_date,
    parse_number,
    parse_timestamp,
    reasons,
    row_hash,
)

Row = dict[str, Any]
KNOWN = {"users": {1}, "shows": {1}, "watches": {1}}


def user(key: int = 1, **changes: Any) -> Row:
    return {
        "user_id": str(key), "name": "ann lee", "email": "A@x.org", "country": "us",
        "subscription_plan": "Free", "signed_up_on": "2025-12-31",
        "updated_at": "2026-01-01 08:00:00", **changes,
    }  # fmt: skip


def show(key: int = 1, **changes: Any) -> Row:
    return {
        "show_id": str(key), "title": " The Show ", "genre": "Drama", "release_year": "2020",
        "seasons": "3", "rating_avg": "4.5", "updated_at": "2026-01-01 08:00:00", **changes,
    }  # fmt: skip


def watch(key: int = 1, **changes: Any) -> Row:
    return {
        "watch_id": str(key), "user_id": "1", "show_id": "1",
        "watched_at": "2026-01-03 23:30:00", "minutes_watched": "40", "completion_pct": "0.5",
        "status": "Completed", "device": " TV ", **changes,
    }  # fmt: skip


def rating(key: int = 1, **changes: Any) -> Row:
    return {
        "rating_id": str(key), "user_id": "1", "show_id": "1", "watch_id": "1", "rating": "4",
        "review": " ", "rated_at": "2026-01-04 10:00:00", **changes,
    }  # fmt: skip


def deliver(feed: str, day: int, *rows: Row) -> Delivery:
    return Delivery(feed, date(2026, 1, day), f"{feed}/{day}", rows)


def judged(feed: str, row: Row) -> list[str]:
    """Reasons against one row, with user, show and watch 1 accepted."""
    return reasons(feed, build([deliver(feed, 1, row)])[f"bronze.{feed}"][0], KNOWN)


def test_hash_by_hand() -> None:
    row = build([deliver("shows", 1, show(genre="", seasons=" x ", rating_avg="-0.0000005"))])[
        "bronze.shows"
    ][0]
    text = '1:1|10: The Show |0:|4:2020|-|9:-0.000001|16:1767254400000000|17:{"seasons":" x "}'
    assert hashed_text("shows", row) == text
    assert row["_row_hash"] == hashlib.md5(text.encode()).hexdigest()
    assert row["_rescued_data"] == '{"seasons":" x "}' and row["seasons"] is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "8:0.100000"),
        (-0.0, "8:0.000000"),
        (-1e-9, "8:0.000000"),
        (999999999999.0, "19:999999999999.000000"),
        (1e12, "-"),
        (-1e300, "-"),
        (None, "-"),
    ],
)
def test_hash_of_a_double(value: float | None, text: str) -> None:
    assert hashed_text("shows", {"rating_avg": value}) == f"-|-|-|-|-|{text}|-|-"


def test_hash_counts_characters_and_old_days() -> None:
    row = {"name": "é|😀", "signed_up_on": date(1, 2, 3), "updated_at": datetime(1969, 12, 31)}
    text = "-|3:é|😀|-|-|-|10:0001-02-03|12:-86400000000|-"
    assert row_hash("users", row) == hashlib.md5(text.encode()).hexdigest()


def test_text_and_typed_values_hash_equally() -> None:
    typed = {
        "show_id": 1, "title": " The Show ", "genre": "Drama", "release_year": 2020,
        "seasons": 3, "rating_avg": Decimal("4.50"),
        "updated_at": datetime(2026, 1, 1, 9, tzinfo=timezone(timedelta(hours=1))),
    }  # fmt: skip
    first, second = build([deliver("shows", 1, show(), typed)])["bronze.shows"]
    assert first == second


def test_rescued_json_is_compact_ordered_and_unescaped() -> None:
    bad = show(rating_avg=float("-inf"), release_year='é"\\\n\x1f', show_id="１")
    rescued = build([deliver("shows", 1, bad)])["bronze.shows"][0]["_rescued_data"]
    assert rescued == (
        '{"show_id":"１","release_year":"é\\"\\\\\\n\\u001F","rating_avg":"-Infinity"}'
    )
    assert json.loads(rescued)["release_year"] == 'é"\\\n\x1f'


def test_a_parquet_column_of_another_type_is_an_error() -> None:
    for column, value in (("user_id", 1.0), ("name", 5), ("signed_up_on", datetime(2026, 1, 1))):
        with pytest.raises(TypeError, match=f"users/1: column {column}"):
            build([deliver("users", 1, {**user(), column: value})])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  o'neil\u00a0JR\tmc-DONALD  x ", "O'neil\u00a0jr\tMc-donald  X"),
        ("éCLAIR ΟΔΟΣ 1A", "Éclair Οδοσ 1a"),
        ("ßA İI", "ßa İi"),
        ("\u00a0aB\u2003 ", "\u00a0ab\u2003"),
    ],
)
def test_initcap(text: str, expected: str) -> None:
    assert initcap(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-01 00:30:00+02:00", datetime(2025, 12, 31, 22, 30)),
        ("2026-01-01T00:30:00.1234569-0130", datetime(2026, 1, 1, 2, 0, 0, 123456)),
        ("2026-01-01T00:30:00.5Z", datetime(2026, 1, 1, 0, 30, 0, 500000)),
        ("2026-01-01 14:00:00+14:00", datetime(2026, 1, 1)),
        ("2024-02-29 23:59:59", datetime(2024, 2, 29, 23, 59, 59)),
        ("2026-01-01 14:00:00+14:01", None),
        ("2026-01-01 14:00:00+05:60", None),
        ("2026-01-01 14:00:00+5:00", None),
        ("0001-01-01 00:30:00+01:00", None),
        ("9999-12-31 23:30:00-01:00", None),
        ("0000-12-31 23:30:00-01:00", None),
        ("10000-01-01 00:00:00+01:00", None),
        ("2026-01-01 24:00:00", None),
        ("2026-01-01 23:59:60", None),
        ("2026-01-01 00:00:00.", None),
        ("2026-01-01 00:00:00\n", None),
        ("2026-01-01", None),
        ("2025-02-29 00:00:00", None),
        ("٢٠٢٦-01-01 00:00:00", None),
    ],
)
def test_timestamps(text: str, expected: datetime | None) -> None:
    assert parse_timestamp(text) == expected


def test_dates_and_numbers() -> None:
    assert parse_date("2024-02-29") == date(2024, 2, 29)
    assert [parse_date(t) for t in ("1900-02-29", "0000-01-01", "2026-1-01")] == [None] * 3
    assert [parse_number(t) for t in ("5.", ".5", "+1E-1", "-0")] == [5.0, 0.5, 0.1, 0.0]
    assert [parse_number(t) for t in (".", "1_0", "1e999", "NaN", "0x1", "1,5")] == [None] * 6
    assert fit("\f 9223372036854775807\v", "BIGINT") == (2**63 - 1, None)
    assert fit("9223372036854775808", "BIGINT") == (None, "9223372036854775808")
    assert fit("-2147483648", "INT") == (-(2**31), None)
    assert fit("0" * 5000 + "7", "INT") == (7, None)
    assert fit("5.0 ", "INT") == (None, "5.0 ")
    assert fit("\u00a05", "INT") == (None, "\u00a05")
    assert fit(" \t", "INT") == (None, None)


@pytest.mark.parametrize(
    ("feed", "row", "expected"),
    [
        ("users", user(country="uS ", subscription_plan=" PREMIUM", signed_up_on=" "), []),
        ("users", {}, [f"{c}_missing" for c in ("email", "name", "updated_at", "user_id")]),
        ("users", user(name="\u00a0"), []),
        ("users", user(country="ß", email="a@b@c.d", user_id="0"),
         ["country_malformed", "email_malformed", "user_id_out_of_range"]),
        ("users", user(email=" a@ \t", subscription_plan="prem\u0130um"),
         ["email_malformed", "subscription_plan_unknown"]),
        ("shows", show(release_year="1887", seasons="0", rating_avg="5.1"),
         ["rating_avg_out_of_range", "release_year_out_of_range", "seasons_out_of_range"]),
        ("shows", show(rating_avg=float("nan")), ["rating_avg_malformed"]),
        ("watches", watch(completion_pct="-0", minutes_watched="0"), []),
        ("watches", watch(user_id="2", show_id="-1", status="done", minutes_watched="-1"),
         ["minutes_watched_out_of_range", "show_id_out_of_range", "status_unknown",
          "user_id_unknown"]),
        ("ratings", rating(watch_id=" ", rating="5"), []),
        ("ratings", rating(watch_id="x", rating="6", show_id="2"),
         ["rating_out_of_range", "show_id_unknown", "watch_id_malformed"]),
    ],
)  # fmt: skip
def test_reasons(feed: str, row: Row, expected: list[str]) -> None:
    assert judged(feed, row) == expected


def test_history() -> None:
    tables = build(
        [
            deliver("users", 2, user(updated_at="2026-01-02 09:00:00"), user(country="FR")),
            # nothing changes but updated_at and what silver normalises
            deliver("users", 3, user(name=" ANN LEE", updated_at="2026-01-03 09:00:00")),
            # a correction of the past: neither in silver nor in the history
            deliver("users", 4, user(country="DE", updated_at="2026-01-02 10:00:00")),
            # rejected: displaces nothing
            deliver("users", 5, user(country="DEU", updated_at="2026-01-05 10:00:00")),
            # as new as the newest: the later day wins
            deliver("users", 6, user(country="", updated_at="2026-01-03 09:00:00")),
            # late and old
            deliver("users", 7, user(country="IT", updated_at="2026-01-03 08:59:59.999999")),
        ]
    )
    history = sorted(tables["silver.users_history"], key=lambda v: v["valid_from"])
    assert [(v["country"], v["valid_from"], v["valid_to"]) for v in history] == [
        ("US", datetime(2026, 1, 2), datetime(2026, 1, 6)),
        (None, datetime(2026, 1, 6), None),
    ]
    assert tables["silver.users"] == [
        {
            "user_id": 1, "name": "Ann Lee", "email": "a@x.org", "country": None,
            "subscription_plan": "free", "signed_up_on": date(2025, 12, 31),
            "updated_at": datetime(2026, 1, 3, 9),
        }
    ]  # fmt: skip
    assert tables["quality.reconciliation"][-2] == {
        "feed": "users", "delivered": 7, "accepted": 1, "superseded": 5, "quarantined": 1,
        "unaccounted": 0,
    }  # fmt: skip


def test_late_keys_release_what_waits_for_them() -> None:
    early = [deliver("ratings", 1, rating()), deliver("watches", 2, watch())]
    tables = build(early)
    assert tables["quarantine.ratings"][0]["_rejected_for"] == [
        "show_id_unknown",
        "user_id_unknown",
        "watch_id_unknown",
    ]
    assert tables["silver.ratings"] == tables["gold.fct_watches"] == []

    # the user alone does not do: the watch still waits for its show, and the rating for both
    tables = build([*early, deliver("users", 3, user())])
    assert [r["_rejected_for"] for r in tables["quarantine.watches"]] == [["show_id_unknown"]]
    assert [r["_rejected_for"] for r in tables["quarantine.ratings"]] == [
        ["show_id_unknown", "watch_id_unknown"]
    ]

    tables = build([*early, deliver("users", 3, user()), deliver("shows", 9, show())])
    assert tables["quarantine.ratings"] == tables["quarantine.watches"] == []
    assert tables["gold.fct_watches"] == [
        {
            "watch_id": 1, "user_id": 1, "show_id": 1,
            "watched_at": datetime(2026, 1, 3, 23, 30), "watch_date": date(2026, 1, 3),
            "watch_year": 2026, "watch_month": 1, "watch_day_of_week": 6, "watch_hour": 23,
            "is_weekend": True, "minutes_watched": 40, "completion_pct": 0.5,
            "status": "completed", "is_completed": True, "device": "tv", "rating": 4,
            "rating_sentiment": "Positive", "user_country": "US",
            "user_subscription_plan": "free",
        }
    ]  # fmt: skip
    assert tables["gold.fct_ratings"] == [
        {
            "rating_id": 1, "user_id": 1, "show_id": 1, "watch_id": 1,
            "rated_at": datetime(2026, 1, 4, 10), "rating_date": date(2026, 1, 4), "rating": 4,
            "rating_sentiment": "Positive", "review": " ", "show_title": "The Show",
            "show_genre": "drama", "show_quality_tier": "Excellent",
            "watch_completion_pct": 0.5, "watch_status": "completed", "user_country": "US",
            "user_subscription_plan": "free",
        }
    ]  # fmt: skip


def test_a_rating_moves_to_another_watch() -> None:
    base = [
        deliver("users", 1, user()),
        deliver("shows", 1, show()),
        deliver("watches", 1, watch(1), watch(2)),
        deliver("ratings", 5, rating(1, rating="2", rated_at="2026-01-04 09:00:00"), rating(2)),
    ]

    def rated(deliveries: list[Delivery]) -> list[int | None]:
        return [w["rating"] for w in build(deliveries)["gold.fct_watches"]]

    assert rated(base) == [4, None]  # the newest by rated_at
    assert rated([*base, deliver("ratings", 6, rating(2, watch_id="2"))]) == [2, 4]
    assert rated([*base, deliver("ratings", 6, rating(2, watch_id=None))]) == [2, None]
    # an unknown watch rejects the move; the accepted rating stays where it was
    assert rated([*base, deliver("ratings", 6, rating(2, watch_id="3"))]) == [4, None]
    # a lesser rating_id, rated later
    later = rating(1, rating="5", rated_at="2026-01-04 10:00:00.000001")
    assert rated([*base, deliver("ratings", 6, later)]) == [5, None]
    # the same moment: the greater rating_id
    assert rated([*base, deliver("ratings", 6, rating(3, rating="1"))]) == [1, None]


def test_users_as_of_the_event_and_the_views() -> None:
    tables = build(
        [
            deliver("users", 3, user()),
            deliver("users", 5, user(country="FR", updated_at="2026-01-05 00:00:00")),
            deliver("users", 5, user(2), user(3), user(4)),
            deliver("shows", 3, show(genre=" ")),
            deliver(
                "watches",
                3,
                watch(1, watched_at="2025-12-31 23:59:59"),
                watch(2, watched_at="2026-01-04 23:59:59.999999", status="abandoned"),
                watch(3, watched_at="2026-01-05 00:00:00", minutes_watched=""),
                watch(4, user_id="3", minutes_watched="80", completion_pct="1"),
            ),
            deliver("watches", 4, watch(5, user_id="4", minutes_watched="80")),
            deliver("watches", 4, watch(6, user_id="4", minutes_watched="0")),
            deliver("ratings", 3, *(rating(i, user_id="3", watch_id="") for i in (7, 8, 9))),
            deliver("ratings", 3, rating(1, user_id="2", rating="1", watch_id="")),
        ]
    )
    assert [w["user_country"] for w in tables["gold.fct_watches"]] == [
        *("US", "US", "FR", "US", "US", "US")
    ]
    assert [tuple(row.values()) for row in tables["analytics.monthly_viewing_trend"]] == [
        (date(2025, 12, 1), 1, 1, 40, 0.5, 1.0),
        (date(2026, 1, 1), 5, 3, 200, pytest.approx(0.6), pytest.approx(0.8)),
    ]
    assert [tuple(row.values()) for row in tables["analytics.show_ratings_by_genre"]] == [
        ("unknown", 1, 4, 3.25, 0.75)
    ]
    assert [tuple(row.values()) for row in tables["analytics.top_users_by_engagement"]] == [
        (1, "Ann Lee", 3, 80, 0, 1),
        (2, "Ann Lee", 0, 0, 1, 4),
        (3, "Ann Lee", 1, 80, 3, 3),
        (4, "Ann Lee", 2, 80, 0, 2),
    ]


def test_tiers_and_lengths() -> None:
    values = [(None, None), ("4.5", "1"), ("3.5", "2"), ("2.5", "4"), ("2.49", "7"), ("0", "8")]
    rows = [show(i, rating_avg=r, seasons=s) for i, (r, s) in enumerate(values, start=1)]
    shows = build([deliver("shows", 1, *rows)])["gold.dim_shows"]
    assert [(s["quality_tier"], s["series_length"]) for s in shows] == [
        ("Unrated", "Unknown"),
        ("Excellent", "Limited"),
        ("Good", "Short"),
        ("Average", "Medium"),
        ("Poor", "Medium"),
        ("Poor", "Long"),
    ]


def test_every_table_is_there_without_a_delivery_and_order_does_not_matter() -> None:
    tables = build([])
    assert set(tables) == set(COLUMNS)
    assert [row["delivered"] for row in tables["quality.reconciliation"]] == [0] * 4
    deliveries = [
        deliver("users", 1, user(), user(), user(2, user_id="x")),
        deliver("shows", 1, show()),
        deliver("watches", 2, watch(), watch(minutes_watched="50")),
        deliver("ratings", 2, rating()),
    ]
    assert build(deliveries) == build(reversed(deliveries))
