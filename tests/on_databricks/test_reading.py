"""Delivered files on the stand-in of Databricks: a look at each, then its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from engines import engines
from sqlglot import exp
from sqlmesh import EngineAdapter
from sqlmesh.utils.errors import SQLMeshError
from test_bad_input import csv_of, json_of, parquet_of, typed, user, without

from macros import feeds
from macros.columns import types_of
from macros.reading.facts import FileFacts
from macros.reading.fitting import fitted
from macros.reading.look_volume import look_at_volume
from macros.reading.volume import volume_rows
from tests.warehouse import Warehouse

TYPES = types_of(exp.convert(feeds.USERS_COLUMNS))
TWO_CASES = parquet_of(
    "users",
    {**typed("users", 1), "Email": "x"},
    columns=[*user(1), "Email"],
    types={"Email": pa.string()},
)
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
        "lacks {a,b} [1]*.csv": csv_of({**without(user(7, name="g"), "country"), "x y": "1"}),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    looked, rows = read(adapter, *(folder / name for name in files))
    assert [file.rows for file in looked] == [2, 2, 1, 1, 0, 0, 1]
    assert (looked[-1].absent, looked[-1].ignored) == (("country",), ("x y",))
    assert [name for name, _ in rows] == ['5" f', "a", "b", 'c\n"x", y\r\n', "d", "e", "g"]
    assert {path for _, path in rows} == {file.path for file in looked if file.rows}


def test_the_account_of_json(adapter: EngineAdapter, folder: Path) -> None:
    path, odd = folder / "a.json", folder / "lacks {a,b} [1]*.json"
    path.write_bytes(b"\n" + json_of(user(1, name="a"), user(2, name="b")) + b"\r\n")
    odd.write_bytes(json_of({**without(user(3, name="c"), "country"), "x": 1}))
    looked, rows = read(adapter, path, odd)
    assert looked[0].rows == 2 and looked[1].rows == 1
    assert (looked[1].absent, looked[1].ignored) == (("country",), ("x",))
    assert rows == [("a", str(path)), ("b", str(path)), ("c", str(odd))]


@pytest.mark.parametrize(
    "name, content, says",
    [
        ("a.csv", csv_of(user(1)).replace(b"email", b"Email"), "'Email'"),
        ("a.csv", csv_of(without(user(1), "email")), "'email'"),
        ("a.csv", csv_of(user(1)).replace(b",", b";"), "semicolons"),
        ("a.csv", csv_of(user(1)).decode().encode("utf-16"), "UTF-16"),
        ("a.csv", csv_of(user(1, name="X")).replace(b"X", b' "X"'), "blanks"),
        ("a.json", json_of(user(1)).replace(b"email", b" email"), "' email'"),
        ("a.parquet", TWO_CASES, "cannot be read as parquet"),
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
