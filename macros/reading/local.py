"""Delivered files of a local folder, read with DuckDB's readers."""

from __future__ import annotations

import csv
import glob
import typing as t
from collections import defaultdict
from pathlib import Path

import pyarrow as pa
from pyarrow import csv as arrow_csv
from sqlglot import exp
from sqlmesh.core.macros import MacroEvaluator
from sqlmesh.utils.errors import SQLMeshError

from macros.reading.files import FOLDER_OF_DAY, together

LARGEST_FIELD = 64 * 1024 * 1024  # bytes of one csv line or one json object
FILE_OPTIONS = {"filename": "_path", "hive_partitioning": False}

# The parquet types, as DuckDB names them, that fit each type of bronze.
LOCAL_PARQUET_TYPES = {
    "TEXT": ("VARCHAR",),
    "BIGINT": ("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "UINTEGER", "USMALLINT", "UTINYINT"),
    "INT": ("INTEGER", "SMALLINT", "TINYINT", "USMALLINT", "UTINYINT"),
    "DOUBLE": ("DOUBLE", "DECIMAL"),
    "DATE": ("DATE",),
    "TIMESTAMPNTZ": ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_NS", "TIMESTAMP_MS"),
}


def local_rows(
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
        SQLMeshError: A file cannot be what the contract says it is.
    """
    if files_format == "parquet":
        return _parquet_rows(evaluator, files, types)
    return _csv_rows(files, types) if files_format == "csv" else _json_rows(files, types)


def _csv_rows(files: list[str], types: dict[str, str]) -> exp.Query:
    """The rows of csv files as text; files with the same header are read together."""
    by_header: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for file in files:
        header = _csv_header(file, types)
        if header:
            _check_csv_lines(file, len(header))
            by_header[header].append(file)
    options = {
        "auto_detect": False,
        "header": True,
        "delim": ",",
        "quote": '"',
        "escape": '"',
        "nullstr": "",
        "allow_quoted_nulls": False,
        "strict_mode": True,
        "max_line_size": LARGEST_FIELD,
        "buffer_size": LARGEST_FIELD,
    }
    return together(
        [
            _file_rows(
                "READ_CSV", alike, types, {**options, "columns": _text_columns(header, types)}
            )
            for header, alike in by_header.items()
        ],
        types,
    )


def _csv_header(file: str, types: dict[str, str]) -> tuple[str, ...]:
    """The column names of a csv file; empty for an empty file."""
    try:
        with open(file, encoding="utf-8-sig", newline="") as lines:
            records = csv.reader(lines, strict=True)
            header = next(records, [])
            headless = not header and any(records)
    except (csv.Error, UnicodeDecodeError) as error:
        raise SQLMeshError(f"{file}: its header cannot be read as UTF-8 csv: {error}.") from error
    if headless:
        raise SQLMeshError(f"{file}: its first line is empty. Deliver it with a header.")
    twice = {column for column in types if header.count(column) > 1}
    if twice:
        raise SQLMeshError(f"{file}: its header names a column twice: {', '.join(sorted(twice))}.")
    return tuple(header)


def _check_csv_lines(file: str, fields: int) -> None:
    """Raises for what DuckDB's reader lets pass, alone or among many files.

    That is an empty field too many at the end of a line, and a quote that is never closed.
    """
    places = [str(place) for place in range(fields)]
    try:
        with arrow_csv.open_csv(
            file,
            arrow_csv.ReadOptions(block_size=LARGEST_FIELD, column_names=places),
            arrow_csv.ParseOptions(newlines_in_values=True),
            arrow_csv.ConvertOptions(include_columns=["0"], column_types={"0": pa.binary()}),
        ) as batches:
            for _ in batches:
                pass
        with open(file, "rb") as content:
            blocks = iter(lambda: content.read(LARGEST_FIELD), b"")
            quotes = sum(block.count(b'"') for block in blocks)
        if quotes % 2:  # a quote within an unquoted field may be the odd one
            csv.field_size_limit(LARGEST_FIELD)
            with open(file, encoding="utf-8-sig", newline="") as lines:
                for _ in csv.reader(lines, strict=True):
                    pass
    except (csv.Error, UnicodeDecodeError, pa.ArrowInvalid) as error:
        raise SQLMeshError(f"{file}: cannot be read as UTF-8 csv: {error}.") from error


def _json_rows(files: list[str], types: dict[str, str]) -> exp.Query:
    """The rows of json files (one object a line) as text."""
    for file in files:
        if Path(file).is_file():
            with open(file, "rb") as content:
                if content.read(3) == b"\xef\xbb\xbf":  # DuckDB's reader skips or refuses it
                    raise SQLMeshError(f"{file}: begins with a byte order mark; json has none.")
    options = {
        "auto_detect": False,
        "format": "newline_delimited",
        "columns": _text_columns(types, types),
        "maximum_object_size": LARGEST_FIELD,
    }
    return together([_file_rows("READ_JSON", files, types, options)] if files else [], types)


def _parquet_rows(evaluator: MacroEvaluator, files: list[str], types: dict[str, str]) -> exp.Query:
    """The rows of parquet files in their own types, files with the same columns read together.

    A column that holds nothing but NULL may have been written without a type: it is left out.
    """
    by_columns: dict[frozenset[str], list[str]] = defaultdict(list)
    for alike in _with_same_schema(evaluator, files):
        described = _ask_parquet(
            evaluator,
            """SELECT column_name, column_type
            FROM (DESCRIBE SELECT * FROM READ_PARQUET({files}, hive_partitioning = FALSE))
            WHERE column_name NOT IN (
                SELECT name FROM PARQUET_SCHEMA({files}) WHERE logical_type = 'NullType()'
            )""",
            alike[:1],
        )
        delivered = {column: type_ for column, type_ in described if column in types}
        for column, type_ in delivered.items():
            fitting = LOCAL_PARQUET_TYPES[types[column]]
            if type_.split("(")[0] not in fitting:
                raise SQLMeshError(
                    f"{alike[0]}: column {column} has type {type_}, which does not fit "
                    f"{types[column]}. Deliver it as {' or '.join(fitting)}."
                )
        if delivered:  # damaged pages show only when they are read, in an error without a name
            _ask_parquet(
                evaluator,
                f"""SELECT BIT_XOR(HASH({", ".join(delivered)}))
                FROM READ_PARQUET({{files}}, hive_partitioning = FALSE)""",
                alike,
            )
        by_columns[frozenset(delivered)] += alike
    return together(
        [
            _file_rows("READ_PARQUET", alike, types, {"union_by_name": True}, columns)
            for columns, alike in by_columns.items()
        ],
        types,
    )


def _with_same_schema(evaluator: MacroEvaluator, files: list[str]) -> list[list[str]]:
    """Parquet files, those with the same columns of the same types together."""
    if not files:
        return []
    groups = _ask_parquet(
        evaluator,
        """SELECT LIST(file_name ORDER BY file_name) FROM (
            SELECT
                file_name,
                LIST((name, type, converted_type, logical_type) ORDER BY name) AS columns
            FROM PARQUET_SCHEMA({files})
            GROUP BY file_name
        ) GROUP BY columns ORDER BY ALL""",
        files,
    )
    return [alike for (alike,) in groups]


def _ask_parquet(evaluator: MacroEvaluator, query: str, files: list[str]) -> list[t.Any]:
    """The rows of a query on parquet files, which it names `{files}`.

    Raises:
        SQLMeshError: It fails; names the first file with which it does.
    """

    def ask(some: list[str]) -> list[t.Any]:
        names = exp.convert([glob.escape(file) for file in some]).sql("duckdb")
        return evaluator.engine_adapter.fetchall(query.replace("{files}", names))

    try:
        return ask(files)
    except Exception:
        for file in files:
            try:
                ask([file])
            except Exception as error:
                raise SQLMeshError(f"{file}: cannot be read as parquet: {error}") from error
        raise


def _file_rows(
    reader: str,
    files: list[str],
    types: dict[str, str],
    options: dict[str, t.Any],
    present: t.Collection[str] | None = None,
) -> exp.Select:
    """A feed's columns out of files, NULL for a column that they lack, with day and path."""
    if present is None:
        present = {column.name for column in options["columns"].expressions}
    call = exp.Anonymous(
        this=reader,
        expressions=[
            exp.convert([glob.escape(file) for file in files]),
            *(
                exp.Kwarg(this=exp.var(option), expression=exp.convert(value))
                for option, value in {**options, **FILE_OPTIONS}.items()
            ),
        ],
    )
    columns = (column if column in present else f"NULL AS {column}" for column in types)
    day = f"CAST(REGEXP_EXTRACT(_path, '{FOLDER_OF_DAY}', 1) AS DATE)"
    return exp.select(
        *columns, f"{day} AS _ingest_date", "_path AS _source", dialect="databricks"
    ).from_(exp.Table(this=call, alias=exp.TableAlias(this=exp.to_identifier("files"))))


def _text_columns(columns: t.Iterable[str], types: dict[str, str]) -> exp.Struct:
    """The `columns` option of DuckDB's readers: all as text, extra ones named by place."""
    return exp.Struct(
        expressions=[
            exp.PropertyEQ(
                this=exp.to_identifier(column if column in types else f"_{place}"),
                expression=exp.Literal.string("VARCHAR"),
            )
            for place, column in enumerate(columns)
        ]
    )
