"""A look at delivered files of a Unity Catalog volume, before Databricks reads them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

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
from macros.reading.volume import file_path, read_files

Columns = tuple[tuple[str, str], ...]
# The parquet types, as Databricks names them, that fit each type of bronze.
PARQUET_TYPES = {
    "TEXT": ("string",),
    "BIGINT": ("bigint", "int", "smallint", "tinyint"),
    "INT": ("int", "smallint", "tinyint"),
    "DOUBLE": ("double", "decimal"),
    "DATE": ("date",),
    "TIMESTAMPNTZ": ("timestamp", "timestamp_ntz"),
}
# A quoted field of csv, and the first line, in Java's regular expressions, escaped for SQL.
QUOTED_FIELD = r'(?<=^|[,\\r\\n])"[^"]*+(?:""[^"]*+)*+"(?=[,\\r\\n]|\\z)'
HEADER = r'^(?:[^"\\r\\n]++|"[^"]*+")*+[\\r\\n]*'


@dataclass(frozen=True)
class VolumeFile(FileFacts):
    """A file that can be read.

    Args:
        columns: The columns of the feed that a parquet file has, each with its type.
    """

    columns: Columns = ()


def look_at_volume(
    adapter: EngineAdapter, files: list[str], files_format: str, types: dict[str, str]
) -> Sequence[FileFacts]:
    """What each file holds, in the order of `files`; `volume_rows` takes what this gives.

    Args:
        types: The type in bronze of each column of the feed, the key first.

    Raises:
        SQLMeshError: A file cannot be what the contract says it is; names it, and the way out.
    """
    if files_format == "parquet":
        return [_look_at_parquet(adapter, file, types) for file in files]
    if not files:
        return []
    look = _look_at_csv if files_format == "csv" else _look_at_json
    found = look(adapter, files, types)
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
        dialect="databricks",
    ).from_(read_files(files, "text"))
    found = {}
    for path, beginning, header, rows, is_unknown, is_broken in adapter.fetchall(query):
        if remedy := other_file(bytes.fromhex(beginning), "csv"):
            raise SQLMeshError(f"{path}: {remedy}.")
        names = header_names(path, header, list(types))
        if not names:
            continue
        if is_broken:
            raise SQLMeshError(
                f"{path}: a quoted field does not end, or has blanks or text beside its quotes."
            )
        if is_unknown:
            ((rows,),) = adapter.fetchall(
                exp.select("COUNT(*)").from_(read_files([path], "csv", types))
            )
        if rows:
            check_required(path, names, list(types))
        found[path] = VolumeFile(path, rows, *differing_columns(names, types))
    return found


def _look_at_json(
    adapter: EngineAdapter, files: list[str], types: dict[str, str]
) -> dict[str, VolumeFile]:
    """The names in all objects, for each kind of line in a file."""
    query = (
        exp.select(
            f"{file_path()} AS path",
            "JSON_OBJECT_KEYS(value) AS names",
            "COUNT(*) AS count",
            dialect="databricks",
        )
        .from_(read_files(files, "text", whole=False))
        .where(r"value RLIKE '[^ \\t\\r]'", dialect="databricks")
        .group_by("ALL")
    )
    rows: dict[str, int] = defaultdict(int)
    names: dict[str, set[str]] = defaultdict(set)
    for path, of_row, count in adapter.fetchall(query):
        of_row = [str(name) for name in of_row] if of_row is not None else []
        check_names(path, of_row, types)
        rows[path] += count
        names[path].update(of_row)
    return {
        path: VolumeFile(path, rows[path], *differing_columns(names[path], types)) for path in rows
    }


def _look_at_parquet(adapter: EngineAdapter, file: str, types: dict[str, str]) -> VolumeFile:
    """The columns and rows of a parquet file, which Databricks takes from its footer."""
    read = read_files([file], "parquet").sql("databricks")
    try:
        described = adapter.fetchall(f"DESCRIBE QUERY SELECT * FROM {read}")
        ((rows,),) = adapter.fetchall(f"SELECT COUNT(*) FROM {read}")
    except Exception as error:
        raise SQLMeshError(f"{file}: cannot be read as parquet: {error}.") from error
    names = [row[0] for row in described]
    check_names(file, names, types)
    if rows:
        check_required(file, names, list(types))
    columns = tuple((row[0], row[1]) for row in described if row[0] in types and row[1] != "void")
    check_types(file, columns, types, PARQUET_TYPES)
    return VolumeFile(file, rows, *differing_columns(names, types), columns)
