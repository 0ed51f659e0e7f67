"""Takes out of delivered files who erased users are: `streaming erase --rewrite-landing`.

What the rows decide stays. A value that broke a rule breaks it still, and what bronze keeps of an
erased row (macros/erasure.py) stands in its name or review, so a rebuild decides as before.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa
from pyarrow import parquet
from sqlglot import exp
from sqlmesh import Context, EngineAdapter
from sqlmesh.core.macros import MacroEvaluator

from macros.columns import columns_of_feed, types_of
from macros.erasure import CARRIER, carried, erased_values, kept_of_erased
from macros.reading.csv_file import BYTE_ORDER_MARK, FIELD
from macros.reading.fitting import fitted
from macros.reading.local import is_packed, local_rows
from macros.reading.look_local import look_at_local
from macros.rules import USERS
from macros.settings import setting
from operations import CommandError
from operations.landing import account, late

BROKEN = "erased"  # fits no type but text, and no rule
KEPT = {"email": "erased@erased.invalid"}  # where a rule wants a value, and one that it accepts

Values = dict[str, str | None]  # what columns are to read, by name
Rows = Sequence[Values | None]  # of each row of a file in its order; None: it stays
Decided = list[tuple[object, ...]]


def check(context: Context, environment: str) -> None:
    """Raises where the landing cannot be rewritten.

    Raises:
        CommandError: It is no folder here, or has files that are no longer what was loaded.
    """
    landing = setting("STREAMING_LANDING")
    if context.engine_adapter.dialect != "duckdb" or not Path(landing or ".").is_dir():
        raise CommandError(
            f"STREAMING_LANDING is '{landing}'; --rewrite-landing writes to a local folder that "
            "DuckDB reads. Erase the files where they come from: quality.erasures names them."
        )
    if not landing:
        raise CommandError(
            "STREAMING_LANDING is not set, so the seeds are the delivery. Take the users out of "
            "seeds/, and leave out --rewrite-landing."
        )
    if account.look(context, environment).late:
        raise CommandError(
            "The landing has files that are not what was loaded. Load them first: streaming run"
        )


def rewrite(
    context: Context,
    environment: str,
    files: Collection[str],
    users: Collection[int],
    say: Callable[[str], None],
) -> None:
    """Writes files anew without who users are, and loads the days of these again.

    Each file is replaced in one go, once what its rows decide has been seen to be as before. What
    is cut off is done by the same again.

    Args:
        say: Is told what is done.

    Raises:
        CommandError: A file would decide otherwise, and stays as it is; names it.
    """
    done = []
    with _in_their_order(context.engine_adapter) as adapter:
        for file in sorted(files):
            if _rewrite_file(adapter, Path(file).parts[-3], Path(file), users):
                done.append(file)
    say(f"{len(done):,} delivered files were written anew.")
    if found := [each for each in account.look(context, environment).late if each.path in done]:
        late.load_again(context, environment, found, say)


@contextmanager
def _in_their_order(adapter: EngineAdapter) -> Iterator[EngineAdapter]:
    """DuckDB, which within the block gives rows in the order of their file (config.py)."""
    adapter.execute("SET preserve_insertion_order = TRUE")
    try:
        yield adapter
    finally:
        adapter.execute("SET preserve_insertion_order = FALSE")


def _rewrite_file(adapter: EngineAdapter, feed: str, file: Path, users: Collection[int]) -> bool:
    """Writes a file anew; False where there is nothing in it to take out."""
    values, decided = _looked(adapter, feed, file, users)
    fresh = file.with_name(f".{file.name}")  # hidden: nobody's delivery
    write = {"csv": _write_csv, "json": _write_json, "parquet": _write_parquet}
    try:
        write[setting("STREAMING_LANDING_FORMAT")](file, fresh, values)
        if _looked(adapter, feed, fresh, users) == (values, decided):
            is_other = fresh.read_bytes() != file.read_bytes()
            if is_other:
                shutil.copymode(file, fresh)
                fresh.replace(file)
            return is_other
    finally:
        fresh.unlink(missing_ok=True)
    raise CommandError(
        f"{file}: cannot be written so that its rows decide as before, and stays as it is. Erase "
        "the users in it where it comes from."
    )


def _looked(
    adapter: EngineAdapter, feed: str, file: Path, users: Collection[int]
) -> tuple[Rows, Decided]:
    """What the columns of each row are to read, and what the row decides."""
    files_format = setting("STREAMING_LANDING_FORMAT")
    is_typed = files_format == "parquet"
    columns = columns_of_feed(feed)
    types = types_of(columns)
    looked = look_at_local(adapter, [str(file)], files_format, types)
    rows = fitted(local_rows(looked, files_format, types), types, typed=is_typed)
    rows.set("alias", exp.TableAlias(this=exp.to_identifier("loaded")))
    kept = kept_of_erased(MacroEvaluator(dialect="databricks"), feed, columns, "loaded")
    query = exp.select(
        "user_id", *(f"{sql} AS {name}" for name, sql in kept.items()), dialect="databricks"
    ).from_(rows)
    values: list[Values | None] = []
    decided: Decided = []
    for user, *found in adapter.fetchall(query):
        row = dict(zip(kept, found, strict=True))
        broken = row.get("_broken_rules") or []
        values.append(_values(feed, row, types, is_typed) if user in users else None)
        # Of a rejected row nothing is newest, and no version begins.
        decided.append((user, broken) if user in users and broken else (user, *found))
    return values, decided


def _values(feed: str, row: dict[str, Any], types: dict[str, str], is_typed: bool) -> Values:
    """What the columns of a row read that says who a user is, by what is kept of it."""
    values: Values = dict.fromkeys(erased_values(types))
    values |= {column: KEPT[column] for column in values if column in KEPT}
    values[CARRIER[feed]] = carried(row["_hash_before"], row.get("_version"))
    for column, what, _ in USERS if feed == "users" else ():
        if f"{column}_{what}" in (row["_broken_rules"] or []) and column != "user_id":
            values[column] = None if what == "missing" else BROKEN
            if is_typed and types[column] != "TEXT":
                del values[column]  # a moment of no calendar says nothing of anybody
    return values


# ------------------------------------------------------------------ the three formats


def _opened(file: Path, mode: str) -> IO[bytes]:
    opened = gzip.open(file, mode) if is_packed(str(file)) else file.open(mode)
    return cast(IO[bytes], opened)


def _write_csv(file: Path, fresh: Path, rows: Rows) -> None:
    """Every other field stays as it is, byte by byte."""
    with _opened(file, "rb") as old:
        content = old.read()
    at = len(BYTE_ORDER_MARK) if content.startswith(BYTE_ORDER_MARK) else 0
    following = iter(rows)
    names: list[str] = []
    with _opened(fresh, "wb") as new:
        new.write(content[:at])
        record: list[tuple[bytes, bytes]] = []
        for field in FIELD.finditer(content, at):
            record.append((field[1], field[2]))
            if field[2] == b",":
                continue
            fields = [text for text, _ in record]
            if not names:
                names = [text.decode().strip('"') for text in fields]
            elif fields != [b""] and (values := next(following)) is not None:
                fields = [
                    (values[name] or "").encode() if name in values else text
                    for name, text in zip(names, fields, strict=True)
                ]
            new.write(b"".join(t + end for t, (_, end) in zip(fields, record, strict=True)))
            record = []


def _write_json(file: Path, fresh: Path, rows: Rows) -> None:
    """Every other row stays as it is; a number may become its text, which is read alike."""
    following = iter(rows)
    with _opened(file, "rb") as old, _opened(fresh, "wb") as new:
        for line in old:
            if line.strip() and (values := next(following)) is not None:
                row = json.loads(line, parse_float=str)
                row |= {name: value for name, value in values.items() if name in row}
                line = f"{json.dumps(row)}\n".encode()
            new.write(line)


def _write_parquet(file: Path, fresh: Path, rows: Rows) -> None:
    """Every other column stays as it is."""
    table = parquet.ParquetFile(file).read()
    for name in sorted({name for values in rows if values for name in values}):
        place = table.schema.get_field_index(name)
        if place < 0:
            continue
        old = table.column(place).to_pylist()
        new = [
            values[name] if values and name in values else value
            for values, value in zip(rows, old, strict=True)
        ]
        field = table.schema.field(place).with_nullable(True)
        table = table.set_column(place, field, pa.array(new, field.type))
    parquet.write_table(table, fresh)
