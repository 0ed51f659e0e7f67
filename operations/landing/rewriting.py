"""Takes out of delivered files who erased users are: `streaming erase --rewrite-landing`.

What the rows decide stays. A value that broke a rule breaks it still, and what bronze keeps of an
erased row (macros/erasure.py) stands in its name or review, so a rebuild decides as before.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from functools import partial
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet
from sqlglot import exp
from sqlmesh import Context, EngineAdapter
from sqlmesh.core.macros import MacroEvaluator
from sqlmesh.utils.errors import SQLMeshError

from macros.columns import columns_of_feed, types_of
from macros.erasure import CARRIER, RESCUED, carried, erased_values, kept_of_erased
from macros.reading.csv_file import BYTE_ORDER_MARK, FIELD, unquoted
from macros.reading.fitting import fitted
from macros.reading.listing import Landed, delivered
from macros.reading.local import is_packed, local_rows
from macros.reading.look_local import look_at_local
from macros.rules import USERS
from macros.settings import setting
from operations import CommandError
from operations.landing import account, late
from operations.terminal import counted, first_of

BROKEN = "erased"  # fits no type but text, and no rule
KEPT = {"email": "erased@erased.invalid"}  # where a rule wants a value, and one that it accepts
FRESH = ".streaming-erase"  # begins the name of a file that is being written: nobody's delivery
MOST_FILES = 3  # that are named
BLANKS = re.compile(r"[ \t\r\n]*")
JSON = json.JSONDecoder(parse_int=str, parse_float=str)

Values = dict[str, str | None]  # what columns are to read, by name
Rows = Sequence[Values | None]  # of each row of a file in its order; None: it stays
Decided = list[tuple[object, ...]]
Rewritten = Callable[[bytes, Rows], bytes]


def check(context: Context) -> None:
    """Raises where the landing cannot be rewritten.

    Raises:
        CommandError: It is no folder here.
    """
    landing = setting("STREAMING_LANDING")
    if not landing:
        raise CommandError(
            "STREAMING_LANDING is not set, so the seeds are the delivery. Take the users out of "
            "seeds/, and leave out --rewrite-landing."
        )
    if context.engine_adapter.dialect != "duckdb" or not Path(landing).is_dir():
        raise CommandError(
            f"STREAMING_LANDING is '{landing}'; --rewrite-landing writes to a local folder that "
            "DuckDB reads. Erase the files where they come from: quality.erasures names them."
        )


def rewrite(
    context: Context, environment: str, users: Collection[int], say: Callable[[str], None]
) -> None:
    """Writes all files of a landing anew that say who users are, and loads their days again.

    Each file is replaced in one go, once what its rows decide has been seen to be as before. What
    is cut off is done by the same again.

    Args:
        say: Is told what is done.

    Raises:
        CommandError: Some files stay as they are; names them, and why. The others are done.
    """
    adapter = context.engine_adapter
    landing = setting("STREAMING_LANDING"), CARRIER, setting("STREAMING_LANDING_FORMAT")
    done, left = set(), []
    with in_their_order(adapter):
        for file in delivered(adapter, *landing, date.min, date.max):
            try:
                if rewrite_file(adapter, file, users):
                    done.add(file.path)
            except (CommandError, SQLMeshError) as error:
                left.append(str(error))
    say(f"Written anew: {counted(len(done), 'delivered file')}.")
    changed = account.look(context, environment).late
    if found := [each for each in changed if each.path in done or each.what == "changed"]:
        late.load_again(context, environment, found, say)
    if left:
        raise CommandError(
            f"{counted(len(left), 'file')} could not be written anew. {first_of(left, MOST_FILES)} "
            "Erase the users there by hand, then type the same again."
        )


@contextmanager
def in_their_order(adapter: EngineAdapter) -> Iterator[None]:
    """DuckDB gives the rows of a file in their order, within the block (config.py)."""
    adapter.execute("SET preserve_insertion_order = TRUE")
    try:
        yield
    finally:
        adapter.execute("SET preserve_insertion_order = FALSE")


def rewrite_file(adapter: EngineAdapter, landed: Landed, users: Collection[int]) -> bool:
    """Writes a file anew; False where there is nothing in it to take out.

    Raises:
        CommandError: It stays as it is: it has another name, cannot be written, or would decide
            otherwise.
        SQLMeshError: It cannot be read.
    """
    file, files_format = Path(landed.path), setting("STREAMING_LANDING_FORMAT")
    values, decided = _looked(adapter, landed.feed, file, users)
    if not any(values):
        return False
    status = file.lstat()
    if file.is_symlink() or status.st_nlink > 1:
        raise CommandError(f"{file}: is a link, so its content would stay under another name.")
    fresh = file.with_name(f"{FRESH}.{files_format}{'.gz' * is_packed(file.name)}")
    writers: dict[str, Callable[[Path, Path, Rows], bool]] = {
        "csv": partial(_write_text, _csv),
        "json": partial(_write_text, _json),
        "parquet": _write_parquet,
    }
    try:
        fresh.unlink(missing_ok=True)  # of one that was cut off
        if not writers[files_format](file, fresh, values):
            return False
        if _looked(adapter, landed.feed, fresh, users) != (values, decided):
            raise CommandError(f"{file}: would decide otherwise if it were written anew.")
        shutil.copymode(file, fresh)
        with suppress(PermissionError):
            os.chown(fresh, status.st_uid, status.st_gid)
        fresh.replace(file)
        return True
    except (OSError, ValueError, RecursionError, StopIteration, pa.ArrowException) as error:
        raise CommandError(f"{file}: cannot be written anew: {error}.") from error
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)


def _looked(
    adapter: EngineAdapter, feed: str, file: Path, users: Collection[int]
) -> tuple[Rows, Decided]:
    """What the columns of each row are to read, and all else that the row says."""
    files_format = setting("STREAMING_LANDING_FORMAT")
    is_typed = files_format == "parquet"
    columns = columns_of_feed(feed)
    types = types_of(columns)
    [facts] = look_at_local(adapter, [str(file)], files_format, types)
    of_nobody = dict.fromkeys(facts.ignored)  # who knows what stands in columns of no feed
    rows = fitted(local_rows([facts], files_format, types), types, typed=is_typed)
    rows.set("alias", exp.TableAlias(this=exp.to_identifier("loaded")))
    kept = kept_of_erased(MacroEvaluator(dialect="databricks"), feed, columns, "loaded")
    erased = erased_values([*types, *RESCUED])
    stays = [column for column in [*types, *RESCUED] if column not in erased]
    query = exp.select(
        "user_id",
        *stays,
        *(f"{sql} AS {name}" for name, sql in kept.items()),
        dialect="databricks",
    ).from_(rows)
    values: list[Values | None] = []
    decided: Decided = []
    for user, *found in adapter.fetchall(query):
        row = dict(zip([*stays, *kept], found, strict=True))
        is_asked = user in users
        values.append(of_nobody | _values(feed, row, types, is_typed) if is_asked else None)
        if is_asked and (broken := row.get("_broken_rules")):
            # Of a rejected row nothing is newest, and no version begins.
            decided.append((user, broken, *(row[column] for column in stays)))
        else:
            decided.append((user, *found))
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
# Each writes a file anew, and says whether anything in it has become other.


def _write_text(rewritten: Rewritten, file: Path, fresh: Path, rows: Rows) -> bool:
    content = file.read_bytes()
    old = gzip.decompress(content) if is_packed(file.name) else content
    new = rewritten(old, rows)
    # Without the time, so that the same content makes the same file.
    fresh.write_bytes(gzip.compress(new, mtime=0) if is_packed(fresh.name) else new)
    return new != old


def _csv(content: bytes, rows: Rows) -> bytes:
    """Every other field stays as it is, byte by byte."""
    begin = len(BYTE_ORDER_MARK) if content.startswith(BYTE_ORDER_MARK) else 0
    following = iter(rows)
    names: list[str] = []
    written, record = [content[:begin]], []
    for field in FIELD.finditer(content, begin):
        record.append(field)
        if field[2] == b",":
            continue
        fields = [each[1] for each in record]
        if not names:
            names = [unquoted(text).decode() for text in fields]
        elif fields != [b""] and (values := next(following)) is not None:
            fields = [
                (values[name] or "").encode() if name in values else text
                for name, text in zip(names, fields, strict=True)
            ]
        ends = (each[2] for each in record)
        written += chain.from_iterable(zip(fields, ends, strict=True))
        record = []
    return b"".join(written)


def _json(content: bytes, rows: Rows) -> bytes:
    """Every other row, and every other value, stays as it is, byte by byte."""
    following = iter(rows)
    written = []
    for line in BytesIO(content):
        if line.strip() and (values := next(following)) is not None:
            pairs = (
                (name, json.dumps(values[name]) if name in values else value)
                for name, value in _pairs(line.decode())
            )
            text = ", ".join(f"{json.dumps(name)}: {value}" for name, value in pairs)
            line = f"{{{text}}}\n".encode()
        written.append(line)
    return b"".join(written)


def _pairs(line: str) -> Iterator[tuple[str, str]]:
    """The names of an object, each with its value as it is written."""

    def after_blanks(at: int) -> int:
        found = BLANKS.match(line, at)
        return found.end() if found else at

    at = after_blanks(after_blanks(0) + 1)
    while line[at] != "}":
        name, at = JSON.raw_decode(line, at)
        begin = after_blanks(after_blanks(at) + 1)
        _, at = JSON.raw_decode(line, begin)
        yield name, line[begin:at]
        at = after_blanks(at)
        if line[at] == ",":
            at = after_blanks(at + 1)


def _write_parquet(file: Path, fresh: Path, rows: Rows) -> bool:
    """Every other column, and every other row of a column, has the values that it had."""
    old = parquet.ParquetFile(file, coerce_int96_timestamp_unit="us").read()
    new = old
    for place, field in enumerate(old.schema):
        texts = [values and values.get(field.name) for values in rows]
        is_other = [values is not None and field.name in values for values in rows]
        if not any(is_other) or pa.types.is_null(field.type):
            continue
        column = old.column(place)
        if pa.types.is_dictionary(field.type):
            column = column.cast(field.type.value_type)
        if any(texts):
            replacing = pa.array(texts, pa.string()).cast(column.type)
        else:
            replacing = pa.nulls(len(rows), column.type)
        # The rows of the column, and after them those that replace some.
        places = [n + len(rows) * other for n, other in enumerate(is_other)]
        both = pa.chunked_array([*column.chunks, replacing], column.type)
        new = new.set_column(place, pa.field(field.name, column.type), both.take(pa.array(places)))
    parquet.write_table(new, fresh)
    return not new.equals(old)
