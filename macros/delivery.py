"""Reading a delivery: a feed's rows in the types of bronze, from the landing or the seeds."""

from __future__ import annotations

import csv
import glob
import os
import typing as t
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
from pyarrow import csv as arrow_csv
from sqlglot import exp, parse_one
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator
from sqlmesh.utils.errors import SQLMeshError

from macros.text import trimmed

FORMATS = ("csv", "json", "parquet")
LARGEST_FIELD = 64 * 1024 * 1024  # bytes of one csv line or one json object

INTEGER = "^[+-]?[0-9]+$"
NUMBER = "^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?$"
DAY = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
MOMENT = (
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]+)?"
    "(Z|[+-](0[0-9]|1[0-3]):?[0-5][0-9]|[+-]14:?00)?$"
)
OFFSET = "([+-])([0-9]{2}):?([0-9]{2})$"
LARGEST_DOUBLE = "1.7976931348623157E308D"

# The last such folder of a path, its backslashes escaped for SQL.
FOLDER_OF_DAY = r"(?s).*dt=([0-9-]{10})[/\\\\]"
FILE_OPTIONS = {"filename": "_path", "hive_partitioning": False}

# The parquet types, as DuckDB names them, that fit each type of bronze.
PARQUET_TYPES = {
    "TEXT": ("VARCHAR",),
    "BIGINT": ("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "UINTEGER", "USMALLINT", "UTINYINT"),
    "INT": ("INTEGER", "SMALLINT", "TINYINT", "USMALLINT", "UTINYINT"),
    "DOUBLE": ("DOUBLE", "DECIMAL"),
    "DATE": ("DATE",),
    "TIMESTAMPNTZ": ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_NS", "TIMESTAMP_MS"),
}


@macro()
def delivery(evaluator: MacroEvaluator, feed: exp.Expr, *columns: exp.Expr) -> exp.Expr:
    """The rows of a feed that were delivered in the interval being computed.

    Args:
        feed: Name of the feed; its files are `<landing>/<feed>/dt=YYYY-MM-DD/*.<format>`.
        columns: The feed's columns, each cast to its type in bronze: `watch_id::BIGINT`.

    Returns:
        A relation of those columns, `_ingest_date`, `_source` and `_rescued_data`. A value that
        does not fit its column's type is NULL there and kept in `_rescued_data` as delivered.

    Raises:
        SQLMeshError: A setting is wrong, or a file cannot be what the contract says it is.
    """
    types = {column.name: column.to.this.name for column in columns}
    landing = os.environ.get("STREAMING_LANDING", "")
    if not landing or evaluator.runtime_stage != "evaluating":
        return _fitted(_seed_rows(feed.name, types), types, _fit_text, _text)

    files_format = os.environ.get("STREAMING_LANDING_FORMAT", "") or "csv"
    if files_format not in FORMATS:
        raise SQLMeshError(
            f"STREAMING_LANDING_FORMAT is '{files_format}'; it must be one of {', '.join(FORMATS)}."
        )
    files = _delivered_files(
        Path(landing),
        feed.name,
        files_format,
        evaluator.locals["start_date"],
        evaluator.locals["end_date"],
    )
    if files_format == "parquet":
        rows = _parquet_rows(evaluator, files, types)
        return _fitted(rows, types, _fit_typed, _typed_text)
    rows = _csv_rows(files, types) if files_format == "csv" else _json_rows(files, types)
    return _fitted(rows, types, _fit_text, _text)


def _delivered_files(
    landing: Path, feed: str, files_format: str, start: date, end: date
) -> list[str]:
    """Paths of the files that a feed delivered from `start` to `end` (both included)."""
    if not landing.is_dir():
        raise SQLMeshError(
            f"STREAMING_LANDING is '{landing}', which is no folder. Correct it, or leave it empty "
            "to read the seeds."
        )
    days = (start + timedelta(days=n) for n in range((end - start).days + 1))
    return [
        str(path)
        for day in days
        for path in sorted((landing / feed / f"dt={day}").glob(f"*.{files_format}"))
    ]


def _seed_rows(feed: str, types: dict[str, str]) -> exp.Select:
    """A feed's seed as text, an empty field as NULL, its `delivered_on` as the day of delivery."""
    return parse_one(
        f"""SELECT {", ".join(f"NULLIF({column}, '') AS {column}" for column in types)},
            CAST(delivered_on AS DATE) AS _ingest_date,
            'raw_{feed}' AS _source
        FROM bronze.raw_{feed}""",
        dialect="databricks",
    )


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
    return _together(
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
    return _together([_file_rows("READ_JSON", files, types, options)] if files else [], types)


def _parquet_rows(
    evaluator: MacroEvaluator, files: list[str], types: dict[str, str]
) -> exp.Query:
    """The rows of parquet files in their own types, files with the same columns read together.

    A column that holds nothing but NULL may have been written without a type: it is left out.
    """
    by_columns: dict[frozenset[str], list[str]] = defaultdict(list)
    for file in files:
        name = glob.escape(file).replace("'", "''")
        try:
            described = evaluator.engine_adapter.fetchall(
                f"""SELECT column_name, column_type
                FROM (DESCRIBE SELECT * FROM READ_PARQUET('{name}', hive_partitioning = FALSE))
                WHERE column_name NOT IN (
                    SELECT name FROM PARQUET_SCHEMA('{name}') WHERE logical_type = 'NullType()'
                )"""
            )
            delivered = {column: type_ for column, type_ in described if column in types}
            if delivered:  # damaged pages show only when they are read, in an error without a name
                evaluator.engine_adapter.fetchall(
                    f"""SELECT BIT_XOR(HASH({", ".join(delivered)}))
                    FROM READ_PARQUET('{name}', hive_partitioning = FALSE)"""
                )
        except Exception as error:
            raise SQLMeshError(f"{file}: cannot be read as parquet: {error}") from error
        for column, type_ in delivered.items():
            fitting = PARQUET_TYPES[types[column]]
            if type_.split("(")[0] not in fitting:
                raise SQLMeshError(
                    f"{file}: column {column} has type {type_}, which does not fit "
                    f"{types[column]}. Deliver it as {' or '.join(fitting)}."
                )
        by_columns[frozenset(delivered)].append(file)
    return _together(
        [
            _file_rows("READ_PARQUET", alike, types, {"union_by_name": True}, columns)
            for columns, alike in by_columns.items()
        ],
        types,
    )


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


def _together(selects: list[exp.Select], types: dict[str, str]) -> exp.Query:
    """The rows of all selects; without any, none."""
    if selects:
        return exp.union(*selects, distinct=False) if len(selects) > 1 else selects[0]
    columns = (f"CAST(NULL AS STRING) AS {column}" for column in types)
    return exp.select(
        *columns,
        "CAST(NULL AS DATE) AS _ingest_date",
        "CAST(NULL AS STRING) AS _source",
        dialect="databricks",
    ).where("FALSE")


def _fitted(
    rows: exp.Query,
    types: dict[str, str],
    fit: t.Callable[[str, str], str],
    text: t.Callable[[str, str], str],
) -> exp.Subquery:
    """Delivered rows with every value in its column's type, or rescued.

    Args:
        rows: The delivered columns, `_ingest_date` and `_source`.
        types: The type in bronze of each column.
        fit: SQL of a delivered value in a type, NULL where it does not fit.
        text: SQL of a delivered value of a type as text, NULL where it is absent or blank.
    """
    typed = {column: type_ for column, type_ in types.items() if type_ != "TEXT"}
    texts = {column: text(f"_delivered_{column}", type_) for column, type_ in typed.items()}
    misfits = {column: f"({column} IS NULL AND {texts[column]} IS NOT NULL)" for column in typed}
    rescued = ", ".join(
        f"CASE WHEN {misfits[column]} THEN {texts[column]} END AS {column}" for column in typed
    )
    # Spark leaves absent values out of the object, DuckDB writes them as null.
    json = f"""REGEXP_REPLACE(
        REGEXP_REPLACE(TO_JSON(STRUCT({rescued})), '"[a-z_]+":null,?', ''), ',}}$', '}}'
    )"""
    fitted = exp.select(
        *(f"{fit(column, type_)} AS {column}" for column, type_ in types.items()),
        *(f"{column} AS _delivered_{column}" for column in typed),
        "_ingest_date",
        "_source",
        dialect="databricks",
    ).from_(rows.subquery("delivered"))
    return (
        exp.select(
            *(
                f"CAST({column} AS {_sql_type(type_)}) AS {column}"
                for column, type_ in types.items()
            ),
            "CAST(_ingest_date AS DATE) AS _ingest_date",
            "CAST(_source AS STRING) AS _source",
            f"CAST(CASE WHEN {' OR '.join(misfits.values())} THEN {json} END AS STRING) "
            "AS _rescued_data",
            dialect="databricks",
        )
        .from_(fitted.subquery("fitted"))
        .subquery("delivery")
    )


def _sql_type(type_: str) -> str:
    """The name in Databricks SQL of a type that sqlglot names."""
    return exp.DataType.build(type_).sql("databricks")


def _text(column: str, type_: str) -> str:
    """SQL of a delivered text as it came, NULL where it is blank."""
    return f"CASE WHEN {trimmed(column)} <> '' THEN {column} END"


def _fit_text(column: str, type_: str) -> str:
    """SQL of a delivered text in a type of bronze, NULL where it does not fit (contract, 3)."""
    value = trimmed(column)
    if type_ == "TEXT":
        return column
    if type_ in ("BIGINT", "INT"):
        return f"CASE WHEN {value} RLIKE '{INTEGER}' THEN TRY_CAST({value} AS {type_}) END"
    if type_ == "DOUBLE":
        number = f"CASE WHEN {value} RLIKE '{NUMBER}' THEN TRY_CAST({value} AS DOUBLE) END"
        return _finite(number)
    if type_ == "DATE":
        return (
            f"CASE WHEN {value} RLIKE '{DAY}' AND {value} >= '0001' "
            f"THEN TRY_CAST({value} AS DATE) END"
        )
    if type_ == "TIMESTAMPNTZ":
        fraction = f"RPAD(REGEXP_EXTRACT({value}, '[.]([0-9]{{1,6}})', 1), 6, '0')"
        local = (
            f"TRY_CAST(SUBSTRING({value}, 1, 10) || ' ' || SUBSTRING({value}, 12, 8) || '.' "
            f"|| {fraction} AS TIMESTAMP_NTZ)"
        )
        sign, hours, minutes = (f"REGEXP_EXTRACT({value}, '{OFFSET}', {n})" for n in (1, 2, 3))
        ahead = f"CAST({sign} || ({hours}::INT * 60 + {minutes}::INT) AS INT)"
        utc = (
            f"CASE WHEN {value} RLIKE '{OFFSET}' THEN DATEADD(MINUTE, -{ahead}, {local}) "
            f"ELSE {local} END"
        )
        return (
            f"CASE WHEN {value} RLIKE '{MOMENT}' AND {value} >= '0001' THEN {_in_calendar(utc)} END"
        )
    raise SQLMeshError(f"No rule says how a text becomes a {type_} (column {column}).")


def _typed_text(column: str, type_: str) -> str:
    """SQL of a delivered typed value as text."""
    if type_ == "DOUBLE":
        return (
            f"CASE WHEN ISNAN({column}) THEN 'NaN' WHEN {column} > 0 THEN 'Infinity' "
            f"WHEN {column} < 0 THEN '-Infinity' END"
        )
    return f"CAST(CAST({column} AS {_sql_type(type_)}) AS STRING)"


def _fit_typed(column: str, type_: str) -> str:
    """SQL of a delivered typed value in a type of bronze, NULL where it is not in its range."""
    value = f"CAST({column} AS {_sql_type(type_)})"
    if type_ == "DOUBLE":
        return _finite(value)
    if type_ in ("DATE", "TIMESTAMPNTZ"):
        return _in_calendar(value)
    return value


def _finite(number: str) -> str:
    """SQL of a number, NULL where it is infinite or none."""
    return f"CASE WHEN ABS({number}) <= {LARGEST_DOUBLE} THEN {number} END"


def _in_calendar(moment: str) -> str:
    """SQL of a date or timestamp, NULL outside the years 0001 to 9999."""
    return f"CASE WHEN YEAR({moment}) BETWEEN 1 AND 9999 THEN {moment} END"
