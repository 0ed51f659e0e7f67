"""A delivered file is written anew without some users: all else in it stays, value by value."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet
import pytest
from drawn_files import BREAKS, CELL, DRAWN, USERS, day_folder, read, written
from hypothesis import given
from hypothesis import strategies as st
from sqlmesh import EngineAdapter

from macros.reading.listing import delivered
from operations import CommandError
from operations.landing import rewriting

FORMATS = ("csv", "json", "parquet")
Rewrite = Callable[..., bool]


@pytest.fixture
def rewrite(adapter: EngineAdapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rewrite:
    """Writes the file of a landing anew without the user 7."""

    def rewritten(path: Path) -> bool:
        files_format = path.name.split(".")[1]
        monkeypatch.setenv("STREAMING_LANDING_FORMAT", files_format)
        days = path.parent.parent.parent
        [landed] = delivered(
            adapter, str(days), ["users", "ratings"], files_format, rewriting.date.min,
            rewriting.date.max,
        )  # fmt: skip
        with rewriting.in_their_order(adapter):
            return rewriting.rewrite_file(adapter, landed, {7})

    return rewritten


# ------------------------------------------------------------------ what is hard to write

HARD_JSON = [
    '"rating": {"a": 1.50, "a": 2}, "review": "Secret"',
    '"rating": [1, 2.0], "review": {"text": "Secret"}',
    '"review": "Secret", "rating": 4, ',
    f'"rating": {"9" * 5000}, "review": "Secret"',
    '"phone": {"name": ["Secret"]}, "r\\u0065view": "Secret", "rating": 4',
    '"rating": 4.50',
]


@pytest.mark.parametrize("text", HARD_JSON)
@pytest.mark.parametrize("ending", ["json", "json.gz"])
def test_json(
    adapter: EngineAdapter, tmp_path: Path, rewrite: Rewrite, text: str, ending: str
) -> None:
    path = day_folder(tmp_path, "ratings") / f"a.{ending}"
    lines = [f'{{"user_id": {who}, "rating_id": {who}, {text}}}\n'.encode() for who in (7, 8)]
    content = b"".join([lines[0], b"\n", lines[1]])
    path.write_bytes(gzip.compress(content) if ending.endswith("gz") else content)
    before = read(adapter, "ratings", path, files_format="json")[1]
    assert rewrite(path) is ("review" in text or "phone" in text)
    written = gzip.decompress(path.read_bytes()) if ending.endswith("gz") else path.read_bytes()
    assert b"Secret" not in written.replace(lines[1], b"") and written.endswith(b"\n" + lines[1])
    after = read(adapter, "ratings", path, files_format="json")[1]
    for rows in (before, after):
        rows.sort(key=lambda row: row["user_id"])
        rows[0].pop("review")
    assert before == after
    assert rewrite(path) is False


HARD_PARQUET: list[list[tuple[str, pa.Array]]] = [
    [("review", pa.nulls(2)), ("phone", pa.array(["Secret", "Theirs"]))],
    [("review", pa.array(["Secret", "Theirs"]).dictionary_encode())],
    [("review", pa.array(["Secret", "Theirs"], pa.large_string()))],
    [("phone", pa.array([["Secret"], ["Theirs"]]))],
    [("phone", pa.array([{"a": "Secret"}, {"a": "Theirs"}]))],
    [("x", pa.array(["Secret", "Theirs"])), ("x", pa.array(["Secret", "Theirs"]))],
    [("seen", pa.array([2**62, -(2**62)]).cast(pa.timestamp("us")))],
    [("born", pa.array([10_000_000, -800_000], pa.int32()).cast(pa.date32()))],
]


@pytest.mark.parametrize("columns", HARD_PARQUET, ids=lambda columns: str(columns[0][1].type))
def test_parquet(
    adapter: EngineAdapter, tmp_path: Path, rewrite: Rewrite, columns: list[tuple[str, pa.Array]]
) -> None:
    path = day_folder(tmp_path, "ratings") / "a.parquet"
    ids = pa.array([7, 8])
    names, arrays = zip(("user_id", ids), ("rating_id", ids), *columns, strict=True)
    columns = [("show_id", ids), ("rating", pa.array([4, 5], pa.int32())), *columns]
    moments = pa.array([1_700_000_000_000_000] * 2).cast(pa.timestamp("us"))
    names = (*names, "show_id", "rating", "rated_at")
    arrays = (*arrays, ids, pa.array([4, 5], pa.int32()), moments)
    pa.parquet.write_table(pa.Table.from_arrays(list(arrays), list(names)), path)
    before = pa.parquet.ParquetFile(path).read().slice(1)
    assert rewrite(path) is True
    after = pa.parquet.ParquetFile(path).read()
    for old, new in zip(before.columns, after.slice(1).columns, strict=True):
        assert new.to_string() == old.cast(new.type).to_string()
    assert "Secret" not in after.slice(0, 1).to_string(preview_cols=99)
    assert rewrite(path) is False


@pytest.mark.parametrize("user_has", ["7", " 7 ", "+7", "007", '"7"'])
def test_csv(adapter: EngineAdapter, tmp_path: Path, rewrite: Rewrite, user_has: str) -> None:
    path = day_folder(tmp_path) / "a.csv"
    header = '\ufeff"user_id","name",email,"the ""phone"" ",updated_at\r\n'
    theirs = '8,"Theirs, and ""more""\r\n",8@b.org,,2026-01-01 08:00:00'
    asked = f'{user_has},"Secret\nname", Secret@b.org,Secret 1,2026-01-01 08:00:00\r\n'
    path.write_bytes(f"{header}{asked}\r\n{theirs}".encode())
    assert rewrite(path) is True
    written = path.read_bytes().decode()
    assert written.startswith(header) and written.endswith(f"\r\n\r\n{theirs}")
    assert "Secret" not in written
    rows = sorted(read(adapter, "users", path)[1], key=lambda row: row["user_id"])
    assert [row["email"] for row in rows] == ["erased@erased.invalid", "8@b.org"]
    assert rewrite(path) is False


def test_csv_by_structure(adapter: EngineAdapter, tmp_path: Path, rewrite: Rewrite) -> None:
    """What others' rows hold stays; of the user nothing that says who it is."""
    path = day_folder(tmp_path) / "a.csv"
    asked = 0

    @DRAWN
    @given(
        BREAKS, st.lists(st.tuples(st.sampled_from("78"), st.lists(CELL, min_size=6, max_size=6)))
    )
    def untouched(end: str, rows: list[tuple[str, list[tuple[str, bool]]]]) -> None:
        nonlocal asked
        lines = [",".join([who, *(written(*cell) for cell in row)]) for who, row in rows]
        path.write_bytes((end.join([",".join(USERS), *lines]) + end).encode())
        before = read(adapter, "users", path)[1]
        rewrite(path)
        after = read(adapter, "users", path)[1]
        theirs = [[str(row) for row in found if row["user_id"] == 8] for found in (before, after)]
        assert sorted(theirs[0]) == sorted(theirs[1])
        for row in (row for row in after if row["user_id"] == 7):
            assert row["email"] in (None, "", "erased", "erased@erased.invalid")
            assert (row["name"] or "erased").startswith("erased")
        asked += sum(who == "7" for who, _ in rows)

    untouched()
    assert asked > 20


def test_a_long_file(adapter: EngineAdapter, tmp_path: Path, rewrite: Rewrite) -> None:
    """In the order of its rows, though DuckDB reads it by several threads."""
    path = day_folder(tmp_path, "ratings") / "a.parquet"
    ratings = """SELECT i AS rating_id, i % 5000 + 1 AS user_id, 1::BIGINT AS show_id,
        i AS watch_id, 4::INT AS rating, 'Secret ' || i AS review,
        TIMESTAMP '2026-01-01 12:00:00' AS rated_at FROM range(400_000) rows(i)"""
    duckdb.sql(f"COPY ({ratings}) TO '{path}'")
    assert rewrite(path) is True
    rows = duckdb.sql(
        f"SELECT rating_id, user_id, review FROM '{path}' "
        f"EXCEPT ALL SELECT rating_id, user_id, review FROM ({ratings})"
    ).fetchall()
    assert len(rows) == 80 and {user for _, user, _ in rows} == {7}
    assert all(review.startswith("erased ") for *_, review in rows)


# ------------------------------------------------------------------ what is not written


def test_moments_of_96_bits_stay(adapter: EngineAdapter, tmp_path: Path, rewrite: Rewrite) -> None:
    """Also far from now, which nanoseconds cannot count."""
    path = day_folder(tmp_path, "ratings") / "a.parquet"
    far = pa.array([253_370_764_800_000_000] * 2).cast(pa.timestamp("us"))  # the year 9999
    ids = pa.array([7, 8])
    table = pa.table(
        {
            "user_id": ids,
            "rating_id": ids,
            "show_id": ids,
            "seen": far,
            "rated_at": far,
            "rating": pa.array([4, 4], pa.int32()),
            "review": ["Secret", "Theirs"],
        }
    )
    pa.parquet.write_table(table, path, use_deprecated_int96_timestamps=True)
    before = read(adapter, "ratings", path)[1]
    try:
        rewrite(path)
    except CommandError as error:
        assert str(path) in str(error)
    after = read(adapter, "ratings", path)[1]
    assert [row["rated_at"] for row in before] == [row["rated_at"] for row in after]


@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
def test_a_link(tmp_path: Path, rewrite: Rewrite, link: str) -> None:
    path, other = day_folder(tmp_path) / "a.csv", tmp_path / "other.csv"
    other.write_text("user_id,name,email,updated_at\n7,Secret,a@b.org,2026-01-01 08:00:00\n")
    getattr(path, link)(other)
    with pytest.raises(CommandError, match="a.csv: is a link"):
        rewrite(path)
    assert "Secret" in other.read_text()


def test_a_file_of_its_own_is_left_behind_by_none(tmp_path: Path, rewrite: Rewrite) -> None:
    """One of a command that was killed is taken away, and what it is a link to is not."""
    path = day_folder(tmp_path) / ("x" * 250 + ".csv")
    path.write_text("user_id,name,email,updated_at\n7,Secret,a@b.org,2026-01-01 08:00:00\n")
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (path.parent / f"{rewriting.FRESH}.csv").symlink_to(precious)
    path.chmod(0o640)
    assert rewrite(path) is True
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert precious.read_text() == "precious" and path.stat().st_mode & 0o777 == 0o640
