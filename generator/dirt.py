"""Bad values and harmless noise, laid over a feed's clean rows.

A dirty row has one bad value of one kind of the contract's rules; a noisy row has the right values
in another spelling. Text formats take every kind, parquet those that its typed columns can hold.
"""

from __future__ import annotations

from typing import NamedTuple

from generator.feeds import choice, dirty, whole
from macros import feeds

NOISE_PER_DIRT = 5  # so many noisy rows for a dirty one
MAX_NOISE = 0.5


class Column(NamedTuple):
    """A column: its name, its type in bronze, and whether another case or padding is harmless."""

    name: str
    type: str
    any_case: bool
    padded: bool


class Bad(NamedTuple):
    """A kind of bad value: the column, what is wrong, as texts, and as SQL values of its type."""

    column: str
    what: str
    texts: tuple[str | None, ...]
    typed: tuple[str, ...] = ()


ANY_CASE = {"name", "email", "country", "subscription_plan", "genre", "status", "device"}
AS_WRITTEN = {"review"}  # padding is part of its text


def columns_of(feed: str) -> list[Column]:
    """The columns of a feed, in their order."""
    said = getattr(feeds, f"{feed.upper()}_COLUMNS")
    return [Column(name, type_, name in ANY_CASE, name not in AS_WRITTEN) for name, type_ in said]


BLANKS = (None, "", "   ", " \t ")
BLANK_TEXT = ("NULL", "''", "'   '")


def _required_text(column: str) -> Bad:
    return Bad(column, "missing", BLANKS, BLANK_TEXT)


def _required_time(column: str) -> tuple[Bad, ...]:
    wrong = (
        "not a time",
        "2026-02-30 10:00:00",
        "2026-01-05T25:00:00",
        "01/02/2026 10:00",
        "2026-01-05 24:00:00",
        "2026-01-05",
    )
    return Bad(column, "missing", BLANKS, ("NULL",)), Bad(column, "malformed", wrong)


def _id(column: str, required: bool = True, foreign: bool = False) -> tuple[Bad, ...]:
    kinds: tuple[Bad, ...] = (
        Bad(column, "malformed", ("abc", "12x", "1.5", "1_000", "99999999999999999999", "0x1F")),
        Bad(column, "out_of_range", ("0", "-7"), ("0", "-7")),
    )
    if required:
        kinds += (Bad(column, "missing", BLANKS, ("NULL",)),)
    if foreign:
        kinds += (
            Bad(column, "unknown", ("8999999999", "9000000001"), ("8999999999", "9000000001")),
        )
    return kinds


NO_NUMBERS = ("n/a", "NaN", "Infinity", "1e999", "0,5", "1_0")
NO_FINITE = ("'NaN'::DOUBLE", "'Infinity'::DOUBLE", "'-Infinity'::DOUBLE")

KINDS: dict[str, tuple[Bad, ...]] = {
    "users": (
        *_id("user_id"),
        _required_text("name"),
        _required_text("email"),
        Bad(
            "email",
            "malformed",
            ("nobody", "a@b", "two@@example.com", "@example.com"),
            ("'nobody'", "'a@b'", "'@example.com'"),
        ),
        Bad("country", "malformed", ("USA", "D3", "1"), ("'USA'", "'D3'")),
        Bad("subscription_plan", "unknown", ("gold", "trial"), ("'gold'", "'trial'")),
        Bad("signed_up_on", "malformed", ("2026-02-30", "31/12/2025", "yesterday", "2025-1-5")),
        *_required_time("updated_at"),
    ),
    "shows": (
        *_id("show_id"),
        _required_text("title"),
        Bad("release_year", "malformed", ("19x4", "MMXX", "2019.5")),
        Bad("release_year", "out_of_range", ("1650", "2500"), ("1650", "2500")),
        Bad("seasons", "malformed", ("two", "3.0", "99999999999")),
        Bad("seasons", "out_of_range", ("0", "-1"), ("0", "-1")),
        Bad("rating_avg", "malformed", NO_NUMBERS, NO_FINITE),
        Bad("rating_avg", "out_of_range", ("5.01", "-0.5"), ("5.01", "-0.5")),
        *_required_time("updated_at"),
    ),
    "watches": (
        *_id("watch_id"),
        *_id("user_id", foreign=True),
        *_id("show_id", foreign=True),
        *_required_time("watched_at"),
        Bad("minutes_watched", "malformed", ("12.5", "twelve", "1e2")),
        Bad("minutes_watched", "out_of_range", ("-5",), ("-5",)),
        Bad("completion_pct", "missing", BLANKS, ("NULL",)),
        Bad("completion_pct", "malformed", NO_NUMBERS, NO_FINITE),
        Bad("completion_pct", "out_of_range", ("1.2", "-0.1", "85"), ("1.2", "-0.1", "85")),
        _required_text("status"),
        Bad("status", "unknown", ("paused", "done"), ("'paused'", "'done'")),
    ),
    "ratings": (
        *_id("rating_id"),
        *_id("user_id", foreign=True),
        *_id("show_id", foreign=True),
        *_id("watch_id", required=False, foreign=True),
        Bad("rating", "missing", BLANKS, ("NULL",)),
        Bad("rating", "malformed", ("five", "4.5", "***")),
        Bad("rating", "out_of_range", ("0", "6", "10"), ("0", "6", "10")),
        *_required_time("rated_at"),
    ),
}

# The spellings, by type; {0} is the column, {1} its text. A type without an entry stays plain.
PAD, UPPER, LOWER = "'  ' || {1} || ' '", "upper({1})", "lower({1})"
SPELLINGS: tuple[dict[str, str], ...] = (
    {"BIGINT": PAD, "INT": PAD, "DOUBLE": PAD, "DATE": PAD, "TIMESTAMP_NTZ": PAD, "STRING": PAD},
    {"STRING": UPPER},
    {"STRING": LOWER, "TIMESTAMP_NTZ": "replace({1}, ' ', 'T')"},
    {"TIMESTAMP_NTZ": "replace({1}, ' ', 'T') || '.000Z'", "STRING": "chr(9) || {1}"},
    {"TIMESTAMP_NTZ": "({0} + INTERVAL 2 HOUR)::VARCHAR || '+02:00'"},
    {"TIMESTAMP_NTZ": "replace(({0} - INTERVAL 330 MINUTE)::VARCHAR, ' ', 'T') || '-0530'"},
    {"BIGINT": "'+' || {1}", "INT": "'+' || {1}", "DOUBLE": "'+' || {1} || 'e0'"},
)


def delivered_sql(feed: str, rows: str, format: str, dirt: float) -> str:
    """The query of `rows` (from `feed_sql`) as they go into files of `format`, ordered by `_day`.

    In parquet the columns keep their types; in json clean values keep theirs and others are text;
    in csv all is text.
    """
    columns = columns_of(feed)
    order = f"FROM ({rows}) ORDER BY _day, _ident"
    if not dirt:
        return f"SELECT _day, {', '.join(column.name for column in columns)} {order}"
    kinds = [kind for kind in KINDS[feed] if format != "parquet" or kind.typed]
    cells = ", ".join(f"{_cell(column, kinds, format)} AS {column.name}" for column in columns)
    noise = min(MAX_NOISE, NOISE_PER_DIRT * dirt)
    return f"""
    SELECT _day, {cells}
    FROM (
        SELECT *,
            CASE WHEN {dirty(feed, "_ident", dirt)}
                THEN {whole(f"draw(_ident, '{feed} kind')", len(kinds))} ELSE -1 END AS _kind,
            CASE WHEN draw(_ident, '{feed} noisy') < {noise!r}
                THEN {whole(f"draw(_ident, '{feed} spelling')", len(SPELLINGS))} ELSE -1 END
                AS _spelling,
            draw(_ident, '{feed} value') AS _value
        FROM ({rows})
    )
    ORDER BY _day, _ident
    """


def _cell(column: Column, kinds: list[Bad], format: str) -> str:
    """SQL of the value of `column` in a file of `format`: bad, in another spelling, or as it is."""
    plain = (
        f"to_json({column.name})"
        if format == "json"
        else column.name
        if format == "parquet"
        else f"{column.name}::VARCHAR"
    )
    bad = [
        f"WHEN _kind = {number} THEN {_bad_value(kind, format)}"
        for number, kind in enumerate(kinds)
        if kind.column == column.name
    ]
    spelt = [
        f"WHEN _spelling = {number} THEN {_as_cell(spelling, format)}"
        for number, spelling in enumerate(
            _spelling(column, by_type, format) for by_type in SPELLINGS
        )
        if spelling
    ]
    return f"CASE {' '.join(bad + spelt)} ELSE {plain} END" if bad or spelt else plain


def _spelling(column: Column, by_type: dict[str, str], format: str) -> str | None:
    """SQL of the text of `column` in the spelling `by_type`; None to leave it as it is."""
    spelling = by_type.get(column.type)
    fits = column.type == "STRING" or format != "parquet"
    harmless = column.any_case or (column.padded and spelling not in (UPPER, LOWER))
    return (
        spelling.format(column.name, f"{column.name}::VARCHAR")
        if spelling and fits and harmless
        else None
    )


def _bad_value(kind: Bad, format: str) -> str:
    """SQL of one of the values of `kind`; in json, numbers that are only out of place stay so."""
    if format == "parquet":
        return (
            f"CASE floor(_value * {len(kind.typed)})::INT "
            + " ".join(f"WHEN {number} THEN {value}" for number, value in enumerate(kind.typed))
            + " END"
        )
    if (
        format == "json"
        and kind.what in ("out_of_range", "unknown")
        and kind.typed[0] == kind.texts[0]
    ):
        return f"{choice(kind.texts, '_value')}::JSON"
    return _as_cell(choice(kind.texts, "_value"), format)


def _as_cell(text: str, format: str) -> str:
    return f"to_json({text})" if format == "json" else text
