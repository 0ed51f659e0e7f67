"""What a csv file is: its header, its records, and what is wrong with it.

The second reader of csv, beside DuckDB's. Bytes are counted where that is proof enough, which is
many times cheaper; a file with quotes is gone through record by record.
"""

from __future__ import annotations

import codecs
import gzip
import mmap
import re
import typing as t
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from sqlmesh.utils.errors import SQLMeshError

from macros.reading.facts import (
    FileFacts,
    bare,
    check_names,
    check_required,
    differing_columns,
    other_file,
)
from macros.reading.local import is_packed

BLOCK = 64 * 1024 * 1024  # bytes; DuckDB parts larger files among its threads
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
QUOTED = rb'"[^"]*(?:""[^"]*)*"'
UNQUOTED = rb'[ \t]*(?:[^ \t",\r\n][^,\r\n]*)?'  # with a quote within, but not as its first sign
FIELD = re.compile(rb"(%b|%b)(,|\r\n|\r|\n|\Z)" % (QUOTED, UNQUOTED))
QUOTED_FIELD = re.compile(rb'"(?<=[,\r\n]")[^"]*(?:""[^"]*)*"(?=[,\r\n]|\Z)')
LINE_END = re.compile(rb"\r\n|\r|\n")
A_VALUE = re.compile(r"[+-]?[0-9.]+|[0-9]{4}-[0-9]{2}-[0-9]{2}.*|[^@\s]+@[^@\s]+[.][^@\s]+")

Content = mmap.mmap | bytes


@dataclass(frozen=True)
class CsvFile(FileFacts):
    """A csv file that can be read.

    Args:
        header: The names of its columns; none where it is empty.
        has_broken_header: Whether a name has a line break. DuckDB takes the first one of a file
            for the end of its lines, and in its strict mode reads no row where they differ.
        is_whole: Whether DuckDB must not part it, since it might begin within a quoted field.
    """

    header: tuple[str, ...]
    has_broken_header: bool
    is_whole: bool


def look_at_csv(path: str, types: t.Sequence[str]) -> CsvFile:
    """What a csv file holds; `types` are the columns of its feed, the key first.

    Raises:
        SQLMeshError: It cannot be opened, or is not the csv that the contract asks for.
    """
    try:
        if is_packed(path):
            with gzip.open(path) as packed:
                return _look(path, packed.read(), types)
        with open(path, "rb") as file:
            if not file.seek(0, 2):
                return _look(path, b"", types)
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return _look(path, content, types)
    except (OSError, EOFError, zlib.error) as error:
        raise SQLMeshError(f"{path}: cannot be read: {error}.") from error


def _look(path: str, content: Content, types: t.Sequence[str]) -> CsvFile:
    if remedy := other_file(content[:4], "csv"):
        raise SQLMeshError(f"{path}: {remedy}.")
    header, end, at = _header(path, content)
    if not any(header):
        if content[at:].strip(b"\r\n"):
            raise SQLMeshError(f"{path}: its first line is empty. Deliver it with a header.")
        return CsvFile(path, 0, (), (), (), False, False)
    broken = bool(end) and any(LINE_END.search(name.encode()) for name in header)
    if broken and end == b"\r":
        raise SQLMeshError(
            f"{path}: its header has line breaks, and its lines end in carriage returns. Let "
            "its lines end in line feeds."
        )
    _check_is_csv(path, header, types)
    check_names(path, header, types)
    quotes, breaks = _scan(path, content, at)
    rows = None
    if not quotes:
        rows = _rows_counted(content, at, end, len(header))
    elif len(header) > 1:  # of a lone column nothing would be left but line ends
        # Each quoted field becomes an empty one; a quote that is left makes it no proof.
        plain = QUOTED_FIELD.sub(b"", content[at - len(end) :])
        if b'"' not in plain:
            rows = _rows_counted(plain, len(end), end, len(header))
    if rows is None:
        rows = _rows_read(path, content, at, end, len(header))
    if rows:
        check_required(path, header, types)
    is_whole = len(content) > BLOCK and bool(quotes) and breaks > rows
    absent, ignored = differing_columns(header, types)
    return CsvFile(path, rows, absent, ignored, header, broken, is_whole)


def header_names(path: str, text: str, types: t.Sequence[str]) -> tuple[str, ...]:
    """The names in the first lines of a file; none where they are empty.

    Raises:
        SQLMeshError: They are no header, or a name is a feed's column but for its spelling.
    """
    header, _, at = _header(path, text.encode())
    if not any(header):
        return ()
    _check_is_csv(path, header, types)
    check_names(path, header, types)
    return header


def unquoted(field: bytes) -> bytes:
    """What a field of csv says, as it is written with quotes or without."""
    return field[1:-1].replace(b'""', b'"') if field.startswith(b'"') else field


def _header(path: str, content: Content) -> tuple[tuple[str, ...], bytes, int]:
    """The names in the header, how its line ends, and where the next one begins."""
    names, separator = [], b","
    begin = at = len(BYTE_ORDER_MARK) if content[:3] == BYTE_ORDER_MARK else 0
    while separator == b",":
        field = FIELD.match(content, at)
        if not field:
            raise SQLMeshError(
                f"{path}: line 1, the header: a quoted name does not end, or has blanks or text "
                "beside its quotes."
            )
        name, separator = field.groups()
        if begin and at == begin and re.search(rb"[,\r\n]", name):
            # DuckDB does not take the quote after the mark for one.
            raise SQLMeshError(
                f"{path}: begins with a byte order mark, and the name of its first column has a "
                "comma or a line break. Save it without the mark."
            )
        name = unquoted(name)
        try:
            names.append(name.decode())
        except UnicodeDecodeError as error:
            raise _not_utf8(path, 1, name[error.start : error.start + 1]) from None
        at = field.end()
    return tuple(names), separator, at


def _check_is_csv(path: str, header: tuple[str, ...], types: t.Collection[str]) -> None:
    """Raises where the first line is none of commas, or no header."""
    said = None
    if header[0].lower().startswith("sep="):
        said = "is 'sep=', which only spreadsheets read. Delete it"
    elif not {bare(name) for name in header} & set(types):
        line = ",".join(header)
        for separator, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "strokes")):
            if {bare(part) for part in line.split(separator)} & set(types):
                said = f"is separated by {name}. Save the file with commas"
        if line.lstrip().startswith("<"):
            said = "is HTML or XML, such as the page of an error. Deliver the file as csv"
        elif "\0" in line:
            said = "has zero bytes, as a file that was not wholly written. Deliver it again"
        elif said is None and any(A_VALUE.fullmatch(name.strip()) for name in header):
            said = "seems to be a row. Deliver the file with a header"
    if said:
        raise SQLMeshError(f"{path}: line 1 {said}.")


def _scan(path: str, content: Content, at: int) -> tuple[int, int]:
    """The number of quotes and of line breaks from a place on; raises where it is no UTF-8."""
    quotes = feeds = returns = 0
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(at, len(content), BLOCK):
        block = content[start : start + BLOCK]
        if not block.isascii() or decoder.getstate()[0]:
            try:
                decoder.decode(block, start + BLOCK >= len(content))
            except UnicodeDecodeError as error:
                wrong = start + error.start - len(decoder.getstate()[0])
                line = 1 + len(LINE_END.findall(content, 0, wrong))
                raise _not_utf8(path, line, content[wrong : wrong + 1]) from None
        quotes += block.count(b'"')
        feeds += block.count(b"\n")
        returns += block.count(b"\r")
    return quotes, max(feeds, returns)


def _not_utf8(path: str, line: int, sign: bytes) -> SQLMeshError:
    return SQLMeshError(
        f"{path}: line {line} is no UTF-8 ({sign!r}); it looks like Windows-1252 or Latin-1. "
        "Save the file as UTF-8."
    )


def _rows_counted(content: Content, at: int, end: bytes, columns: int) -> int | None:
    """The number of records without quotes by their line ends; None where that proves nothing.

    DuckDB refuses a line with too few fields, or with too many but for an empty last one. So if
    there are as many commas as there should be, no line has one too many.
    """
    stop, begin = len(content), at - len(end)
    while end and stop > begin and content[stop - len(end) : stop] == end:
        stop -= len(end)
    if stop <= at:
        return 0
    if content.find(end + end, begin, stop) >= 0:
        return None
    lines = commas = breaks = 0
    for block in _blocks(content, begin, stop):
        lines += block.count(end)
        commas += block.count(b",")
        breaks += block.count(b"\n") + block.count(b"\r")
    is_regular = breaks == lines * len(end) and commas == lines * (columns - 1)
    return lines if is_regular else None


def _blocks(content: Content, begin: int, stop: int) -> Iterator[bytes]:
    """The bytes between two places, no pair of carriage return and line feed parted."""
    while begin < stop:
        end = min(begin + BLOCK, stop)
        if content[end - 1 : end + 1] == b"\r\n":
            end += 1
        yield content[begin:end]
        begin = end


@lru_cache
def _record(columns: int, end: bytes) -> re.Pattern[bytes]:
    """A record of so many fields, with the empty lines after it."""
    field = rb"(?:%b|%b)" % (QUOTED, UNQUOTED)
    return re.compile(b",".join([field] * columns) + rb"(?:(?:%b)+|\Z)" % end)


def _rows_read(path: str, content: Content, at: int, end: bytes, columns: int) -> int:
    """The number of records, each read as RFC 4180 says; raises at the first that is none."""
    while content[at : at + len(end)] == end:
        at += len(end)
    rows = 0
    record = _record(columns, end)
    while (found := record.match(content, at)) and found.end() > at:
        rows += 1
        at = found.end()
    if at < len(content):
        line = 1 + len(LINE_END.findall(content, 0, at))
        raise SQLMeshError(f"{path}: line {line} {_fault(content, at, end, columns)}.")
    return rows


def _fault(content: Content, at: int, end: bytes, columns: int) -> str:
    """What is wrong with the record that begins at a place."""
    for number in _fields(content, at):
        if number is None:
            return "has a quoted field that does not end, or with blanks or text beside its quotes"
        fields, ended_by = number
    if ended_by not in (end, b"") and fields == columns:
        return "ends in another way than the header's line"
    return f"has {fields} fields, and the header {columns}. Deliver as many in each line"


def _fields(content: Content, at: int) -> Iterator[tuple[int, bytes] | None]:
    """After each field of a record: how many there are, and what follows; None at a broken one."""
    fields, separator = 0, b","
    while separator == b",":
        field = FIELD.match(content, at)
        if not field:
            yield None
            return
        fields, at, separator = fields + 1, field.end(), field[2]
        yield fields, separator
