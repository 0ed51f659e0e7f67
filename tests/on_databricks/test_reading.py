"""Delivered files on the stand-in of Databricks: a look at each, then its rows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest
from engines import engines
from harness import FIRST
from sqlglot import exp
from sqlmesh import EngineAdapter
from sqlmesh.utils.errors import SQLMeshError
from test_bad_input import csv_of, json_of, parquet_of, typed, user, without

from macros import feeds
from macros.columns import types_of
from macros.feeds import FEEDS
from macros.reading.facts import FileFacts
from macros.reading.fitting import fitted
from macros.reading.listing import delivered, take_stock
from macros.reading.look_volume import look_at_volume
from macros.reading.volume import volume_rows
from operations.landing.found import Deliveries
from tests.warehouse import Warehouse

TYPES = types_of(exp.convert(feeds.USERS_COLUMNS))
TWO_CASES = parquet_of(
    "users",
    {**typed("users", 1), "Email": "x"},
    columns=[*user(1), "Email"],
    types={"Email": pa.string()},
)
NANOSECONDS = parquet_of("users", typed("users", 1), types={"updated_at": pa.timestamp("ns")})
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def adapter(
    running_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EngineAdapter]:
    both = engines(running_warehouse, tmp_path_factory.mktemp("reading"))
    with both.databricks.context() as context:
        yield context.engine_adapter


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "users" / "dt=2026-01-02"
    made.mkdir(parents=True)
    return made


@pytest.fixture
def sent(adapter: EngineAdapter, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queries that are sent from now on."""
    queries: list[str] = []
    fetchall = adapter.fetchall
    monkeypatch.setattr(adapter, "fetchall", lambda query: queries.append(query) or fetchall(query))
    return queries


def read(adapter: EngineAdapter, *paths: Path) -> tuple[Sequence[FileFacts], list[tuple[str, str]]]:
    """What a look gives, and key and path of each row."""
    files_format = paths[0].suffix[1:]
    looked = look_at_volume(adapter, [str(path) for path in paths], files_format, TYPES)
    rows = volume_rows(looked, files_format, TYPES)
    query = exp.select("name", "_source").from_(
        fitted(rows, TYPES, typed=files_format == "parquet")
    )
    return looked, sorted(map(tuple, adapter.fetchall(query)))


def test_the_account_of_csv(adapter: EngineAdapter, folder: Path) -> None:
    files = {
        "plain.csv": csv_of(user(1, name="a"), user(2, name="b")),
        "broken lines.csv": csv_of(user(3, name='c\n"x", y\r\n'), user(4, name="d")),
        "crlf 100%+.csv": csv_of(user(5, name="e")).replace(b"\n", b"\r\n") + b"\r\n\r\n",
        "quotes.csv": csv_of(user(6, name="X")).replace(b"X", b'5" f'),
        "header.csv": csv_of(user(1)).split(b"\n")[0],
        "empty.csv": b"",
        "breaks.csv": b"\n\r\n",
        "replaced.csv": csv_of(user(8, name="\ufffd")),
        "lacks {a,b} [1]*.csv": csv_of({**without(user(7, name="g"), "country"), "x y": "1"}),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    looked, rows = read(adapter, *(folder / name for name in files))
    assert [file.rows for file in looked] == [2, 2, 1, 1, 0, 0, 0, 1, 1]
    assert (looked[-1].absent, looked[-1].ignored) == (("country",), ("x y",))
    assert [name for name, _ in rows] == [
        '5" f',
        "a",
        "b",
        'c\n"x", y\r\n',
        "d",
        "e",
        "g",
        "\ufffd",
    ]
    assert {path for _, path in rows} == {file.path for file in looked if file.rows}


def test_the_account_of_json(adapter: EngineAdapter, folder: Path) -> None:
    path, odd = folder / "a.json", folder / "lacks {a,b} [1]*.json"
    path.write_bytes(b"\n" + json_of(user(1, name="a"), user(2, name="b")) + b"\r\n")
    meta = {"a": [{"b": "}{'"}, {}], "c": {"d": "\\"}}
    odd.write_bytes(json_of({"x": meta, **without(user(3, name="c"), "country")}))
    looked, rows = read(adapter, path, odd)
    assert looked[0].rows == 2 and looked[1].rows == 1
    assert (looked[1].absent, looked[1].ignored) == (("country",), ("x",))
    assert rows == [("a", str(path)), ("b", str(path)), ("c", str(odd))]


def test_the_account_of_parquet(adapter: EngineAdapter, folder: Path) -> None:
    files = {
        "plain.parquet": parquet_of("users", typed("users", 1)),
        "two cases {a,b} [1]*.parquet": TWO_CASES,
        "lacks.parquet": parquet_of(
            "users", typed("users", 3), columns=without(user(1), "country")
        ),
        "no rows.parquet": parquet_of("users"),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    looked, rows = read(adapter, *(folder / name for name in files))
    assert [file.rows for file in looked] == [1, 1, 1, 0]
    assert [file.ignored for file in looked] == [(), ("Email",), (), ()]
    assert looked[2].absent == ("country",)
    assert sorted(path for _, path in rows) == sorted(file.path for file in looked[:3])


@pytest.mark.parametrize(
    "name, content, says",
    [
        ("a.csv", csv_of(user(1)).replace(b"email", b"Email"), "'Email'"),
        ("a.csv", csv_of(without(user(1), "email")), "'email'"),
        ("a.csv", csv_of(user(1)).replace(b",", b";"), "semicolons"),
        ("a.csv", csv_of(user(1)).decode().encode("utf-16"), "UTF-16"),
        ("a.csv", csv_of(user(1, name="X")).replace(b"X", b' "X"'), "blanks"),
        ("a.csv", b"\n" + csv_of(user(1)), "line 1 is empty"),
        ("a.csv", b'"user_id,name\n1,a\n', "a quote in it does not end"),
        ("a.csv", csv_of(user(1, name="Zoë")).decode().encode("latin-1"), "is not UTF-8"),
        ("a.json", json_of(user(1)).replace(b"email", b" email"), "' email'"),
        ("a.json", json_of(user(1)).strip() + json_of(user(2)), "one object"),
        ("a.json", b"[" + json_of(user(1)).strip() + b"]\n", "one object"),
        ("a.json", json_of(user(1)).replace(b'"', b"'"), "one object"),
        ("a.parquet", parquet_of("users", typed("users", 1))[:-1], "cannot be read as parquet"),
        ("a.parquet", b"", "cannot be read as parquet"),
        ("a.parquet", NANOSECONDS, "timestamp in nanoseconds"),
    ],
)
def test_a_file_that_cannot_be_read(
    adapter: EngineAdapter, folder: Path, name: str, content: bytes, says: str
) -> None:
    path = folder / name
    path.write_bytes(content)
    with pytest.raises(SQLMeshError) as error:
        read(adapter, path)
    assert str(path) in str(error.value) and says in str(error.value)


def test_statements_grow_with_the_days_to_be_read_not_with_the_history(
    adapter: EngineAdapter, tmp_path: Path, sent: list[str]
) -> None:
    last = FIRST + timedelta(days=364)

    def counted(days: int) -> list[int]:
        """How many statements a look at the landing, the signal and a day's files take."""
        for feed, number in itertools.product(FEEDS, range(days)):
            day = tmp_path / feed / f"dt={last - timedelta(days=number)}"
            day.mkdir(parents=True, exist_ok=True)
            (day / "a.csv").write_text("x\n1\n", encoding="utf-8")
        counts = []
        since = last - timedelta(days=35)
        context = SimpleNamespace(engine_adapter=adapter)
        moment = datetime(last.year, last.month, last.day, tzinfo=timezone.utc)
        deliveries = Deliveries(FEEDS, context, 24, str(tmp_path), "csv", moment)
        for ask in (
            lambda: take_stock(adapter, str(tmp_path), FEEDS, "csv", FIRST, since).files,
            lambda: [d for d in (last - timedelta(days=1), last) if not deliveries.missing(d)],
            lambda: delivered(adapter, str(tmp_path), ["users"], "csv", last, last),
        ):
            assert ask()
            counts.append(len(sent))
            sent.clear()
        return counts

    counts = [counted(days) for days in (30, 180, 365)]
    assert counts == [counts[0]] * 3
    assert len(take_stock(adapter, str(tmp_path), FEEDS, "csv", FIRST).files) == 4 * 365


def test_files_of_a_day_are_looked_at_together(
    adapter: EngineAdapter, folder: Path, sent: list[str]
) -> None:
    content = {
        "csv": csv_of(user(1)),
        "json": json_of(user(1)),
        "parquet": parquet_of("users", typed("users", 1)),
    }
    for name, of_file in content.items():
        paths = [folder / f"{number}.{name}" for number in range(40)]
        for path in paths:
            path.write_bytes(of_file)
        looked = look_at_volume(adapter, list(map(str, paths)), name, TYPES)
        assert [file.rows for file in looked] == [1] * 40
        assert len(sent) == 1
        sent.clear()
