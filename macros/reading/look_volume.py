"""A look at delivered files of a Unity Catalog volume, before Databricks reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmesh import EngineAdapter
from sqlmesh.utils.errors import SQLMeshError

from macros.reading.facts import FileFacts, check_names, check_required, differing_columns
from macros.reading.volume import read_files

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
    return [VolumeFile(file, 1, (), ()) for file in files]


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
    for column, type_ in columns:
        fitting = PARQUET_TYPES[types[column]]
        if type_.split("(")[0] not in fitting:
            raise SQLMeshError(
                f"{file}: column {column} has the type {type_}, which does not fit "
                f"{types[column]}. Deliver it as {' or '.join(fitting)}."
            )
    return VolumeFile(file, rows, *differing_columns(names, types), columns)
