"""A second, slow implementation of the data contract, to check the SQL against.

Written from the contract alone, in plain Python: no SQL, no data frames, nothing incremental.
`build` takes deliveries and returns every table in its final state. Where the contract leaves
room, the comment beside the code says what was chosen.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Row = dict[str, Any]
Known = Mapping[str, set[int]]  # feed -> the keys of its accepted rows

# ------------------------------------------------------------------ the contract as data

WHITE_SPACE = " \t\n\v\f\r"
HISTORY_START = date(2026, 1, 1)

FEEDS: dict[str, dict[str, str]] = {
    "users": {
        "user_id": "BIGINT", "name": "STRING", "email": "STRING", "country": "STRING",
        "subscription_plan": "STRING", "signed_up_on": "DATE", "updated_at": "TIMESTAMP",
    },
    "shows": {
        "show_id": "BIGINT", "title": "STRING", "genre": "STRING", "release_year": "INT",
        "seasons": "INT", "rating_avg": "DOUBLE", "updated_at": "TIMESTAMP",
    },
    "watches": {
        "watch_id": "BIGINT", "user_id": "BIGINT", "show_id": "BIGINT",
        "watched_at": "TIMESTAMP", "minutes_watched": "INT", "completion_pct": "DOUBLE",
        "status": "STRING", "device": "STRING",
    },
    "ratings": {
        "rating_id": "BIGINT", "user_id": "BIGINT", "show_id": "BIGINT", "watch_id": "BIGINT",
        "rating": "INT", "review": "STRING", "rated_at": "TIMESTAMP",
    },
}  # fmt: skip

REQUESTS = {"erasures": {"user_id": "BIGINT", "requested_at": "TIMESTAMP"}}

KEYS = {"users": "user_id", "shows": "show_id", "watches": "watch_id", "ratings": "rating_id"}

REQUIRED = {
    "users": ("user_id", "name", "email", "updated_at"),
    "shows": ("show_id", "title", "updated_at"),
    "watches": ("watch_id", "user_id", "show_id", "watched_at", "completion_pct", "status"),
    "ratings": ("rating_id", "user_id", "show_id", "rating", "rated_at"),
}

RANGES: dict[str, tuple[float, float]] = {
    **{key: (1, math.inf) for key in KEYS.values()},
    "completion_pct": (0, 1),
    "rating_avg": (0, 5),
    "rating": (1, 5),
    "release_year": (1888, 2100),
    "seasons": (1, math.inf),
    "minutes_watched": (0, math.inf),
}

CHOICES = {
    "status": {"completed", "in_progress", "abandoned"},
    "subscription_plan": {"free", "basic", "standard", "premium"},
}

FOREIGN_KEYS = {
    "watches": {"user_id": "users", "show_id": "shows"},
    "ratings": {"user_id": "users", "show_id": "shows", "watch_id": "watches"},
}

HISTORY_CONTENT = ("user_id", "name", "email", "country", "subscription_plan", "signed_up_on")

_META = ("_ingest_date", "_source", "_row_hash", "_rescued_data")

COLUMNS: dict[str, tuple[str, ...]] = {
    **{f"bronze.{feed}": (*columns, *_META) for feed, columns in FEEDS.items()},
    "silver.users": tuple(FEEDS["users"]),
    "silver.shows": tuple(FEEDS["shows"]),
    "silver.watches": (
        "watch_id", "user_id", "show_id", "watched_at", "watch_date", "minutes_watched",
        "completion_pct", "status", "device",
    ),
    "silver.ratings": (
        "rating_id", "user_id", "show_id", "watch_id", "rating", "rating_sentiment", "review",
        "rated_at", "rating_date",
    ),
    "silver.users_history": (*HISTORY_CONTENT, "valid_from", "valid_to"),
    **{f"quarantine.{feed}": (*cols, *_META, "_rejected_for") for feed, cols in FEEDS.items()},
    "gold.dim_shows": (
        "show_id", "title", "genre", "release_year", "seasons", "rating_avg", "quality_tier",
        "series_length",
    ),
    "gold.fct_watches": (
        "watch_id", "user_id", "show_id", "watched_at", "watch_date", "watch_year",
        "watch_month", "watch_day_of_week", "watch_hour", "is_weekend", "minutes_watched",
        "completion_pct", "status", "is_completed", "device", "rating", "rating_sentiment",
        "user_country", "user_subscription_plan",
    ),
    "gold.fct_ratings": (
        "rating_id", "user_id", "show_id", "watch_id", "rated_at", "rating_date", "rating",
        "rating_sentiment", "review", "show_title", "show_genre", "show_quality_tier",
        "watch_completion_pct", "watch_status", "user_country", "user_subscription_plan",
    ),
    "analytics.monthly_viewing_trend": (
        "month", "watches", "viewers", "minutes_watched", "avg_completion_pct",
        "completion_rate",
    ),
    "analytics.show_ratings_by_genre": (
        "genre", "shows", "ratings", "avg_rating", "positive_share",
    ),
    "analytics.top_users_by_engagement": (
        "user_id", "name", "watches", "minutes_watched", "ratings", "engagement_rank",
    ),
    "quality.reconciliation": (
        "feed", "delivered", "accepted", "superseded", "quarantined", "unaccounted",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Delivery:
    """One delivered file: text values (csv, json) or typed ones (parquet)."""

    feed: str
    dt: date
    source: str
    rows: tuple[dict[str, Any], ...]


# ------------------------------------------------------------------ text


def trim(text: str) -> str:
    """Without the contract's six white space characters at either end."""
    return text.strip(WHITE_SPACE)


def blank(text: str | None) -> bool:
    """NULL or only white space."""
    return text is None or trim(text) == ""


def lower(text: str) -> str:
    """Lower case, one character for one (Unicode's simple mapping)."""
    return "".join("i" if c == "\u0130" else c.lower() for c in text)


def upper(text: str) -> str:
    """Upper case, one character for one: a character without such a counterpart stays."""
    return "".join(next((u for u in (c.upper(), c.title()) if len(u) == 1), c) for c in text)


def initcap(text: str) -> str:
    """Each run of non-white-space: its first character upper, the rest lower; trimmed."""
    word = re.compile(f"[^{WHITE_SPACE}]+")
    return word.sub(lambda m: upper(m[0][0]) + lower(m[0][1:]), trim(text))


_ESCAPES = {code: f"\\u{code:04X}" for code in range(32)} | {
    ord(char): f"\\{letter}" for char, letter in zip('\b\t\n\f\r"\\', 'btnfr"\\', strict=True)
}


def json_object(texts: Mapping[str, str]) -> str:
    """Compact JSON; only what must be is escaped, control characters in upper-case hexadecimal
    (the contract does not say; DuckDB and Jackson write them so, Python's json does not)."""
    pairs = (f'"{name}":"{text.translate(_ESCAPES)}"' for name, text in texts.items())
    return "{" + ",".join(pairs) + "}"


# ------------------------------------------------------------------ fitting values to types

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:Z|([+-])([0-9]{2}):?([0-9]{2}))?"
)
_BITS = {"BIGINT": 64, "INT": 32}


def _fits(value: int, kind: str) -> bool:
    limit = 1 << (_BITS[kind] - 1)
    return -limit <= value < limit


def parse_integer(text: str, kind: str) -> int | None:
    """The integer, or None when it is malformed or too large for `kind`."""
    if not _INTEGER.fullmatch(text):
        return None
    digits = text.lstrip("+-").lstrip("0") or "0"
    if len(digits) > 19:  # no BIGINT; also spares int() its limit on long texts
        return None
    value = -int(digits) if text.startswith("-") else int(digits)
    return value if _fits(value, kind) else None


def parse_number(text: str) -> float | None:
    """The finite double, or None."""
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def parse_date(text: str) -> date | None:
    """The real day in the years 0001 to 9999, or None."""
    match = _DATE.fullmatch(text)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


def parse_timestamp(text: str) -> datetime | None:
    """The moment in UTC, without time zone, or None.

    Both the day as written and the moment in UTC must lie in the years 0001 to 9999.
    """
    match = _TIMESTAMP.fullmatch(text)
    if not match:
        return None
    day, hour, minute, second, fraction, sign, off_hours, off_minutes = match.groups()
    parsed_day = parse_date(day)
    micros = int((fraction or "")[:6].ljust(6, "0"))
    offset = timedelta(hours=int(off_hours or 0), minutes=int(off_minutes or 0))
    if parsed_day is None or offset > timedelta(hours=14) or int(off_minutes or 0) > 59:
        return None
    try:
        local = datetime.combine(parsed_day, time(int(hour), int(minute), int(second), micros))
        return local + offset if sign == "-" else local - offset
    except (ValueError, OverflowError):  # 24:00:00, 00:60:00; year 0 or 10000 in UTC
        return None


def _fit_typed(raw: Any, kind: str) -> tuple[Any, str | None]:
    """A parquet value: as it is, but a DOUBLE that is not finite is rescued."""
    is_integer = isinstance(raw, int) and not isinstance(raw, bool)
    if kind in _BITS and is_integer and _fits(raw, kind):
        return raw, None
    if kind == "DOUBLE" and (is_integer or isinstance(raw, (float, Decimal))):
        value = float(raw)
        if math.isfinite(value):
            return value, None
        name = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return None, name
    if kind == "DATE" and isinstance(raw, date) and not isinstance(raw, datetime):
        return raw, None
    if kind == "TIMESTAMP" and isinstance(raw, datetime):
        return raw.astimezone(timezone.utc).replace(tzinfo=None) if raw.tzinfo else raw, None
    raise TypeError(f"{raw!r} is no {kind}")


def fit(raw: Any, kind: str) -> tuple[Any, str | None]:
    """(value in the column's type, None), or (None, the text to rescue)."""
    if raw is None:
        return None, None
    if not isinstance(raw, str):
        return _fit_typed(raw, kind)
    if kind == "STRING":
        return raw, None
    text = trim(raw)
    if text == "":
        return None, None
    value: Any
    if kind in _BITS:
        value = parse_integer(text, kind)
    elif kind == "DOUBLE":
        value = parse_number(text)
    else:
        value = parse_date(text) if kind == "DATE" else parse_timestamp(text)
    return value, raw if value is None else None


# ------------------------------------------------------------------ bronze


def _hash_text(value: Any) -> str | None:
    """A value's text within the hashed text; None for an absent one."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return str((value - datetime(1970, 1, 1)) // timedelta(microseconds=1))
    if isinstance(value, float):
        if abs(value) >= 1e12:  # does not fit DECIMAL(18,6)
            return None
        number = Decimal(repr(value)).quantize(Decimal("0.000001"), ROUND_HALF_UP)
        if abs(number) >= 10**12:
            return None
        return format(number if number else abs(number), "f")  # a decimal has no -0
    return value.isoformat() if isinstance(value, date) else str(value)


def hashed_text(feed: str, row: Mapping[str, Any]) -> str:
    """The text whose MD5 is the row's hash."""
    texts = (_hash_text(row.get(column)) for column in (*FEEDS[feed], "_rescued_data"))
    return "|".join("-" if text is None else f"{len(text)}:{text}" for text in texts)


def row_hash(feed: str, row: Mapping[str, Any]) -> str:
    """`_row_hash` of a bronze row (typed columns and `_rescued_data`)."""
    return hashlib.md5(hashed_text(feed, row).encode("utf-8")).hexdigest()


def bronze_row(delivery: Delivery, raw: Mapping[str, Any]) -> Row:
    """A delivered row as bronze keeps it. A column it lacks is NULL, extra ones are ignored."""
    row: Row = {}
    rescued: dict[str, str] = {}
    for column, kind in FEEDS[delivery.feed].items():
        try:
            row[column], text = fit(raw.get(column), kind)
        except TypeError as error:
            raise TypeError(f"{delivery.source}: column {column}: {error}") from None
        if text is not None:
            rescued[column] = text
    row["_ingest_date"] = delivery.dt
    row["_source"] = delivery.source
    row["_rescued_data"] = json_object(rescued) if rescued else None
    row["_row_hash"] = row_hash(delivery.feed, row)
    return row


# ------------------------------------------------------------------ the rules


def _good_email(text: str) -> bool:
    user, *hosts = text.split("@")
    return len(hosts) == 1 and not blank(user) and not blank(hosts[0]) and "." in hosts[0]


def _judge(feed: str, column: str, value: Any, malformed: bool, known: Known) -> str | None:
    """What is wrong with one value: at most one thing can be."""
    if malformed:
        return "malformed"
    if value is None or (isinstance(value, str) and blank(value)):
        return "missing" if column in REQUIRED[feed] else None
    if column == "email":
        return None if _good_email(trim(value)) else "malformed"
    if column == "country":  # either case; letters of ASCII only, before any case mapping
        return None if re.fullmatch("[A-Za-z]{2}", trim(value)) else "malformed"
    if column in CHOICES:
        text = trim(value)
        return None if text.isascii() and text.lower() in CHOICES[column] else "unknown"
    if column in RANGES:
        least, most = RANGES[column]
        if not least <= value <= most:
            return "out_of_range"
    parent = FOREIGN_KEYS.get(feed, {}).get(column)
    return "unknown" if parent and value not in known[parent] else None


def reasons(feed: str, row: Mapping[str, Any], known: Known) -> list[str]:
    """Every reason against a bronze row, sorted; `known` holds the accepted keys per feed."""
    rescued = json.loads(row.get("_rescued_data") or "{}")
    found = []
    for column in FEEDS[feed]:
        what = _judge(feed, column, row.get(column), column in rescued, known)
        if what:
            found.append(f"{column}_{what}")
    return sorted(found)


# ------------------------------------------------------------------ silver


def _or_null(text: str | None) -> str | None:
    """Trimmed text; a blank one is NULL."""
    return None if text is None or blank(text) else trim(text)


def _lower_or_null(text: str | None) -> str | None:
    trimmed = _or_null(text)
    return None if trimmed is None else lower(trimmed)


def silver_row(feed: str, row: Row) -> Row:
    """An accepted bronze row as silver shows it."""
    out = {column: row[column] for column in FEEDS[feed]}
    if feed == "users":
        country = _or_null(row["country"])  # two ASCII letters, if any
        out["name"] = initcap(row["name"])
        out["email"] = lower(trim(row["email"]))
        out["country"] = country and upper(country)
        out["subscription_plan"] = _lower_or_null(row["subscription_plan"])
    elif feed == "shows":
        out["title"] = trim(row["title"])
        out["genre"] = _lower_or_null(row["genre"])
    elif feed == "watches":
        out["watch_date"] = row["watched_at"].date()
        out["status"] = lower(trim(row["status"]))
        out["device"] = _lower_or_null(row["device"])
    else:
        out["rating_sentiment"] = "Positive" if row["rating"] >= 4 else "Neutral"
        out["rating_date"] = row["rated_at"].date()
    return out


def _age(feed: str, row: Row) -> tuple[Any, ...]:
    """Greatest is newest. The last part only makes the choice among equal hashes definite:
    doubles that differ past the sixth decimal, about which the contract says nothing."""
    version = (row["updated_at"],) if "updated_at" in FEEDS[feed] else ()
    return *version, row["_ingest_date"], row["_row_hash"], sort_key(row, tuple(FEEDS[feed]))


def newest(feed: str, accepted: Iterable[Row]) -> list[Row]:
    """The newest accepted row per key."""
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in accepted:
        groups[row[KEYS[feed]]].append(row)
    return [max(group, key=lambda row: _age(feed, row)) for group in groups.values()]


def users_history(accepted: Iterable[Row]) -> list[Row]:
    """Every version of every user, from the accepted bronze rows, oldest first."""
    days: dict[int, dict[date, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in accepted:
        days[row["user_id"]][row["_ingest_date"]].append(row)
    history: list[Row] = []
    for by_day in days.values():
        versions: list[Row] = []
        latest = datetime.min
        for day in sorted(by_day):
            row = max(by_day[day], key=lambda r: _age("users", r))
            if row["updated_at"] < latest:
                continue  # not the newest
            latest = row["updated_at"]
            silver = silver_row("users", row)
            content = {column: silver[column] for column in HISTORY_CONTENT}
            if versions and all(versions[-1][c] == content[c] for c in HISTORY_CONTENT):
                continue  # changes nothing
            start = datetime.combine(day, time())
            if versions:
                versions[-1]["valid_to"] = start
            versions.append({**content, "valid_from": start, "valid_to": None})
        history += versions
    return history


# ------------------------------------------------------------------ gold


def quality_tier(rating_avg: float | None) -> str:
    """The tier of a show by its average rating."""
    if rating_avg is None:
        return "Unrated"
    tiers = ((4.5, "Excellent"), (3.5, "Good"), (2.5, "Average"))
    return next((name for least, name in tiers if rating_avg >= least), "Poor")


def series_length(seasons: int | None) -> str:
    """The class of a show by its number of seasons."""
    if seasons is None:
        return "Unknown"
    return next(
        (name for least, name in ((8, "Long"), (4, "Medium"), (2, "Short")) if seasons >= least),
        "Limited",
    )


def _as_of(versions: list[Row], moment: datetime) -> Row:
    """The version that held at `moment`; the first one for a moment before it."""
    begun = [version for version in versions if version["valid_from"] <= moment]
    return begun[-1] if begun else versions[0]


def gold(tables: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """The gold tables, from silver alone."""
    dim_shows = [
        {
            **{c: show[c] for c in FEEDS["shows"] if c != "updated_at"},
            "quality_tier": quality_tier(show["rating_avg"]),
            "series_length": series_length(show["seasons"]),
        }
        for show in tables["silver.shows"]
    ]
    shows = {show["show_id"]: show for show in dim_shows}
    watches = {watch["watch_id"]: watch for watch in tables["silver.watches"]}
    versions: dict[int, list[Row]] = defaultdict(list)
    for version in tables["silver.users_history"]:
        versions[version["user_id"]].append(version)
    last_rating: dict[int, Row] = {}
    for rating in sorted(tables["silver.ratings"], key=lambda r: (r["rated_at"], r["rating_id"])):
        if rating["watch_id"] is not None:
            last_rating[rating["watch_id"]] = rating

    def user_columns(user_id: int, moment: datetime) -> Row:
        user = _as_of(versions[user_id], moment)
        names = ("country", "subscription_plan")
        return {f"user_{name}": user[name] for name in names}

    def watch_fact(watch: Row) -> Row:
        at: datetime = watch["watched_at"]
        rating = last_rating.get(watch["watch_id"], {})
        return {
            **watch,
            "watch_year": at.year,
            "watch_month": at.month,
            "watch_day_of_week": at.isoweekday(),
            "watch_hour": at.hour,
            "is_weekend": at.isoweekday() >= 6,
            "is_completed": watch["status"] == "completed",
            "rating": rating.get("rating"),
            "rating_sentiment": rating.get("rating_sentiment"),
            **user_columns(watch["user_id"], at),
        }

    def rating_fact(rating: Row) -> Row:
        show = shows[rating["show_id"]]
        watch = watches.get(rating["watch_id"], {})
        return {
            **rating,
            "show_title": show["title"],
            "show_genre": show["genre"],
            "show_quality_tier": show["quality_tier"],
            "watch_completion_pct": watch.get("completion_pct"),
            "watch_status": watch.get("status"),
            **user_columns(rating["user_id"], rating["rated_at"]),
        }

    return {
        "gold.dim_shows": dim_shows,
        "gold.fct_watches": [watch_fact(watch) for watch in tables["silver.watches"]],
        "gold.fct_ratings": [rating_fact(rating) for rating in tables["silver.ratings"]],
    }


# ------------------------------------------------------------------ analytics, quality


def _mean(values: Iterable[float]) -> float | None:
    items = list(values)
    return math.fsum(items) / len(items) if items else None


def _grouped(rows: Iterable[Row], key: Any) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def _minutes(watches: Iterable[Row]) -> int:
    return sum(watch["minutes_watched"] or 0 for watch in watches)


def analytics(tables: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """The three views over gold."""
    watches, ratings = tables["gold.fct_watches"], tables["gold.fct_ratings"]
    by_month = _grouped(watches, lambda w: w["watch_date"].replace(day=1))
    trend = [
        {
            "month": month,
            "watches": len(group),
            "viewers": len({w["user_id"] for w in group}),
            "minutes_watched": _minutes(group),
            "avg_completion_pct": _mean(w["completion_pct"] for w in group),
            "completion_rate": _mean(w["is_completed"] for w in group),
        }
        for month, group in by_month.items()
    ]
    by_genre = _grouped(ratings, lambda r: r["show_genre"] or "unknown")
    genres = [
        {
            "genre": genre,
            "shows": len({r["show_id"] for r in group}),
            "ratings": len(group),
            "avg_rating": _mean(r["rating"] for r in group),
            "positive_share": _mean(r["rating_sentiment"] == "Positive" for r in group),
        }
        for genre, group in by_genre.items()
    ]
    watched = _grouped(watches, lambda w: w["user_id"])
    rated = _grouped(ratings, lambda r: r["user_id"])
    top = [
        {
            "user_id": user["user_id"],
            "name": user["name"],
            "watches": len(watched.get(user["user_id"], ())),
            "minutes_watched": _minutes(watched.get(user["user_id"], ())),
            "ratings": len(rated.get(user["user_id"], ())),
        }
        for user in tables["silver.users"]
        if user["user_id"] in watched or user["user_id"] in rated
    ]
    top.sort(key=lambda u: (-u["minutes_watched"], -u["watches"], -u["ratings"], u["user_id"]))
    return {
        "analytics.monthly_viewing_trend": trend,
        "analytics.show_ratings_by_genre": genres,
        "analytics.top_users_by_engagement": [
            {**user, "engagement_rank": rank} for rank, user in enumerate(top, start=1)
        ],
    }


# ------------------------------------------------------------------ erasure


def erase(table: str, row: Row) -> None:
    """Takes out of a row what says who its user is."""
    layer, feed = table.split(".")
    if feed.startswith("users"):
        row |= {"name": "erased", "email": "erased"}
        row |= {"country": None, "subscription_plan": None, "signed_up_on": None}
    if feed == "ratings":
        row["review"] = None
    if layer in ("bronze", "quarantine") and feed in ("users", "ratings"):
        if feed == "users":
            row["_rescued_data"] = None
        row["_row_hash"] = row_hash(feed, row)


# ------------------------------------------------------------------ everything


def sort_key(row: Row, columns: tuple[str, ...]) -> tuple[Any, ...]:
    """Orders rows by all `columns` in turn, NULL first; `build` sorts every table so."""
    return tuple((False,) if row[c] is None else (True, row[c]) for c in columns)


def build(deliveries: Iterable[Delivery]) -> dict[str, list[Row]]:
    """Every table after all deliveries were processed, in whatever order they came."""
    deliveries = list(deliveries)
    requests = [raw for each in deliveries if each.feed in REQUESTS for raw in each.rows]
    erased = {fit(raw["user_id"], "BIGINT")[0] for raw in requests}
    deliveries = [each for each in deliveries if each.feed in FEEDS]
    tables: dict[str, list[Row]] = {f"bronze.{feed}": [] for feed in FEEDS}
    for delivery in deliveries:
        if delivery.dt < HISTORY_START:  # the contract does not say what becomes of it
            raise ValueError(f"{delivery.source}: delivered before {HISTORY_START}")
        rows = tables[f"bronze.{delivery.feed}"]
        rows += [bronze_row(delivery, raw) for raw in delivery.rows]

    known: dict[str, set[int]] = {}
    tables["quality.reconciliation"] = []
    for feed in FEEDS:  # parents come before children
        bronze = tables[f"bronze.{feed}"]
        judged = [(row, reasons(feed, row, known)) for row in bronze]
        valid = [row for row, why in judged if not why]
        rejected = [{**row, "_rejected_for": why} for row, why in judged if why]
        silver = [silver_row(feed, row) for row in newest(feed, valid)]
        known[feed] = {row[KEYS[feed]] for row in valid}
        tables[f"silver.{feed}"], tables[f"quarantine.{feed}"] = silver, rejected
        if feed == "users":
            tables["silver.users_history"] = users_history(valid)
        superseded = len(valid) - len(silver)
        count = {
            "feed": feed,
            "delivered": len(bronze),
            "accepted": len(silver),
            "superseded": superseded,
            "quarantined": len(rejected),
            "unaccounted": len(bronze) - len(silver) - superseded - len(rejected),
        }
        tables["quality.reconciliation"].append(count)

    # Last of all, so that nothing is decided by what an erased row reads.
    for table, rows in tables.items():
        for row in rows:
            if row.get("user_id") in erased:
                erase(table, row)
    tables |= gold(tables)
    tables |= analytics(tables)
    for table, columns in COLUMNS.items():
        ordered = sorted(tables[table], key=lambda row: sort_key(row, columns))
        tables[table] = [{column: row[column] for column in columns} for row in ordered]
    return {table: tables[table] for table in COLUMNS}
