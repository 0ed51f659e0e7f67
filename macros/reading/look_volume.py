"""A look at delivered files of a Unity Catalog volume, before Databricks reads them."""

from __future__ import annotations

import itertools
import json
import typing as t
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
from pyarrow import parquet
from sqlglot import exp
from sqlmesh import EngineAdapter
from sqlmesh.utils.errors import SQLMeshError

from macros.reading.csv_file import header_names
from macros.reading.facts import (
    FileFacts,
    check_names,
    check_required,
    check_types,
    differing_columns,
    other_file,
)
from macros.reading.volume import as_text, ask, file_path

# Spark's types that fit each type of bronze.
PARQUET_TYPES = {
    "TEXT": ("string",),
    "BIGINT": ("bigint", "int", "smallint", "tinyint"),
    "INT": ("int", "smallint", "tinyint"),
    "DOUBLE": ("double", "decimal"),
    "DATE": ("date",),
    "TIMESTAMPNTZ": ("timestamp", "timestamp_ntz"),
}
# Spark's type for what a parquet file says of a column; for the rest, see _spark_type.
# spark.apache.org/docs/latest/sql-data-sources-parquet.html
LOGICAL = {
    "STRING": "string",
    "ENUM": "string",
    "JSON": "string",
    "DATE": "date",
    "UNKNOWN": "void",
}
PHYSICAL = {
    "BOOLEAN": "boolean",
    "INT32": "int",
    "INT64": "bigint",
    "INT96": "timestamp",
    "FLOAT": "float",
    "DOUBLE": "double",
}
INTEGERS = {8: "tinyint", 16: "smallint", 32: "int", 64: "bigint"}  # by their bits
# A parquet file ends with its footer, the footer's length in four bytes, the least first, and PAR1.
LENGTH_BYTES = f"CONCAT({', '.join(f'SUBSTRING(content, -{place}, 1)' for place in (5, 6, 7, 8))})"
FOOTER_LENGTH = f"LEAST(CAST(CONV(HEX({LENGTH_BYTES}), 16, 10) AS BIGINT) + 8, length)"
FOOTER = f"""CASE WHEN HEX(SUBSTRING(content, -4, 4)) = '{b"PAR1".hex()}'
    THEN SUBSTRING(content, -CAST({FOOTER_LENGTH} AS INT), CAST({FOOTER_LENGTH} AS INT)) END"""
# A quoted field of csv, and the first line, in Java's regular expressions, escaped for SQL.
QUOTED_FIELD = r'(?<=^|[,\\r\\n])"[^"]*+(?:""[^"]*+)*+"(?=[,\\r\\n]|\\z)'
HEADER = r'^(?:[^"\\r\\n]++|"[^"]*+")*+[\\r\\n]*'

# A text in json; and what, without its texts, a line of another shape than one object has.
JSON_TEXT = r'"(?:[^"\\\\]++|\\\\.)*+"'
JSON_OBJECT = r"^[ \\t\\r]*(null|\\{.*\\})[ \\t\\r]*$"
AFTER_OBJECT = r"\\}[ \\t]*[^,\\]} \\t\\r]"


@dataclass(frozen=True)
class VolumeFile(FileFacts):
    """A file that can be read.

    Args:
        columns: The columns of the feed that a parquet file has, each with its type.
        has_two_cases: Whether it has another one that differs from one of these by case alone.
    """

    columns: tuple[tuple[str, str], ...] = ()
    has_two_cases: bool = False


def look_at_volume(
    adapter: EngineAdapter, files: list[str], files_format: str, types: dict[str, str]
) -> Sequence[FileFacts]:
    """What each file holds, in the order of `files`; `volume_rows` takes what this gives.

    Args:
        types: The type in bronze of each column of the feed, the key first.

    Raises:
        SQLMeshError: A file cannot be what the contract says it is; names it, and the way out.
    """
    look = {"csv": _look_at_csv, "json": _look_at_json, "parquet": _look_at_parquet}
    found = look[files_format](adapter, files, types)
    if unknown := sorted(set(found) - set(files)):  # else the file that is meant would be left out
        raise SQLMeshError(f"{unknown[0]}: Databricks names a file so that was listed otherwise.")
    return [found.get(file, VolumeFile(file, 0, (), ())) for file in files]


def _look_at_csv(
    adapter: EngineAdapter, files: list[str], types: dict[str, str]
) -> dict[str, VolumeFile]:
    """Each file's first line, and how many line ends it has outside of quoted fields.

    That is the second reader of csv here: a regular expression over the whole text of a file.
    Where quotes stand within unquoted fields it proves nothing, and the reader itself counts.
    """
    unquoted = f"REGEXP_REPLACE(value, '{QUOTED_FIELD}', '')"
    line_end = r"\\r\\n|\\r|\\n"
    records = (
        f"REGEXP_COUNT(REGEXP_REPLACE({unquoted}, '(?:{line_end})+\\\\z', ''), '(?:{line_end})+')"
    )
    query = exp.select(
        f"{file_path()} AS path",
        "HEX(SUBSTRING(CAST(value AS BINARY), 1, 4)) AS beginning",
        f"REGEXP_EXTRACT(value, '{HEADER}', 0) AS header",
        f"{records} AS rows",
        f"CONTAINS({unquoted}, '\"') AS is_unknown",
        f"{unquoted} RLIKE '(^|[,\\\\r\\\\n])[ \\\\t]*\"' AS is_broken",
        "IS_VALID_UTF8(value) AS is_utf8",
        dialect="databricks",
    )
    found = {}
    for path, beginning, header, rows, is_unknown, is_broken, is_utf8 in ask(
        adapter, query, files, "text"
    ):
        if remedy := other_file(bytes.fromhex(beginning), "csv"):
            raise SQLMeshError(f"{path}: {remedy}.")
        if not is_utf8:
            raise SQLMeshError(f"{path}: is not UTF-8. Save it as UTF-8.")
        names = header_names(path, header, list(types))
        if not names:
            if rows or is_broken:
                raise SQLMeshError(
                    f"{path}: line 1 is empty, or a quote in it does not end. Begin with the "
                    "header."
                )
            continue
        if is_broken:
            raise SQLMeshError(
                f"{path}: a quoted field does not end, or has blanks or text beside its quotes."
            )
        if is_unknown:
            count = exp.select("COUNT(*)")
            ((rows,),) = ask(adapter, count, [path], "csv", schema=as_text(types))
        if rows:
            check_required(path, names, list(types))
        found[path] = VolumeFile(path, rows, *differing_columns(names, types))
    return found


def _look_at_json(
    adapter: EngineAdapter, files: list[str], types: dict[str, str]
) -> dict[str, VolumeFile]:
    """The names in all objects, for each kind of line in a file."""
    bare = f"REGEXP_REPLACE(value, '{JSON_TEXT}', '')"
    is_object = (
        f"{bare} RLIKE '{JSON_OBJECT}' AND NOT {bare} RLIKE '{AFTER_OBJECT}' "
        f"AND NOT CONTAINS({bare}, CHR(39))"
    )
    query = (
        exp.select(
            f"{file_path()} AS path",
            "JSON_OBJECT_KEYS(value) AS names",
            f"{is_object} AS is_object",
            "COUNT(*) AS count",
            dialect="databricks",
        )
        .where(r"value RLIKE '[^ \\t\\r]'", dialect="databricks")
        .group_by("ALL")
    )
    rows: dict[str, int] = defaultdict(int)
    names: dict[str, set[str]] = defaultdict(set)
    for path, of_row, is_object, count in ask(adapter, query, files, "text", wholeText=False):
        if not is_object:
            raise SQLMeshError(
                f"{path}: a line is not one object, its texts in double quotes. Deliver one object "
                "a line."
            )
        of_row = [str(name) for name in of_row] if of_row is not None else []
        check_names(path, of_row, types)
        rows[path] += count
        names[path].update(of_row)
    return {
        path: VolumeFile(path, rows[path], *differing_columns(names[path], types)) for path in rows
    }


def _look_at_parquet(
    adapter: EngineAdapter, files: list[str], types: dict[str, str]
) -> dict[str, VolumeFile]:
    """What the footers say; Databricks would tell the columns of all files together alone."""
    query = exp.select(f"{file_path()} AS path", f"{FOOTER} AS footer", dialect="databricks")
    footers = dict.fromkeys(files) | dict(ask(adapter, query, files, "binaryFile"))
    return {path: _parquet_file(path, footer, types) for path, footer in footers.items()}


def _parquet_file(path: str, footer: bytes | None, types: dict[str, str]) -> VolumeFile:
    try:
        metadata = parquet.read_metadata(pa.BufferReader(footer or b""))
        fields = list(metadata.schema.to_arrow_schema())
    except (pa.ArrowException, OSError) as error:
        raise SQLMeshError(f"{path}: cannot be read as parquet: {error}.") from error
    names = [field.name for field in fields]
    check_names(path, names, types)
    if metadata.num_rows:
        check_required(path, names, list(types))
    leaves = map(metadata.schema.column, itertools.count())
    all_types = [_type_of(field.type, leaves) for field in fields]
    columns = tuple(
        (name, type_)
        for name, type_ in zip(names, all_types, strict=True)
        if name in types and type_ != "void"
    )
    check_types(path, columns, types, PARQUET_TYPES)
    absent, ignored = differing_columns(names, types)
    has_two_cases = any(name.lower() in types for name in ignored)
    return VolumeFile(path, metadata.num_rows, absent, ignored, columns, has_two_cases)


def _type_of(type_: pa.DataType, leaves: t.Iterator[t.Any]) -> str:
    """Spark's type of a column, which takes its own from the leaves of the schema."""
    if not pa.types.is_nested(type_):
        return _spark_type(next(leaves))
    for place in range(type_.num_fields):
        _type_of(type_.field(place).type, leaves)
    return "struct"


def _spark_type(leaf: t.Any) -> str:
    """Spark's type of a column that nests nothing."""
    logical = leaf.logical_type.type
    said = json.loads(leaf.logical_type.to_json())
    if logical == "DECIMAL":
        return f"decimal({leaf.precision},{leaf.scale})"
    if logical == "INT":
        return INTEGERS.get(said["bitWidth"] << (not said["isSigned"]), "decimal(20,0)")
    if logical == "TIMESTAMP":
        if said["timeUnit"] == "nanoseconds":
            return "timestamp in nanoseconds"  # Databricks: PARQUET_TYPE_ILLEGAL
        return "timestamp" if said["isAdjustedToUTC"] else "timestamp_ntz"
    if logical == "NONE":
        return PHYSICAL.get(leaf.physical_type, "binary")
    return LOGICAL.get(logical, logical.lower())
