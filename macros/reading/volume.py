"""Delivered files of a Unity Catalog volume, read with Databricks' read_files.

How read_files treats what it reads is from Databricks' documentation of the function and of the
options of its formats: docs.databricks.com/en/sql/language-manual/functions/read_files.html.
"""

from __future__ import annotations

import re
import typing as t
from collections import defaultdict

from sqlglot import exp
from sqlmesh import EngineAdapter

from macros.reading.files import day_of_file, together

# Stands for a quoted empty field, which Spark otherwise reads as NULL like an unquoted one.
QUOTED_EMPTY = "\ue000\ue000"
LONGEST = 5_000  # characters between two braces; a path with more becomes several calls

# Columns are found by their exact names, not by place, once there is a column for what is not read.
BY_NAME = {"rescuedDataColumn": "_unread"}
TEXT_OPTIONS = {"mode": "FAILFAST", **BY_NAME}
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
    "text": {"wholeText": True},
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
    # Parquet files of other types go apart, since Spark merges no decimal with a double.
    alike: dict[tuple[tuple[tuple[str, str], ...], bool], list[str]] = defaultdict(list)
    for file in looked:
        if file.rows:
            alike[file.columns, file.has_two_cases].append(file.path)
    selects: list[exp.Select] = []
    for (columns, has_two_cases), paths in alike.items():
        if files_format == "parquet":
            values, schema = _typed_values(dict(columns), types), dict(columns)
            options = BY_NAME if has_two_cases else {}
        else:
            values, schema = {c: _volume_text(c, files_format) for c in types}, as_text(types)
            options = {}
        reads = read_files(paths, files_format, schema, **options)
        selects.extend(_volume_select(read, values) for read in reads)
    return together(selects, types, typed=files_format == "parquet")


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


def _volume_select(read: exp.Table, values: dict[str, str]) -> exp.Select:
    """Values of files by their column's name, with day and path."""
    return exp.select(
        *(f"{value} AS {column}" for column, value in values.items()),
        f"{day_of_file('_metadata.file_path')} AS _ingest_date",
        f"{file_path()} AS _source",
        dialect="databricks",
    ).from_(read)


def as_text(columns: t.Iterable[str]) -> dict[str, str]:
    """Columns with the type of delivered text."""
    return dict.fromkeys(columns, "STRING")


def file_path() -> str:
    """SQL of the path of a row's file, without the scheme, as a listing names it: decoded."""
    encoded = "REGEXP_REPLACE(_metadata.file_path, '^[a-z]+:/+', '/')"
    return f"URL_DECODE(REPLACE({encoded}, '+', '%2B'))"


def read_files(
    paths: t.Sequence[str],
    files_format: str,
    schema: t.Mapping[str, str] | None = None,
    **options: t.Any,
) -> list[exp.Table]:
    """The calls of read_files that together read some files, or all that lies in some folders.

    Args:
        paths: At least three names deep.
        schema: The type of each column; without it the columns are those that the format fixes.
        options: Beside those of the format.
    """
    options = {"format": files_format, **READ_OPTIONS[files_format], **options}
    if schema:
        options["schema"] = ", ".join(f"{column} {type_}" for column, type_ in schema.items())
    named = [
        exp.Kwarg(this=exp.var(option), expression=exp.convert(value))
        for option, value in options.items()
    ]
    return [
        exp.Table(
            this=exp.Anonymous(
                this="READ_FILES",
                expressions=[exp.Literal.string(glob), *(option.copy() for option in named)],
            )
        )
        for glob in globs(paths)
    ]


def ask(
    adapter: EngineAdapter,
    query: exp.Select,
    paths: t.Sequence[str],
    files_format: str,
    **options: t.Any,
) -> t.Iterator[tuple[t.Any, ...]]:
    """The rows of a query on files, or on all that lies in folders; as of `read_files`."""
    for read in read_files(paths, files_format, **options):
        yield from adapter.fetchall(query.from_(read))


def globs(paths: t.Sequence[str]) -> list[str]:
    """Few patterns that match these paths and nothing else; each begins with their folder.

    Folders in which the same names are asked for go together, as in
    `<landing>/users/{dt=2026-01-01,dt=2026-01-02}/{a.csv,b.csv}`. Only names stand in braces, as in
    the documentation, never a part of a path.
    """
    names: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        folder, name = path.rsplit("/", 1)
        names[folder].append(name)
    folders: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for folder, of_folder in names.items():
        above, name = folder.rsplit("/", 1)
        folders[above, tuple(of_folder)].append(name)
    return [
        f"{_escaped(above)}/{some_folders}/{some_names}"
        for (above, of_folders), alike in folders.items()
        for some_folders in _either(alike)
        for some_names in _either(of_folders)
    ]


def _either(names: t.Iterable[str]) -> t.Iterator[str]:
    """Patterns that match one of some names each, as many as their length asks for."""
    portion: list[str] = []
    for name in map(_escaped, names):
        if portion and sum(map(len, portion)) + len(name) > LONGEST:
            yield _braced(portion)
            portion = []
        portion.append(name)
    yield _braced(portion)


def _braced(names: list[str]) -> str:
    return names[0] if len(names) == 1 else "{" + ",".join(names) + "}"


def _escaped(path: str) -> str:
    return re.sub(r"([\\{}\[\]*?,])", r"\\\1", path)
