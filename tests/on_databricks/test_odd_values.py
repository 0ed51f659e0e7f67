"""Drawn values, odd in the way of their column, become the same rows on both engines.

The project's own queries are put together from the text of a seed to quarantine and silver and
are asked of both engines: every cast, rule, cleaning and hash stands in one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import oracle
import pytest
from engines import engines, plain
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlglot import exp
from sqlmesh import Context

DAY = "2026-01-05"
KNOWN = {"silver.users": "user_id", "silver.shows": "show_id", "silver.watches": "watch_id"}
QUERIES = {
    "users": ("quarantine.users", "silver.accepted_users"),
    "shows": ("quarantine.shows", "silver.accepted_shows"),
    "watches": ("quarantine.held_watches", "silver.watches"),
    "ratings": ("quarantine.held_ratings", "silver.ratings"),
}
pytestmark = pytest.mark.slow

BLANKS = " \t\n\r\v\f\u00a0\u2003"
# Letters of one case pair each, in the scripts that both engines' Unicode tables share; the README
# says what becomes of the others.
LETTERS = "abzABZéÉñÑøØжЖωΩ中あ🎬"
# A literal of Spark has no way to write them, so they go there as other characters.
UNSPEAKABLE = str.maketrans("\v\f", "\ue00b\ue00c")
MARKS = "@.,-'\"\\%_{}[]:/0#"
TEXT = st.text(BLANKS + LETTERS + MARKS, max_size=12)


def odd(pattern: str) -> st.SearchStrategy[str]:
    """Texts of a shape, now and then among blanks."""
    blanks = st.text(BLANKS, max_size=1)
    return st.tuples(blanks, st.from_regex(pattern, fullmatch=True), blanks).map("".join)


NUMBER = odd(r"[-+]?([0-9]{0,3}|[0-9]{9,20})([.,][0-9]{0,8})?([eE][-+]?[0-9]{1,3})?") | TEXT
WHOLE = st.integers(-1, 6).map(str) | odd(r"[-+]?0{0,2}[0-9]{1,20}(\.0?)?") | NUMBER
DATE = r"(19|20|00|99|29)[0-9]{2}-(0?[1-9]|1[0-3])-(0?[1-9]|[12][0-9]|3[0-2])"
TIME = r"[T ]([01][0-9]|2[0-4])(:[0-6][0-9]){1,2}(\.[0-9]{1,9})?(Z|[-+][01][0-9]:?[0-9]{2})?"
CELLS = {
    "BIGINT": WHOLE,
    "INT": WHOLE,
    "DOUBLE": st.sampled_from(["nan", "inf", "-0", "1e-7", "0.5", "1e400", "4.5"]) | NUMBER,
    "STRING": TEXT
    | odd(r"[a-zA-Z]{2}")
    | odd(r"(free|Basic|IN_PROGRESS|completed|tv|Mobile)")
    | odd(r"[a-z]{1,3}@[a-z]{1,3}\.?[a-z]{0,2}"),
    "DATE": odd(DATE) | odd(DATE + TIME) | TEXT,
    "TIMESTAMP": odd(DATE + TIME) | odd(DATE) | TEXT,
}
# What a row needs so that more than its keys are judged.
GOOD = {
    "BIGINT": st.integers(1, 5).map(str),
    "INT": st.integers(1, 5).map(str),
    "DOUBLE": st.sampled_from(["0.5", "1", "0"]),
    "STRING": st.sampled_from(["a@b.c", "completed", "Tv"]),
    "DATE": st.just("2025-12-01"),
    "TIMESTAMP": st.just("2026-01-04 20:00:00"),
}


def rows_of(feed: str) -> st.SearchStrategy[list[tuple[str, ...]]]:
    """Rows of which one cell in three is odd."""
    cells = (st.one_of(GOOD[t], GOOD[t], CELLS[t]) for t in oracle.FEEDS[feed].values())
    return st.lists(st.tuples(*cells), min_size=20, max_size=40)


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Context, Context]]:
    """The project on both engines; no table is made."""
    folder: Path = tmp_path_factory.mktemp("odd")
    with engines(folder, STREAMING_LANDING="") as both, ExitStack() as stack:
        yield tuple(stack.enter_context(p.context()) for p in (both.local, both.databricks))


@pytest.mark.parametrize("feed", list(oracle.FEEDS))
@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # the rows that differ are shown; shrinking would take minutes
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_both_engines_judge_alike(
    contexts: tuple[Context, Context], feed: str, data: st.DataObject
) -> None:
    rows = data.draw(rows_of(feed))
    for model in QUERIES[feed]:
        ours, theirs = (answer(context, feed, model, rows) for context in contexts)
        differing = [
            f"{model}: {our!r} on DuckDB, {their!r} on Databricks, in {our_row}"
            for our_row, their_row in zip(ours, theirs, strict=False)
            for our, their in zip(our_row, their_row, strict=True)
            if our != their
        ]
        assert not differing, "\n".join(differing)
        assert len(ours) == len(theirs)


def answer(
    context: Context, feed: str, model: str, rows: list[tuple[str, ...]]
) -> list[tuple[object, ...]]:
    """What a model holds after a delivery of these rows, sorted."""
    query = whole_query(context, model, {f"bronze.raw_{feed}": seed(feed, rows)})
    answered = context.engine_adapter.fetchall(query)
    return sorted((tuple(map(plain, row)) for row in answered), key=repr)


def seed(feed: str, rows: list[tuple[str, ...]]) -> exp.Select:
    """The rows of a seed, all of them delivered on DAY."""
    columns = [*oracle.FEEDS[feed], "delivered_on"]
    marked = [tuple(cell.translate(UNSPEAKABLE) for cell in (*row, DAY)) for row in rows]
    return exp.select(
        *(f"REPLACE(REPLACE({c}, '\ue00b', CHR(11)), '\ue00c', CHR(12)) AS {c}" for c in columns)
    ).from_(exp.values(marked, "raw", columns))


def whole_query(context: Context, model: str, given_: dict[str, exp.Select]) -> exp.Expression:
    """A model's query, its parents' queries put in; keys 1 to 3 are known where they are asked."""
    query = context.get_model(model, raise_if_missing=True).render_query_or_raise(
        start=DAY, end=DAY, execution_time="2026-01-06"
    )

    def parent(table: exp.Expression) -> exp.Expression:
        name = f"{table.db}.{table.name}" if isinstance(table, exp.Table) else ""
        if "." not in name.strip(".") or not table.db:
            return table
        if name in given_:
            source = given_[name].copy()
        elif name in KNOWN:
            source = exp.select(
                f"key AS {KNOWN[name]}", f"CAST('{DAY}' AS DATE) AS _known_on"
            ).from_(exp.values([(1,), (2,), (3,)], "known", ["key"]))
        elif name.startswith("quarantine."):
            columns = context.get_model(name, raise_if_missing=True).columns_to_types_or_raise
            source = exp.select(
                *(exp.cast(exp.null(), t).as_(c) for c, t in columns.items())
            ).where("FALSE")
        else:
            source = whole_query(context, name, given_)
        return source.subquery(table.alias_or_name)

    return query.copy().transform(parent)
