"""Delivered files of a Unity Catalog volume, read with Databricks' read_files.

How read_files treats what it reads is from Databricks' documentation of the function and of the
options of its formats: docs.databricks.com/en/sql/language-manual/functions/read_files.html.
"""

from __future__ import annotations

import re
import typing as t
from collections import defaultdict

from sqlglot import exp

from macros.reading.files import day_of, together

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
    "text": {},
    "binaryFile": {},
}


def volume_rows(looked: t.Sequence[t.Any], files_format: str, types: dict[str, str]) -> exp.Query:
    """The rows of delivered files.

    Args:
        looked: The files, as `look_at_volume` found them.
        types: The type in bronze of each column.

    Returns:
        The columns, as text but for parquet, `_ingest_date` and `_source`.
    """
    looked = [file for file in looked if file.rows]
    if files_format != "parquet":
        paths = [file.path for file in looked]
        values = {c: _volume_text(c, files_format) for c in types}
        return together(
            [_volume_select(paths, files_format, values, types)] if paths else [], types
        )
    alike: dict[tuple[tuple[str, str], ...], list[str]] = defaultdict(list)
    for file in looked:  # apart, since Spark merges no decimal with a double
        alike[file.columns].append(file.path)
    return together(
        [
            _volume_select(paths, files_format, _typed_values(dict(columns), types))
            for columns, paths in alike.items()
        ],
        types,
        typed=True,
    )


def _volume_text(column: str, files_format: str) -> str:
    """SQL of a delivered text."""
    if files_format == "csv":
        return f"CASE WHEN {column} = '{QUOTED_EMPTY}' THEN '' ELSE {column} END"
    return column


def _typed_values(columns: dict[str, str], types: dict[str, str]) -> dict[str, str]:
    """SQL of each column of a feed in its type, NULL for a column that parquet files lack."""
    return {
        column: f"CAST({column if column in columns else 'NULL'} AS "
        f"{exp.DataType.build(type_).sql('databricks')})"
        for column, type_ in types.items()
    }


def _volume_select(
    files: list[str],
    files_format: str,
    values: dict[str, str],
    columns: t.Collection[str] | None = None,
) -> exp.Select:
    """Values of files by their column's name, with day and path."""
    return exp.select(
        *(f"{value} AS {column}" for column, value in values.items()),
        f"{day_of('_metadata.file_path')} AS _ingest_date",
        f"{file_path()} AS _source",
        dialect="databricks",
    ).from_(read_files(files, files_format, columns))


def file_path() -> str:
    """SQL of the path of a row's file, without the scheme, as a listing names it: decoded."""
    encoded = "REGEXP_REPLACE(_metadata.file_path, '^[a-z]+:/+', '/')"
    return f"URL_DECODE(REPLACE({encoded}, '+', '%2B'))"


def read_files(
    files: list[str],
    files_format: str,
    columns: t.Collection[str] | None = None,
    whole: bool = True,
) -> exp.Table:
    """The call of read_files, all columns as text where they are given.

    Args:
        whole: Whether a text file is one row, or each of its lines.
    """
    options = {"format": files_format, **READ_OPTIONS[files_format]}
    if files_format == "text":
        options["wholeText"] = whole
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
