"""Drawn values, odd in the way of their column, become the same rows on both engines.

The project's own queries, from the text of a seed to quarantine and silver, are asked of both
engines: every cast, rule, cleaning and hash stands in one of them. No table is made.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import oracle
import pytest
from engines import Table, differences, engines, ordered, plain
from harness import draws
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlglot import exp
from sqlmesh import Context

from macros.calendar import iso_day_of_week
from macros.reading.fitting import fitted
from macros.row_hash import row_hash
from macros.rules import RATINGS, SHOWS, USERS, WATCHES
from tests.warehouse import Warehouse

pytestmark = pytest.mark.slow

RULES = {"users": USERS, "shows": SHOWS, "watches": WATCHES, "ratings": RATINGS}
# Quarantine first, then silver.
QUERIES = {
    "users": ("quarantine.users", "silver.accepted_users", "silver.users_history"),
    "shows": ("quarantine.shows", "silver.accepted_shows"),
    "watches": ("quarantine.held_watches", "silver.watches"),
    "ratings": ("quarantine.held_ratings", "silver.ratings"),
}
REASONS = ("_rejected_for", "_broken_rules")
KNOWN = {"silver.users": "user_id", "silver.shows": "show_id", "silver.watches": "watch_id"}
KNOWN_KEYS = (1, 2, 3)
MORE = 10  # rows of a batch, at most, beside one for each rule
ROWS = max(map(len, RULES.values())) + MORE
DAY = date(2026, 1, 5)  # of the first row; each row comes a day after the one before it
LAST = DAY + timedelta(days=ROWS)

# Letters whose case the two engines change differently, as the README says: those of which the
# upper or lower case has more than one letter, the sigma whose lower case depends on its place,
# and two whose upper case came with Unicode 16.
CASE_OF_MANY = "".join(
    c for c in map(chr, range(0x20000)) if max(len(c.upper()), len(c.lower()), len(c.title())) > 1
)
TOLD_APART = CASE_OF_MANY + "Σ" + "\u019b\u0264"
# Cn: what this Python's Unicode does not know may have a case in a newer one.
LETTERS = st.characters(exclude_categories=("Cs", "Cn"), exclude_characters=TOLD_APART)
BLANKS = oracle.WHITE_SPACE + "\u00a0\u2003\u200b"
TEXT = st.text(LETTERS | st.sampled_from(BLANKS + "@.,-'\"\\%_{}[]:/0#aÉжωÿ"), max_size=12)
EDGE = st.text(oracle.WHITE_SPACE, max_size=2)


def among_blanks(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts that have white space around them now and then."""
    return st.tuples(EDGE, texts, EDGE).map("".join)


def odd(pattern: str) -> st.SearchStrategy[str]:
    """Texts of a shape."""
    return among_blanks(st.from_regex(pattern, fullmatch=True))


def in_odd_case(words: set[str]) -> st.SearchStrategy[str]:
    """Words in a case of their own."""
    cases = st.sampled_from((str.lower, str.upper, str.title, str.swapcase))
    return among_blanks(
        st.builds(lambda case, word: case(word), cases, st.sampled_from(sorted(words)))
    )


DATE = r"(19|20|00|99|29)[0-9]{2}-(0?[1-9]|1[0-3])-(0?[1-9]|[12][0-9]|3[0-2])"
TIME = r"[T ]([01][0-9]|2[0-4])(:[0-6][0-9]){1,2}(\.[0-9]{1,9})?(Z|[-+][01][0-9]:?[0-9]{2})?"
TIME_OF_DAY = (
    r"[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
    r"(Z|[-+](0[0-9]|1[0-3]):?[0-5][0-9]|[-+]14:?00)?"
)
NUMBER = odd(r"[-+]?([0-9]{0,3}|[0-9]{9,20})([.,][0-9]{0,8})?([eE][-+]?[0-9]{1,3})?")
WHOLE = odd(r"[-+]?0{0,2}[0-9]{1,20}(\.0?)?") | st.sampled_from(
    [str(n + d) for n in (2**31, -(2**31), 2**63, -(2**63)) for d in (-1, 0, 1)]
)
# Near to what fits, on either side.
MALFORMED = {
    "BIGINT": WHOLE | NUMBER | TEXT,
    "INT": WHOLE | NUMBER | TEXT,
    "DOUBLE": NUMBER | TEXT | st.sampled_from(["nan", "inf", "Infinity", "-0", "1e400", "1e-400"]),
    "DATE": odd(DATE) | odd(DATE + TIME) | TEXT,
    "TIMESTAMP": odd(DATE + TIME) | odd(DATE) | TEXT,
    "email": st.lists(TEXT | st.sampled_from("@."), max_size=5).map("".join),
    "country": odd(r"[A-Za-z]{0,3}") | TEXT,
}
NO_WORDS = st.sampled_from(["in progress", "İn_progress", "completed.", "baſic", "ﬀree"]) | TEXT


def breaking(column: str, type_: str, what: str) -> st.SearchStrategy[str]:
    """Texts that break the rule `<column>_<what>`, or all but break it."""
    if what == "missing":
        return EDGE
    if what == "malformed":
        return MALFORMED[column if column in MALFORMED else type_]
    if what == "unknown":
        return in_odd_case(oracle.CHOICES[column]) | NO_WORDS
    steps = (1, 1e-9) if type_ == "DOUBLE" else (1,)
    ends = [end for end in oracle.RANGES[column] if math.isfinite(end)]
    return among_blanks(
        st.sampled_from([str(end + d * sign) for end in ends for d in steps for sign in (-1, 0, 1)])
    )


def fitting(feed: str, column: str, type_: str) -> st.SearchStrategy[str]:
    """Texts that break no rule, or hardly ever, in odd spellings."""
    if column in oracle.CHOICES:
        return in_odd_case(oracle.CHOICES[column])
    if column == "email":
        return among_blanks(
            st.tuples(st.just("É"), TEXT, st.just("@ж."), TEXT).map("".join)
        ).filter(lambda text: text.count("@") == 1)
    if column == "country":
        return odd(r"[A-Za-z]{2}")
    low, high = oracle.RANGES.get(column, (1, math.inf))
    if type_ in ("BIGINT", "INT"):
        most = 2 * ROWS if column == oracle.KEYS[feed] else max(KNOWN_KEYS)
        numbers = st.integers(int(low), int(high) if math.isfinite(high) else most).map(str)
        return among_blanks(st.tuples(st.sampled_from(("", "+", "00")), numbers).map("".join))
    if type_ == "DOUBLE":  # half a millionth is where the hash rounds
        halves = st.integers(0, 999_999).map(lambda n: f"0.{n:06}5")
        return among_blanks(st.floats(low, high).map(repr) | halves)
    if type_ == "DATE":
        return among_blanks(st.dates().map(str))
    if type_ == "TIMESTAMP":
        years = st.dates(date(1, 1, 3), date(9999, 12, 29)).map(str)
        return among_blanks(
            st.tuples(years, st.from_regex(TIME_OF_DAY, fullmatch=True)).map("".join)
        )
    return TEXT.map("Aé".__add__) if column in oracle.REQUIRED[feed] else TEXT


@st.composite
def batches(draw: st.DrawFn, feed: str) -> list[tuple[str, ...]]:
    """Delivered rows: one at which each rule aims alone, then some with up to two, or with none."""
    aims = [[rule] for rule in RULES[feed]]
    aims += draw(st.lists(st.lists(st.sampled_from(RULES[feed]), max_size=2), max_size=MORE))
    batch = []
    for aim in aims:
        broken = {column: what for column, what, _ in aim}
        row = (
            breaking(column, type_, broken[column])
            if column in broken
            else fitting(feed, column, type_)
            for column, type_ in oracle.FEEDS[feed].items()
        )
        batch.append(tuple(map(draw, row)))
    return batch


@pytest.fixture(scope="module")
def contexts(
    running_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Context, Context]]:
    """The project on DuckDB and on Databricks."""
    folder: Path = tmp_path_factory.mktemp("odd")
    both = engines(running_warehouse, folder, STREAMING_LANDING="")
    with ExitStack() as stack:
        yield tuple(stack.enter_context(p.context()) for p in (both.local, both.databricks))


DRAWN = settings(
    max_examples=draws(5),
    deadline=None,
    derandomize=draws(1) == 1,
    phases=[Phase.generate, Phase.shrink],  # at most five minutes, where something differs
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("feed", list(oracle.FEEDS))
def test_both_engines_judge_alike(contexts: tuple[Context, Context], feed: str) -> None:
    queries = {
        model: [(context, whole_query(context, feed, model)) for context in contexts]
        for model in QUERIES[feed]
    }
    reasons: set[str] = set()
    drawn, accepted = 0, 0

    @DRAWN
    @given(batches(feed))
    def alike(batch: list[tuple[str, ...]]) -> None:
        nonlocal drawn, accepted
        delivered = [
            (*(cell.encode().hex() for cell in row), str(DAY + timedelta(days=n)))
            for n, row in enumerate(batch)
        ]
        for model, (ours, theirs) in queries.items():
            columns = contexts[0].get_model(model, raise_if_missing=True).columns_to_types_or_raise
            types = {column: type_.sql() for column, type_ in columns.items()}
            our = answer(*ours, types, [*oracle.FEEDS[feed], "delivered_on"], delivered)
            their = answer(*theirs, types, [*oracle.FEEDS[feed], "delivered_on"], delivered)
            differing = differences({model: our}, {model: their})
            assert not differing, "\n".join(differing)
            place = next((n for n, column in enumerate(our.types) if column in REASONS), None)
            if place is not None:
                reasons.update(reason for row in our.rows for reason in row[place])
        drawn += len(batch)
        accepted += len(our.rows)

    alike()
    assert {f"{column}_{what}" for column, what, _ in RULES[feed]} <= reasons
    assert accepted > drawn / 8, "hardly a row came to silver, so that little was compared there"


TYPED = {
    "a_bigint": ("BIGINT", st.integers(-(2**63), 2**63 - 1).map(str)),
    "an_int": ("INT", st.integers(-(2**31), 2**31 - 1).map(str)),
    "a_double": (
        "DOUBLE",
        st.floats().map(repr)
        | st.floats(0, 5).map(repr)
        | st.integers(-5, 5).map(str)
        | st.sampled_from(("nan", "inf", "-inf")),
    ),
    "a_text": ("TEXT", TEXT),
    # Years outside of 1 to 9999 have no text that both engines know: the README says so.
    "a_date": ("DATE", st.dates().map(str)),
    "a_moment": ("TIMESTAMPNTZ", st.datetimes().map(str)),
}


def test_typed_values_fit_alike(contexts: tuple[Context, Context]) -> None:
    types = {column: type_ for column, (type_, _) in TYPED.items()}
    casts = (
        f"CAST({decoded(c)} AS {exp.DataType.build(t).sql('databricks')}) AS {c}"
        for c, t in types.items()
    )
    delivered = exp.select(
        *casts, "delivered_on AS _ingest_date", "'drawn' AS _source", dialect="databricks"
    ).from_("drawn")
    columns = exp.convert(tuple(types.items()))
    query = exp.select(
        *types,
        "_ingest_date",
        "_rescued_data",
        row_hash(None, columns, exp.to_table("delivery")).as_("_row_hash"),
        iso_day_of_week(None, exp.column("a_date")).as_("day_of_week"),
    ).from_(fitted(delivered, types, typed=True))
    names = dict.fromkeys(query.named_selects, "as cast")
    rescued = 0

    @DRAWN
    @given(
        st.lists(st.tuples(*(st.none() | s for _, s in TYPED.values())), min_size=1, max_size=ROWS)
    )
    def alike(batch: list[tuple[str | None, ...]]) -> None:
        nonlocal rescued
        hexed = [
            (*(c if c is None else c.encode().hex() for c in row), str(DAY + timedelta(days=n)))
            for n, row in enumerate(batch)
        ]
        ours, theirs = (
            answer(
                context,
                query.sql(context.engine_adapter.dialect),
                names,
                [*types, "delivered_on"],
                hexed,
            )
            for context in contexts
        )
        differing = differences({"typed": ours}, {"typed": theirs})
        assert not differing, "\n".join(differing)
        rescued += sum("{" in str(row) for row in ours.rows)

    alike()
    assert rescued, "no value was drawn that does not fit"


def answer(
    context: Context,
    sql: str,
    types: dict[str, str],
    columns: list[str],
    delivered: list[tuple[Any, ...]],
) -> Table:
    """What a query says when these rows are the relation `drawn`, row by row in the order drawn."""
    values = exp.values(delivered, "drawn", columns).sql(context.engine_adapter.dialect)
    rows_ = context.engine_adapter.fetchall(sql.replace("FROM drawn", f"FROM {values}"))
    table = ordered(types, [tuple(map(plain, row)) for row in rows_])
    if "_ingest_date" not in types:
        return table
    place = list(types).index("_ingest_date")
    return Table(types, sorted(table.rows, key=lambda row: str(row[place])))


def decoded(column: str) -> str:
    """SQL of a text that was written in hexadecimal: a literal of Spark cannot hold them all."""
    return f"DECODE(UNHEX({column}), 'utf-8')"


def whole_query(context: Context, feed: str, model: str) -> str:
    """A model's query with those of its parents, down to the seed, whose rows are `drawn`."""
    parts: dict[str, exp.Query] = {}  # each after those it needs

    def refer(table: exp.Expression) -> exp.Expression:
        if not isinstance(table, exp.Table) or not table.db:
            return table
        part = f"{table.db}__{table.name}"
        if part not in parts:
            parts[part] = source(f"{table.db}.{table.name}")
        return exp.to_table(part).as_(table.alias_or_name)

    def source(name: str) -> exp.Query:
        if name == f"bronze.raw_{feed}":
            cells = (f"{decoded(column)} AS {column}" for column in oracle.FEEDS[feed])
            return exp.select(*cells, "delivered_on", dialect="databricks").from_("drawn")
        if name in KNOWN:
            keys = exp.values([(key,) for key in KNOWN_KEYS], "known", ["key"])
            return exp.select(f"key AS {KNOWN[name]}", f"CAST('{DAY}' AS DATE) AS _known_on").from_(
                keys
            )
        if name.startswith("quarantine."):  # what waits there from days before
            columns = context.get_model(name, raise_if_missing=True).columns_to_types_or_raise
            nulls = (exp.cast(exp.null(), type_).as_(c) for c, type_ in columns.items())
            return exp.select(*nulls).where("FALSE")
        return rendered(name)

    def rendered(name: str) -> exp.Query:
        query = context.get_model(name, raise_if_missing=True).render_query_or_raise(
            start=DAY, end=LAST, execution_time=LAST + timedelta(days=1)
        )
        query = query.copy().transform(refer)
        # In one query with the others, so the names it gives its own parts are told apart.
        own = {
            cte.alias: f"{name.replace('.', '__')}__{cte.alias}" for cte in query.find_all(exp.CTE)
        }
        for table in list(query.find_all(exp.Table)):
            if not table.db and table.name in own:
                table.replace(exp.to_table(own[table.name]).as_(table.alias_or_name))
        for cte in query.find_all(exp.CTE):
            cte.set("alias", exp.TableAlias(this=exp.to_identifier(own[cte.alias])))
        return query

    whole = exp.select("*").from_(rendered(model).subquery("whole"))
    for part, query in parts.items():
        whole = whole.with_(part, query, copy=False)
    return whole.sql(context.engine_adapter.dialect)
