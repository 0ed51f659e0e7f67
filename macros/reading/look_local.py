"""A look at delivered files of a local folder, before DuckDB reads them."""

from __future__ import annotations

import atexit
import gzip
import json
import shutil
import tempfile
import typing as t
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet
from sqlmesh import EngineAdapter
from sqlmesh.utils.errors import SQLMeshError

from macros.reading.csv_file import BYTE_ORDER_MARK, look_at_csv
from macros.reading.facts import (
    FileFacts,
    check_names,
    check_required,
    check_types,
    differing_columns,
    other_file,
)
from macros.reading.local import (
    LARGEST_FIELD,
    by_compression,
    duckdb_paths,
    free_name,
    is_packed,
)

Columns = tuple[tuple[str, str], ...]

IN_A_COPY = {
    f"TIMESTAMP{unit}{zone}": "TIMESTAMP"
    for unit in ("", "_MS", "_NS")
    for zone in ("", " WITH TIME ZONE")
}
# The types in which a parquet column may come, for each type of bronze.
PARQUET_TYPES = {
    "TEXT": ("VARCHAR",),
    "BIGINT": ("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "UINTEGER", "USMALLINT", "UTINYINT"),
    "INT": ("INTEGER", "SMALLINT", "TINYINT", "USMALLINT", "UTINYINT"),
    "DOUBLE": ("DOUBLE", "DECIMAL"),
    "DATE": ("DATE",),
    "TIMESTAMPNTZ": (*IN_A_COPY, "INT96"),
}
LARGEST_PRECISION = 38  # DuckDB reads longer decimals as DOUBLE
# Where DuckDB does not read moments exactly: it cuts nanoseconds towards 1970, and has no local
# time for what is far outside the calendar.
INEXACT = {
    "TIMESTAMP_NS": "MIN({0}) <= '1970-01-01'",
    "TIMESTAMP_NS WITH TIME ZONE": "MIN({0}) <= '1970-01-01'",
    "TIMESTAMP_MS WITH TIME ZONE": "MIN({0}) < '0001-01-02' OR MAX({0}) > '9999-12-31'",
    "TIMESTAMP WITH TIME ZONE": "MIN({0}) < '0001-01-02' OR MAX({0}) > '9999-12-31'",
}


@dataclass(frozen=True)
class ParquetFile(FileFacts):
    """A parquet file that can be read.

    Args:
        columns: What is read has these columns in this order, each with DuckDB's name of its type,
            which tells the unit of timestamps too; empty for a column that can hold only NULL.
        copy: Where a copy lies that is read in its place, since DuckDB does not read the file's
            timestamps exactly; else empty.
    """

    columns: Columns
    copy: str = ""


def look_at_local(
    adapter: EngineAdapter, files: list[str], files_format: str, types: dict[str, str]
) -> Sequence[FileFacts]:
    """What each file holds, in the order of `files`; `local_rows` takes what this gives.

    Args:
        types: The type in bronze of each column of the feed, the key first.

    Raises:
        SQLMeshError: A file cannot be what the contract says it is; names it, and the way out.
    """
    if files_format == "csv":
        return [look_at_csv(file, list(types)) for file in files]
    look = _look_at_parquet if files_format == "parquet" else _look_at_json
    return look(adapter, files, types) if files else []


# ------------------------------------------------------------------ json


def _look_at_json(
    adapter: EngineAdapter, files: list[str], types: dict[str, str]
) -> list[FileFacts]:
    """The names in all objects, which DuckDB lists for each kind of row in a file."""
    for file in files:  # DuckDB skips a byte order mark, or refuses it
        if is_packed(file):
            _check_unpacks(file)
        elif _beginning(file) == BYTE_ORDER_MARK:
            raise SQLMeshError(f"{file}: begins with a byte order mark. Save it without one.")
    rows: dict[str, int] = dict.fromkeys(files, 0)
    names: dict[str, set[str]] = {file: set() for file in files}
    for compression, alike in by_compression(files).items():
        query = f"""SELECT
                filename,
                JSON_KEYS(json) AS names,
                CASE WHEN JSON_KEYS(json) = [] THEN JSON_TYPE(json) END AS type,
                COUNT(*)
            FROM READ_NDJSON_OBJECTS(
                {{files}},
                filename = TRUE,
                compression = '{compression}',
                maximum_object_size = {LARGEST_FIELD}
            )
            GROUP BY ALL"""
        for file, of_row, type_, count in _ask(adapter, query, alike, _json_fault):
            if type_ not in (None, "OBJECT", "NULL"):
                raise SQLMeshError(f"{file}: {_json_fault(file)}.")
            check_names(file, of_row, types)
            rows[file] += count
            names[file].update(of_row)
    return [
        FileFacts(file, rows[file], *differing_columns(names[file], types))
        if rows[file]
        else FileFacts(file, 0, (), ())
        for file in files
    ]


def _check_unpacks(file: str) -> None:
    """Raises where a compressed file is cut, which DuckDB's reader of json lets pass."""
    try:
        with gzip.open(file) as content:
            while content.read(LARGEST_FIELD):
                pass
    except (OSError, EOFError, zlib.error) as error:
        raise SQLMeshError(f"{file}: cannot be read: {error}.") from error


def _beginning(file: str) -> bytes:
    """The first bytes of a file; none where it cannot be opened, which its reader tells."""
    try:
        with open(file, "rb") as content:
            return content.read(len(BYTE_ORDER_MARK))
    except OSError:
        return b""


def _json_fault(file: str) -> str:
    """What is wrong with a json file that DuckDB refuses, by its lines; empty where unknown."""
    try:
        with gzip.open(file) if is_packed(file) else open(file, "rb") as lines:
            for number, line in enumerate(lines, 1):
                if number == 1 and (remedy := other_file(line, "json")):
                    return remedy
                try:
                    is_row = not line.strip() or isinstance(json.loads(line.decode()), dict | None)
                except UnicodeDecodeError:
                    return f"line {number} is no UTF-8. Save the file as UTF-8"
                except ValueError:
                    is_row = False
                if not is_row:
                    return f"line {number} is no json object. Deliver one whole object a line"
    except (OSError, EOFError, zlib.error) as error:
        return f"cannot be read: {error}"
    return ""


# ------------------------------------------------------------------ parquet


def _look_at_parquet(
    adapter: EngineAdapter, files: list[str], types: dict[str, str]
) -> list[ParquetFile]:
    """The columns and rows that the footers tell; then every value is read once."""
    rows = dict(
        _ask(adapter, "SELECT file_name, num_rows FROM PARQUET_FILE_METADATA({files})", files)
    )
    nodes_of_files = _ask(
        adapter,
        """SELECT LIST(file_name), nodes FROM (
            SELECT file_name, LIST(
                (name, num_children, type, duckdb_type, logical_type, converted_type, precision)
                ORDER BY column_id
            ) AS nodes
            FROM PARQUET_SCHEMA({files})
            GROUP BY file_name
        ) GROUP BY nodes""",
        files,
    )
    looked = {}
    for alike, nodes in nodes_of_files:
        columns = tuple(_top_level(nodes))
        names = [name for name, _ in columns]
        for file in sorted(alike):
            check_names(file, names, types)
            if rows[file]:
                check_required(file, names, list(types))
            check_types(file, columns, types, PARQUET_TYPES)
        copies = _copies(adapter, sorted(alike), columns, types)
        differing = differing_columns(names, types)
        for file in alike:
            looked[file] = ParquetFile(
                file,
                rows[file],
                *differing,
                tuple((n, IN_A_COPY.get(t_, t_)) for n, t_ in columns)
                if file in copies
                else columns,
                copies.get(file, ""),
            )
    return [looked[file] for file in files]


def _top_level(nodes: list[tuple[t.Any, ...]]) -> t.Iterator[tuple[str, str]]:
    """The columns and their types, out of all that a schema nests: each node before its own."""
    to_come = [nodes[0][1]]  # how many nodes each open group still has
    for name, children, *type_ in nodes[1:]:
        if len(to_come) == 1:
            yield name, "STRUCT" if children else _type(*type_)
        to_come[-1] -= 1
        if children:
            to_come.append(children)
        while len(to_come) > 1 and not to_come[-1]:
            to_come.pop()


def _type(
    type_: str, duckdb_type: str, logical: str | None, converted: str | None, precision: int | None
) -> str:
    """A column's type as ParquetFile tells it."""
    if logical == "NullType()":
        return ""
    if type_ == "INT96":
        return type_
    if precision and precision > LARGEST_PRECISION:
        return f"DECIMAL of {precision} digits"
    if duckdb_type.startswith("TIMESTAMP"):
        unit = "_NS" if "NanoSeconds" in str(logical) else ""
        unit = unit or "_MS" * ("MilliSeconds" in str(logical) or converted == "TIMESTAMP_MILLIS")
        return f"TIMESTAMP{unit}" + " WITH TIME ZONE" * duckdb_type.endswith("TIME ZONE")
    return duckdb_type


def _copies(
    adapter: EngineAdapter, files: list[str], columns: Columns, types: dict[str, str]
) -> dict[str, str]:
    """Reads each value of files with the same columns; a damaged page shows only then.

    Returns:
        By path, a copy of each file whose timestamps DuckDB cuts towards 1970, or cannot read.
    """
    ours = {f"_{n}": type_ for n, (c, type_) in enumerate(columns) if c in types and type_}
    if not ours:
        return {}
    inexact = [INEXACT[type_].format(place) for place, type_ in ours.items() if type_ in INEXACT]
    aliases = ", ".join([*(f"_{n}" for n in range(len(columns))), "file"])
    is_inexact = f"COALESCE({' OR '.join(inexact)}, FALSE)" if inexact else "FALSE"
    query = f"""SELECT {"file" if inexact else "NULL"}, {is_inexact},
            BIT_XOR(HASH({", ".join(ours)}))
        FROM READ_PARQUET({{files}}, filename = '{free_name(columns)}', hive_partitioning = FALSE)
            AS files({aliases})
        {"GROUP BY file" if inexact else ""}"""
    has_milliseconds = any(type_.startswith("TIMESTAMP_MS") for type_ in ours.values())
    copies = {}
    try:
        for file, must_be_copied, _ in _ask(adapter, query, files):
            if must_be_copied:
                copies[file] = _copy(file)
    except SQLMeshError:
        if not has_milliseconds:
            raise
        for file in files:
            try:
                _ask(adapter, query, [file])
            except SQLMeshError:  # it may be a moment beyond what microseconds can count
                copies[file] = _copy(file)
                _ask(adapter, query, [copies[file]])
    return copies


def _copy(file: str) -> str:
    """A copy of a parquet file with all its timestamps in microseconds, as far as these go."""
    try:
        table = parquet.ParquetFile(file).read()
    except (pa.ArrowException, OSError) as error:
        raise SQLMeshError(f"{file}: cannot be read: {error}.") from error
    for place, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type):
            moments = table.column(place).combine_chunks()
            absent = np.asarray(moments.is_null())
            numbers = _microseconds(
                moments.cast(pa.int64()).fill_null(0).to_numpy(), column.type.unit
            )
            micros = pa.array(numbers, pa.int64(), mask=absent).cast(pa.timestamp("us"))
            table = table.set_column(place, column.name, micros)
    copy = _folder_of_copies() / f"{len(list(_folder_of_copies().iterdir()))}.parquet"
    parquet.write_table(table, copy)
    return str(copy)


def _microseconds(numbers: np.ndarray[t.Any, np.dtype[np.int64]], unit: str) -> t.Any:
    """Moments in a unit since 1970, cut towards the past; the least is what numpy has for none."""
    least, greatest = np.iinfo(np.int64).min, np.iinfo(np.int64).max
    if unit == "ns":
        return np.where(numbers == least, least, numbers // 1000)
    if unit == "ms":
        bound = greatest // 1000
        inner = np.clip(numbers, -bound, bound) * 1000
        return np.where(numbers < -bound, least, np.where(numbers > bound, greatest, inner))
    return numbers


@cache
def _folder_of_copies() -> Path:
    """A folder that is gone when the process ends."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _ask(
    adapter: EngineAdapter,
    query: str,
    files: list[str],
    fault: t.Callable[[str], str] = lambda file: "",
) -> list[t.Any]:
    """The rows of a query on files, which it names `{files}`.

    Raises:
        SQLMeshError: It fails; names the first file with which it does, and the fault.
    """

    def ask(some: list[str]) -> list[t.Any]:
        return adapter.fetchall(query.replace("{files}", duckdb_paths(some).sql("duckdb")))

    try:
        return ask(files)
    except Exception:
        for file in files:
            try:
                ask([file])
            except Exception as error:
                said = fault(file) or f"cannot be read: {error}"
                raise SQLMeshError(f"{file}: {said}.") from error
        raise
