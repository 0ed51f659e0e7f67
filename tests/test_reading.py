"""What is read of a delivered file equals what a second reader finds in it, value by value.

The second readers are written here, or are Python's and Arrow's; DuckDB reads as the project does,
without a plan. Files are drawn by structure (csv), by types (parquet) and by spelling (json).
"""

from __future__ import annotations

import gzip
import itertools
import json
import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import oracle
import pyarrow as pa
import pyarrow.parquet
import pytest
from drawn_files import BREAKS, CELL, DRAWN, TEXTS, USERS, Row, day_folder, read, written
from harness import ARROW_TYPES, PROJECT, draws
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmesh import EngineAdapter
from sqlmesh.utils.concurrency import NodeExecutionFailedError
from sqlmesh.utils.errors import SQLMeshError
from test_bad_input import good_row

from macros import feeds
from macros.reading import csv_file
from macros.reading.facts import FileFacts
from operations.hooks.failures import reason

CASES = PROJECT / "tests" / "cases"

# ------------------------------------------------------------------ tests/cases


def case(adapter: EngineAdapter, name: str, feed: str) -> list[Row]:
    paths = sorted((CASES / name / feed).glob("*/*"))
    return sorted(read(adapter, feed, *paths)[1], key=lambda row: str(row))


def test_a_header_with_another_line_break(adapter: EngineAdapter) -> None:
    assert [row["name"] for row in case(adapter, "csv_header_newline", "users")] == ["Ann", "Bob"]


def test_blanks_around_a_quoted_field(adapter: EngineAdapter) -> None:
    with pytest.raises(SQLMeshError, match=r"u\.csv: line 2 .*blanks"):
        case(adapter, "csv_space_quote", "users")


def test_decimals_of_different_scale(adapter: EngineAdapter) -> None:
    found = case(adapter, "decimals", "watches")
    assert [row["completion_pct"] for row in found] == [0.75, 0.3, 1.0]


def test_a_null_column_within_another(adapter: EngineAdapter) -> None:
    assert [row["status"] for row in case(adapter, "nested_null", "watches")] == ["completed"] * 2


def test_the_least_moment(adapter: EngineAdapter) -> None:
    (row,) = case(adapter, "int64min", "watches")
    assert row["watched_at"] is None
    assert json.loads(row["_rescued_data"]) == {"watched_at": str(-(2**63))}


def test_numbers_in_json(adapter: EngineAdapter) -> None:
    (row,) = case(adapter, "json_numbers", "users")
    assert row["name"] == "12345678901234567890123.5"
    assert json.loads(row["_rescued_data"]) == {"user_id": "1.50"}


# ------------------------------------------------------------------ csv, drawn by structure


@st.composite
def csv_files(draw: st.DrawFn) -> tuple[bytes, list[list[str | None]], str, str]:
    """A csv file, what users have in it (None for an unquoted empty field), its extra column, and
    what a header is told that not every reader can read."""
    end, extra = draw(BREAKS), "x" + draw(TEXTS)
    place = draw(st.integers(0, 1)) * len(USERS)
    header = [*USERS[:place], extra, *USERS[place:]]
    lines = [",".join(written(name, draw(st.booleans())) for name in header)]
    cells = draw(st.lists(st.lists(CELL, min_size=8, max_size=8), max_size=5))
    lines += [",".join(written(*cell) for cell in row) for row in cells]
    text = end.join(lines) + end * draw(st.integers(0, 2))
    mark = "\ufeff" * draw(st.booleans())
    rows = [[t if t or quoted else None for t, quoted in row] for row in cells]
    for row in rows:
        row.pop(place)
    told = ""
    if end == "\r" and re.search("[\r\n]", extra):
        told = "its header has line breaks"
    if mark and not place and re.search("[,\r\n]", extra):
        told = "begins with a byte order mark"
    return (mark + text).encode(), rows, extra, told


def test_csv_by_structure(adapter: EngineAdapter, tmp_path: Path) -> None:
    path = day_folder(tmp_path) / "a.csv"
    drawn = 0

    @DRAWN
    @given(csv_files())
    def alike(file: tuple[bytes, list[list[str | None]], str, str]) -> None:
        nonlocal drawn
        content, rows, extra, told = file
        path.write_bytes(content)
        if told:
            with pytest.raises(SQLMeshError, match=told):
                read(adapter, "users", path)
            return
        (facts,), found = read(adapter, "users", path)
        assert (facts.rows, facts.absent, facts.ignored) == (len(rows), (), (extra,))
        texts = ("name", "email", "country", "subscription_plan")
        ours = sorted(repr([row[text] for text in texts]) for row in found)
        theirs = sorted(repr(row[1:5]) for row in rows)
        assert ours == theirs
        drawn += len(rows)

    alike()
    assert drawn > 60


@st.composite
def broken_csv_files(draw: st.DrawFn) -> bytes:
    """A csv file into which one sign was put, or out of which one was taken, anywhere."""
    content, *_ = draw(csv_files())
    at = draw(st.integers(0, len(content)))
    sign = draw(st.sampled_from((b'"', b",", b" ", b"\n", b"\r", b"\xff", b"")))
    return content[:at] + sign + content[at + (not sign) :]


def test_two_readers_of_csv_never_differ_in_silence(adapter: EngineAdapter, tmp_path: Path) -> None:
    """Whatever a file holds, it stops, or DuckDB reads as many rows as the look has counted."""
    path = day_folder(tmp_path) / "a.csv"
    stopped = loaded = 0

    @DRAWN
    @given(broken_csv_files())
    def accounted(content: bytes) -> None:
        nonlocal stopped, loaded
        path.write_bytes(content)
        try:
            read(adapter, "users", path)
            loaded += 1
        except SQLMeshError as error:
            assert str(path) in str(error)
            stopped += 1

    accounted()
    assert stopped > 10 and loaded > 10


def test_csv_of_one_column(adapter: EngineAdapter, tmp_path: Path) -> None:
    """As requests may be: without its quoted fields nothing would be left but line ends."""
    path = day_folder(tmp_path, "erasures") / "a.csv"

    @DRAWN
    @given(BREAKS, st.lists(st.tuples(st.integers(1, 99), st.booleans())), st.integers(0, 2))
    def all_loaded(end: str, users: list[tuple[int, bool]], more: int) -> None:
        cells = [written(str(user), quoted) for user, quoted in users]
        path.write_bytes((end.join(["user_id", *cells]) + end * more).encode())
        _, found = read(adapter, "erasures", path)
        assert sorted(row["user_id"] for row in found) == sorted(user for user, _ in users)

    all_loaded()


def test_csv_whose_lines_are_quoted_as_a_whole(adapter: EngineAdapter, tmp_path: Path) -> None:
    path = day_folder(tmp_path) / "a.csv"
    path.write_text(f'"{",".join(USERS)}"\n"1,Ann,a@b.c,DE,free,2026-01-01,2026-01-01"\n')
    with pytest.raises(SQLMeshError, match="a.csv.*user_id"):
        read(adapter, "users", path)


def test_a_csv_line_that_another_makes_up_for(adapter: EngineAdapter, tmp_path: Path) -> None:
    """The look counts as many commas as there should be; what DuckDB says is told with the file."""
    path = day_folder(tmp_path) / "a.csv"
    path.write_text(f"{','.join(USERS)}\n1,Ann,a@b.c,DE,,\n2,Ben,a@b.c,DE,,,,x\n")
    with pytest.raises(duckdb.Error) as refused:
        read(adapter, "users", path)
    failed = NodeExecutionFailedError("bronze.delivered_users")
    failed.__cause__ = refused.value
    assert reason(failed) == (
        f"{path}: line 2 has 6 fields, and the header 7. Deliver as many in each line."
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<!DOCTYPE html><html><body>Not found</body></html>\n", "line 1 is HTML or XML"),
        ("\n<html>\n<body>Not found</body>\n", "its first line is empty"),
        ("\0" * 4096, "line 1 has zero bytes"),
        ("\0user_id,name\n1,Ann\n", "looks like UTF-16"),
    ],
)
def test_what_only_has_the_name_of_a_csv(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content)
    with pytest.raises(SQLMeshError, match=f"a.csv: {said}"):
        csv_file.look_at_csv(str(path), USERS)


@pytest.mark.parametrize("sign", ["y", '""', ",", "\n"])
def test_a_long_field_that_does_not_end(tmp_path: Path, sign: str) -> None:
    """However long it is, it is gone through once."""
    path = tmp_path / "a.csv"
    path.write_text(f'{",".join(USERS)}\n1,"ok",,,,,\n2,"{sign * 400_000}')
    with pytest.raises(SQLMeshError, match="a.csv: line 3 has a quoted field that does not end"):
        csv_file.look_at_csv(str(path), USERS)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_csv_around_a_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, quote: str
) -> None:
    """What is counted block by block is right wherever a block ends."""
    rows = [f"{n},{quote}é{quote},a@b.c,,,,2026-01-01 00:00:00" for n in range(3)]
    path = tmp_path / "a.csv"
    path.write_bytes((end.join([",".join(USERS), *rows]) + end).encode())
    for block in range(1, path.stat().st_size + 2):
        monkeypatch.setattr(csv_file, "BLOCK", block)
        assert csv_file.look_at_csv(str(path), USERS).rows == 3


def test_a_long_csv_with_many_lines_in_its_fields(adapter: EngineAdapter, tmp_path: Path) -> None:
    """DuckDB would part it, and take a line of a review for a row."""
    line = ",".join("r" * len(feeds.RATINGS_COLUMNS))
    review = "\n".join([line] * 2000)
    header = ",".join(column for column, _ in feeds.RATINGS_COLUMNS)
    path = day_folder(tmp_path, "ratings") / "a.csv"
    with path.open("w") as file:
        file.write(header + "\n")
        for key in range(csv_file.BLOCK // len(review) + 20):
            file.write(f'{key},1,1,,5,"{review}",2026-01-01 00:00:00\n')
    _, found = read(adapter, "ratings", path)
    assert {row["rating"] for row in found} == {5}
    assert {row["review"] for row in found} == {review}


# ------------------------------------------------------------------ parquet, by pairs of types

EPOCH = datetime(1970, 1, 1)
SECOND = {"ms": 10**3, "us": 10**6, "ns": 10**9}
DECIMALS = ((2, 1), (15, 14), (17, 16), (18, 0), (38, 0), (38, 18), (38, 37))
FITTING: dict[str, list[pa.DataType]] = {
    "STRING": [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string()), pa.null()],
    "BIGINT": [pa.int64(), pa.int32(), pa.int16(), pa.int8(), pa.uint32(), pa.uint8(), pa.null()],
    "INT": [pa.int32(), pa.int16(), pa.int8(), pa.uint16(), pa.uint8(), pa.null()],
    "DOUBLE": [pa.float64(), *(pa.decimal128(*digits) for digits in DECIMALS), pa.null()],
    "DATE": [pa.date32(), pa.null()],
    "TIMESTAMP": [
        *(pa.timestamp(unit, zone) for unit in SECOND for zone in (None, "UTC", "Asia/Tokyo")),
        pa.null(),
    ],
}
WHOLE = st.integers(-(2**63), 2**63 - 1)


def values_of(type_: pa.DataType) -> st.SearchStrategy[Any]:
    """What a parquet column of a type may hold; of timestamps the integer."""
    if pa.types.is_null(type_):
        return st.none()
    if pa.types.is_integer(type_):
        signed = pa.types.is_signed_integer(type_)
        top = 2 ** (type_.bit_width - signed)
        return st.integers(-top * signed, top - 1)
    if pa.types.is_decimal(type_):
        top = 10**type_.precision - 1
        return st.integers(-top, top).map(lambda n: Decimal(f"{n}E-{type_.scale}"))  # exact
    if pa.types.is_floating(type_):
        return st.floats(allow_nan=False, allow_infinity=False)
    if pa.types.is_date(type_):
        return st.integers(-(2**31) + 2, 2**31 - 2)
    if pa.types.is_timestamp(type_):
        second = SECOND[type_.unit]
        year = 366 * 86400 * second
        near = st.integers(-(10**7), 10**7) | st.integers(-2300 * year, 9000 * year)
        edges = st.sampled_from((-(2**63), -(2**63) + 1, 2**63 - 1, -1, 0, -999, -1000, -1001))
        return (near | edges | WHOLE).filter(lambda n: -(2**63) <= n < 2**63)
    return st.text(st.characters(codec="utf-8"), max_size=5)


def as_in_bronze(value: Any, type_: pa.DataType) -> tuple[Any, str | None]:
    """A parquet value in bronze, and its text if it is rescued, by the contract."""
    if value is None or not (pa.types.is_timestamp(type_) or pa.types.is_date(type_)):
        return (float(value) if isinstance(value, Decimal) else value), None
    if pa.types.is_date(type_):
        if -719162 <= value <= 2932896:
            return date(1970, 1, 1) + timedelta(days=value), None
        return None, str(value)
    micros = value * 10**6 // SECOND[type_.unit]
    if value != -(2**63) and -62135596800000000 <= micros < 253402300800000000:
        return EPOCH + timedelta(microseconds=micros), None
    return None, str(max(-(2**63), min(2**63 - 1, value if value == -(2**63) else micros)))


@pytest.mark.parametrize(
    "feed, column", [(feed, column) for feed in oracle.FEEDS for column in oracle.FEEDS[feed]]
)
def test_parquet_by_pairs_of_types(
    adapter: EngineAdapter, tmp_path: Path, feed: str, column: str
) -> None:
    """Two files of a run, the types of one column drawn apart: each keeps its values."""
    folder = day_folder(tmp_path, feed)
    key = oracle.KEYS[feed]
    texts = [c for c, type_ in oracle.FEEDS[feed].items() if type_ == "STRING"]
    mark = key if column != key else texts[0]  # by which a row is found again
    fitting = FITTING[oracle.FEEDS[feed][column]]

    for pair in itertools.combinations_with_replacement(fitting, 2):
        files = [
            st.tuples(st.just(t), st.lists(values_of(t), min_size=1, max_size=8)) for t in pair
        ]

        @settings(DRAWN, max_examples=draws(2))  # the first is the simplest
        @given(st.tuples(*files))
        def alike(of_files: tuple[tuple[pa.DataType, list[Any]], ...]) -> None:
            expected = {}
            for number, (type_, values) in enumerate(of_files):
                numbers = range(100 * number, 100 * number + len(values))
                marks = [n if mark == key else str(n) for n in numbers]
                row = good_row(feed, 1, typed=True)
                arrays = {
                    c: pa.array([row[c]] * len(values), ARROW_TYPES[t])
                    for c, t in oracle.FEEDS[feed].items()
                }
                arrays |= {mark: pa.array(marks), column: array_of(values, type_)}
                path = folder / f"{number}.parquet"
                pyarrow.parquet.write_table(pa.table(arrays), path, version="2.6")
                expected |= dict(
                    zip(marks, (as_in_bronze(value, type_) for value in values), strict=True)
                )
            _, found = read(adapter, feed, *sorted(folder.iterdir()))
            for row in found:
                value, rescued = expected.pop(row[mark])
                assert json.loads(row["_rescued_data"] or "{}").get(column) == rescued
                assert row[column] == value and type(row[column]) is type(value)
            assert not expected

        alike()


def array_of(values: list[Any], type_: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(type_):
        return pa.array(values, pa.int64()).cast(type_)
    if pa.types.is_date(type_):
        return pa.array(values, pa.int32()).cast(type_)
    if pa.types.is_dictionary(type_):
        return pa.array(values, type_.value_type).dictionary_encode()
    return pa.array(values, type_)


# ------------------------------------------------------------------ json, drawn by spelling

NUMBERS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,25})([.][0-9]{1,20})?([eE][-+]?[0-9]{1,2})?", fullmatch=True
)
SPACES = st.sampled_from(("", " ", "\t", "  "))
VALUES = NUMBERS | st.text(max_size=4).map(json.dumps) | NUMBERS.map(json.dumps) | st.just("null")


@st.composite
def json_rows(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """A line of json with the columns of users, in any order, and an extra one; its texts."""
    names = draw(st.permutations([*USERS, draw(st.sampled_from(("x", "meta", "e\u0301")))]))
    names = [name for name in names if name == "name" or draw(st.integers(0, 9))]
    values = {name: draw(VALUES) for name in names}
    given = [*values.items()]
    if draw(st.booleans()):  # nested ones before ours, some of them equal but for their digits
        nested = json_object(draw, [(name, longer(value)) for name, value in given])
        around = draw(st.sampled_from(("{}", "[{}]", '[1,{{"}}":{}}}]', '{{"a":["}}]\\"",{}]}}')))
        given.insert(0, ("nested", around.format(nested)))
        values["nested"] = nested
    return json_object(draw, given), values


def longer(value: str) -> str:
    """A number with a digit more, which makes no other number."""
    if not re.fullmatch("[-.0-9]+", value):
        return value
    return value + ("0" if "." in value else ".0")


def json_object(draw: st.DrawFn, pairs: list[tuple[str, str]]) -> str:
    spelled = (
        f"{draw(SPACES)}{json.dumps(name)}{draw(SPACES)}:{draw(SPACES)}{value}{draw(SPACES)}"
        for name, value in pairs
    )
    return "{" + ",".join(spelled) + "}"


def test_json_by_spelling(adapter: EngineAdapter, tmp_path: Path) -> None:
    path = day_folder(tmp_path) / "a.json"
    texts = ("name", "email", "country", "subscription_plan")

    def text(value: str) -> str | None:
        return None if value == "null" else json.loads(value) if value[0] == '"' else value

    @DRAWN
    @given(st.lists(json_rows(), min_size=1, max_size=6))
    def alike(lines: list[tuple[str, dict[str, str]]]) -> None:
        path.write_text("\n".join(line for line, _ in lines), encoding="utf-8")
        (facts,), found = read(adapter, "users", path)
        names = {name for _, values in lines for name in values}
        assert facts == FileFacts(
            str(path), len(lines), tuple(sorted({*USERS} - names)), tuple(sorted(names - {*USERS}))
        )
        ours = sorted(repr([row[column] for column in texts]) for row in found)
        theirs = [[text(values.get(column, "null")) for column in texts] for _, values in lines]
        assert ours == sorted(map(repr, theirs))
        rescued = [json.loads(row["_rescued_data"] or "{}") for row in found]
        odd = {
            value
            for _, values in lines
            if (value := text(values.get("signed_up_on", "null"))) and value.strip()
        }
        assert odd == {row["signed_up_on"] for row in rescued if "signed_up_on" in row}

    alike()


# ------------------------------------------------------------------ names, compression

ODD = st.text(
    st.sampled_from("\\[]{}*?!'\"`\n\r\t %$;,=.~é家-0") | st.sampled_from("ab"),
    min_size=1,
    max_size=6,
).filter(lambda name: name.strip(".") and not name.startswith("."))
WRITTEN = {
    "csv": lambda row: (",".join(row) + "\n" + ",".join(row.values()) + "\n").encode(),
    "json": lambda row: (json.dumps(row) + "\n").encode(),
    "parquet": lambda row: b"",
}


@pytest.mark.parametrize("files_format", WRITTEN)
def test_odd_names(adapter: EngineAdapter, tmp_path: Path, files_format: str) -> None:
    counter = itertools.count()

    @settings(DRAWN, max_examples=draws(25))
    @given(ODD, ODD)
    def read_too(folder: str, name: str) -> None:
        above = tmp_path / str(next(counter)) / f"dt=2025-12-31{folder}"
        path = day_folder(above) / f"{name}.{files_format}"
        path.write_bytes(WRITTEN[files_format](good_row("users", 1)))
        if files_format == "parquet":
            row = good_row("users", 1, typed=True)
            with path.open("wb") as file:
                pyarrow.parquet.write_table(pa.Table.from_pylist([row]), file)
        (facts,), (row,) = read(adapter, "users", path, files_format=files_format)
        assert (facts.path, row["_source"]) == (str(path), str(path))
        assert row["_ingest_date"] == date(2026, 1, 2)

    read_too()


@pytest.mark.parametrize("ending", [".gz", ".GZ"])
@pytest.mark.parametrize("files_format", ["csv", "json"])
def test_packed_files(
    adapter: EngineAdapter, tmp_path: Path, files_format: str, ending: str
) -> None:
    plain = WRITTEN[files_format](good_row("users", 1))
    path = day_folder(tmp_path) / f"a.{files_format}{ending}"
    path.write_bytes(gzip.compress(plain))
    unpacked = day_folder(tmp_path) / f"b.{files_format}"
    unpacked.write_bytes(plain)
    looked, found = read(adapter, "users", path, unpacked, files_format=files_format)
    assert [file.rows for file in looked] == [1, 1]
    assert {row["_source"] for row in found} == {str(path), str(unpacked)}
    path.write_bytes(gzip.compress(plain)[:-9])
    with pytest.raises(SQLMeshError, match=str(path)):
        read(adapter, "users", path, files_format=files_format)


def test_a_parquet_file_that_is_replaced(adapter: EngineAdapter, tmp_path: Path) -> None:
    """DuckDB keeps what it read of a file; the new one has the same size and place."""
    path = day_folder(tmp_path) / "a.parquet"
    for name in ("Ann", "Bob"):
        row = {**good_row("users", 1, typed=True), "name": name}
        pyarrow.parquet.write_table(pa.Table.from_pylist([row]), path)
        assert [row["name"] for row in read(adapter, "users", path)[1]] == [name]
