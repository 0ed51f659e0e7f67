"""Delivered files of a local folder, read with DuckDB's readers."""

from __future__ import annotations

import glob
import json
import typing as t
from collections import defaultdict
from collections.abc import Hashable

from sqlglot import exp

from macros.reading.files import day_of_file, together

LARGEST_FIELD = 64 * 1024 * 1024  # bytes of one csv line or one json object
EXACT_DIGITS = 15  # of a decimal: DuckDB's own cast to DOUBLE errs in the last place of longer ones
# What is left of "no time" in timestamps of 96 bits.
NO_TIME = "1677-09-21 00:12:43.145224"
NESTED_DEPTH = 4  # of what may stand before a json number, so that its digits are kept


def local_rows(looked: t.Sequence[t.Any], files_format: str, types: dict[str, str]) -> exp.Query:
    """The rows of delivered files.

    Args:
        looked: The files, as `look_at_local` found them.
        types: The type in bronze of each column.

    Returns:
        The columns, as text but for parquet, `_ingest_date` and `_source`.
    """
    read = {"csv": _csv_rows, "json": _json_rows, "parquet": _parquet_rows}[files_format]
    return together(
        list(read([file for file in looked if file.rows], types)),
        types,
        typed=files_format == "parquet",
    )


def _csv_rows(looked: list[t.Any], types: dict[str, str]) -> t.Iterator[exp.Select]:
    """The rows of csv files as text; files that are alike are read together."""
    alike = _alike(
        looked,
        lambda file: (file.header, file.has_broken_header, file.is_whole, is_packed(file.path)),
    )
    for (header, has_broken_header, is_whole, packed), files in alike.items():
        call = _call(
            "READ_CSV",
            files,
            auto_detect=False,
            header=True,
            delim=",",
            quote='"',
            escape='"',
            nullstr="",
            allow_quoted_nulls=False,
            strict_mode=not has_broken_header,
            parallel=not is_whole,
            compression="gzip" if packed else "none",
            max_line_size=LARGEST_FIELD,
            buffer_size=LARGEST_FIELD,
            columns=_text_columns(header, types),
            filename="_path",
            hive_partitioning=False,
        )
        rows = _local_select(
            (column if column in header else f"NULL AS {column}" for column in types),
            exp.Table(this=call, alias=exp.TableAlias(this=exp.to_identifier("files"))),
        )
        # Of a lone column DuckDB takes an empty line for a row.
        yield rows.where(f"NOT {header[0]} IS NULL") if len(header) == 1 else rows


def _json_rows(looked: list[t.Any], types: dict[str, str]) -> t.Iterator[exp.Select]:
    """The rows of json files (one object a line) as text."""
    for compression, files in by_compression([file.path for file in looked]).items():
        call = _call(
            "READ_NDJSON_OBJECTS",
            files,
            compression=compression,
            maximum_object_size=LARGEST_FIELD,
            filename="_path",
        )
        structure = json.dumps(dict.fromkeys(types, "VARCHAR"))
        objects = exp.select(
            "json", f"JSON_TRANSFORM(json, '{structure}') AS object", "_path", dialect="databricks"
        ).from_(exp.Table(this=call, alias=exp.TableAlias(this=exp.to_identifier("files"))))
        values = exp.select(
            "json",
            "_path",
            *(f"STRUCT_EXTRACT(object, '{column}') AS {column}" for column in types),
            dialect="databricks",
        ).from_(objects.subquery("objects"))
        yield _local_select(
            (
                column if type_ == "DOUBLE" else f"{_as_delivered(column)} AS {column}"
                for column, type_ in types.items()
            ),
            values.subquery("files"),
        )


def _as_delivered(column: str) -> str:
    """SQL of a json value as text, a number with the digits that it was delivered with.

    DuckDB reads a number that is no integer as a DOUBLE; so its text is looked for in the object,
    past what is nested before it.
    """
    text = r'"(?:[^"\\\\]|\\\\.)*"'
    skipped = rf'(?:[^{{}}\\[\\]"]|{text})*?'
    for _ in range(NESTED_DEPTH):
        skipped = rf'(?:[^{{}}\\[\\]"]|{text}|[{{\\[]{skipped}[}}\\]])*?'
    found = rf'^\\s*\\{{{skipped}"{column}"\\s*:\\s*(-?[0-9][-+.0-9eE]*)'
    delivered = f"REGEXP_EXTRACT(json, '{found}', 1)"
    may_differ = (
        f"{column} < ':' AND NOT CONTAINS({column}, ':') "
        f"AND (CONTAINS({column}, '.') OR CONTAINS({column}, 'e') OR {column} = '0')"
    )
    return (
        f"CASE WHEN {may_differ} AND JSON_TYPE(json, '$.{column}') <> 'VARCHAR' "
        f"AND TRY_CAST({delivered} AS DOUBLE) = TRY_CAST({column} AS DOUBLE) "
        f"THEN {delivered} ELSE {column} END"
    )


def _parquet_rows(looked: list[t.Any], types: dict[str, str]) -> t.Iterator[exp.Select]:
    """The rows of parquet files, each value converted from its file's own type.

    Columns are taken by their place: DuckDB finds names in any case, and the first of two.
    """

    def kind(file: t.Any) -> tuple[Hashable, ...]:
        return file.columns, file.copy, file.path if file.copy else ""

    for (columns, copy, copied), files in _alike(looked, kind).items():
        call = _call(
            "READ_PARQUET",
            [copy] if copy else files,
            filename=free_name(columns),
            hive_partitioning=False,
        )
        aliases = [*(f"_{place}" for place in range(len(columns))), "_path"]
        alias = exp.TableAlias(
            this=exp.to_identifier("files"), columns=[exp.to_identifier(a) for a in aliases]
        )
        values = {name: _typed(f"_{n}", type_) for n, (name, type_) in enumerate(columns)}
        in_types = (
            f"CAST({values.get(column, 'NULL')} AS {exp.DataType.build(type_).sql('databricks')}) "
            f"AS {column}"
            for column, type_ in types.items()
        )
        yield _local_select(in_types, exp.Table(this=call, alias=alias), copied)


def _typed(value: str, type_: str) -> str:
    """SQL of a parquet value that can be cast to its type in bronze."""
    if not type_:
        return "NULL"
    if type_.startswith("DECIMAL(") and int(type_[8:].split(",")[0]) > EXACT_DIGITS:
        return f"CAST({value} AS STRING)"
    if type_ == "INT96":
        return (
            f"CASE WHEN {value} = CAST('{NO_TIME}' AS TIMESTAMP_NTZ) "
            f"THEN CAST('-infinity' AS TIMESTAMP_NTZ) ELSE {value} END"
        )
    return value


def _alike(looked: list[t.Any], kind: t.Callable[[t.Any], Hashable]) -> dict[t.Any, list[str]]:
    """The paths of files by what makes them alike."""
    alike: dict[t.Any, list[str]] = defaultdict(list)
    for file in looked:
        alike[kind(file)].append(file.path)
    return alike


def is_packed(path: str) -> bool:
    """Whether a file is compressed, which its name says."""
    return path.lower().endswith(".gz")


def by_compression(files: list[str]) -> dict[str, list[str]]:
    """Paths by what DuckDB's readers call how they are compressed."""
    of_files: dict[str, list[str]] = defaultdict(list)
    for file in files:
        of_files["gzip" if is_packed(file) else "uncompressed"].append(file)
    return of_files


def _call(reader: str, files: list[str], **options: t.Any) -> exp.Anonymous:
    """A call of one of DuckDB's readers."""
    return exp.Anonymous(
        this=reader,
        expressions=[
            duckdb_paths(files),
            *(
                exp.Kwarg(this=exp.var(option), expression=exp.convert(value))
                for option, value in options.items()
            ),
        ],
    )


def _local_select(columns: t.Iterable[str], files: exp.Expr, source: str = "") -> exp.Select:
    """Columns of files, with the day of delivery and the path; `source` is that of a copy."""
    path = exp.Literal.string(source).sql("databricks") if source else "_path"
    return exp.select(
        *columns, f"{day_of_file(path)} AS _ingest_date", f"{path} AS _source", dialect="databricks"
    ).from_(files)


def duckdb_paths(files: list[str]) -> exp.Array:
    """The list of files that DuckDB's readers take, each meaning no other file."""

    def pattern(file: str) -> str:
        escaped = glob.escape(file)
        # In a pattern, a backslash parts folders.
        return file if escaped == file else escaped.replace("\\", "?")

    return t.cast(exp.Array, exp.convert([pattern(file) for file in files]))


def free_name(columns: tuple[tuple[str, str], ...]) -> str:
    """A name for the path that no column has, in any case."""
    names = {name.casefold() for name, _ in columns}
    return next(name for n in range(len(names) + 1) if (name := "_path" + "_" * n) not in names)


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
