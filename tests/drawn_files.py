"""Files as tests draw and read them: with DuckDB as the project does, without a plan."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from harness import draws
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from sqlglot import exp
from sqlmesh import EngineAdapter

from macros import feeds
from macros.columns import types_of
from macros.reading.facts import FileFacts
from macros.reading.fitting import fitted
from macros.reading.local import local_rows
from macros.reading.look_local import look_at_local

USERS = [column for column, _ in feeds.USERS_COLUMNS]
Row = dict[str, Any]
DRAWN = settings(
    max_examples=draws(80),
    deadline=None,
    derandomize=draws(1) == 1,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def read(
    adapter: EngineAdapter, feed: str, *paths: Path, files_format: str = ""
) -> tuple[Sequence[FileFacts], list[Row]]:
    """What a look at the files gives, and their rows as bronze has them."""
    types = types_of(exp.convert(getattr(feeds, f"{feed.upper()}_COLUMNS")))
    files_format = files_format or paths[0].suffix[1:]
    looked = look_at_local(adapter, [str(path) for path in paths], files_format, types)
    rows = local_rows(looked, files_format, types).sql("duckdb")
    sql = fitting_sql(feed, files_format == "parquet").replace("delivered_rows", f"({rows})")
    names = [*types, "_ingest_date", "_source", "_rescued_data"]
    found = adapter.fetchall(sql)
    assert len(found) == sum(file.rows for file in looked), "the account of rows"
    return looked, [dict(zip(names, row, strict=True)) for row in found]


@cache
def fitting_sql(feed: str, typed: bool) -> str:
    """The rows of `delivered_rows` in the types of bronze."""
    types = types_of(exp.convert(getattr(feeds, f"{feed.upper()}_COLUMNS")))
    rows = exp.select("*").from_("delivered_rows")
    return exp.select("*").from_(fitted(rows, types, typed=typed)).sql("duckdb")


def day_folder(folder: Path, feed: str = "users") -> Path:
    made = folder / feed / "dt=2026-01-02"
    made.mkdir(parents=True, exist_ok=True)
    return made


# ------------------------------------------------------------------ csv, by structure

BREAKS = st.sampled_from(("\n", "\r\n", "\r"))
PIECES = st.sampled_from(("a", "é", '"', ",", " ", ";", "\n", "\r\n", "\r", "\t", "", "#", "\\"))
TEXTS = st.lists(PIECES, max_size=4).map("".join)
CELL = st.tuples(TEXTS, st.booleans())  # a text, and whether it is quoted though it need not be


def written(text: str, quoted: bool) -> str:
    """A field of csv."""
    must = any(mark in text for mark in ',"\r\n')
    return '"' + text.replace('"', '""') + '"' if must or quoted else text
