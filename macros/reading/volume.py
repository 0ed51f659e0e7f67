"""Delivered files of a Unity Catalog volume, read with Databricks' read_files.

How read_files treats what it reads is from Databricks' documentation of the function and of the
options of its formats: docs.databricks.com/en/sql/language-manual/functions/read_files.html.
"""

from __future__ import annotations

import re
import typing as t
from collections import defaultdict

from sqlglot import exp
from sqlmesh.core.macros import MacroEvaluator
from sqlmesh.utils.errors import SQLMeshError

from macros.reading.files import FOLDER_OF_DAY, together

# Stands for a quoted empty field, which Spark otherwise reads as NULL like an unquoted one.
QUOTED_EMPTY = "\ue000\ue000"

# Columns are found by name, not by place, once there is a column for what is not read.
TEXT_OPTIONS = {"mode": "FAILFAST", "rescuedDataColumn": "_unread"}
READ_OPTIONS: dict[str, dict[str, t.Any]] = {
    "csv": {
        "header": True,
        "multiLine": True,
        "quote": '"',
        "escape": '"',
        "emptyValue": QUOTED_EMPTY,
        **TEXT_OPTIONS,
    },
    "json": TEXT_OPTIONS,
    "parquet": {},
    "binaryFile": {},
}

# The parquet types, as Databricks names them, that fit each type of bronze.
VOLUME_PARQUET_TYPES = {
    "TEXT": ("string",),
    "BIGINT": ("bigint", "int", "smallint", "tinyint"),
    "INT": ("int", "smallint", "tinyint"),
    "DOUBLE": ("double", "decimal"),
    "DATE": ("date",),
    "TIMESTAMPNTZ": ("timestamp", "timestamp_ntz"),
}


def volume_rows(
    evaluator: MacroEvaluator,
    files: list[str],
    files_format: str,
    types: dict[str, str],
) -> exp.Query:
    """The rows of delivered files.

    Args:
        types: The type in bronze of each column.

    Returns:
        The columns, as text but for parquet, `_ingest_date` and `_source`.

    Raises:
        SQLMeshError: A parquet file has a column of another type.
    """
    if files_format == "parquet":
        return together(
            [
                _files_read(alike, files_format, types, dict(columns))
                for columns, alike in _by_columns(evaluator, files, types).items()
            ],
            types,
        )
    return together([_files_read(files, files_format, types, types)] if files else [], types)


def _by_columns(
    evaluator: MacroEvaluator, files: list[str], types: dict[str, str]
) -> dict[tuple[tuple[str, str], ...], list[str]]:
    """Parquet files by the feed's columns that they hold, each with its type.

    Files whose types differ are read apart: Spark merges no decimal with a double.
    """
    by_columns: dict[tuple[tuple[str, str], ...], list[str]] = defaultdict(list)
    for file in files:
        read = _read_files([file], "parquet").sql("databricks")
        try:
            described = evaluator.engine_adapter.fetchall(f"DESCRIBE QUERY SELECT * FROM {read}")
        except Exception as error:
            raise SQLMeshError(f"{file}: cannot be read as parquet: {error}") from error
        delivered = {row[0]: row[1] for row in described if row[0] in types and row[1] != "void"}
        for column, type_ in delivered.items():
            fitting = VOLUME_PARQUET_TYPES[types[column]]
            if type_.split("(")[0] not in fitting:
                raise SQLMeshError(
                    f"{file}: column {column} has type {type_}, which does not fit "
                    f"{types[column]}. Deliver it as {' or '.join(fitting)}."
                )
        by_columns[tuple(sorted(delivered.items()))].append(file)
    return by_columns


def _files_read(
    files: list[str], files_format: str, types: dict[str, str], present: t.Collection[str]
) -> exp.Select:
    """A feed's columns out of files, NULL for a column that they lack, with day and path."""
    path = "REGEXP_REPLACE(_metadata.file_path, '^[a-z]+:/+', '/')"  # no scheme
    day = f"CAST(REGEXP_EXTRACT(_metadata.file_path, '{FOLDER_OF_DAY}', 1) AS DATE)"
    read = _read_files(files, files_format, None if files_format == "parquet" else types)
    return exp.select(
        *(
            f"NULL AS {column}"
            if column not in present
            else f"CASE WHEN {column} = '{QUOTED_EMPTY}' THEN '' ELSE {column} END AS {column}"
            if files_format == "csv"
            else column
            for column in types
        ),
        f"{day} AS _ingest_date",
        f"{path} AS _source",
        dialect="databricks",
    ).from_(read)


def read_whole(files: list[str]) -> str:
    """SQL of files as they are, byte by byte: `path`, `content`."""
    return _read_files(files, "binaryFile").sql("databricks")


def _read_files(
    files: list[str], files_format: str, columns: t.Collection[str] | None = None
) -> exp.Table:
    """The call of read_files, all columns as text where they are given."""
    options = {"format": files_format, **READ_OPTIONS[files_format]}
    if columns is not None:
        options["schema"] = ", ".join(f"{column} STRING" for column in columns)
    escaped = [re.sub(r"([\\{}\[\]*?,])", r"\\\1", file) for file in files]
    path = escaped[0] if len(files) == 1 else "{" + ",".join(escaped) + "}"
    call = exp.Anonymous(
        this="READ_FILES",
        expressions=[
            exp.Literal.string(path),
            *(
                exp.Kwarg(this=exp.var(option), expression=exp.convert(value))
                for option, value in options.items()
            ),
        ],
    )
    return exp.Table(this=call)
