"""What a delivered file holds, as it is found before it is read, on either engine."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from sqlmesh.utils.errors import SQLMeshError

# What is not seen, or set around a name for another program's sake.
AROUND_A_NAME = "[\\s\"'`´‘’“”\ufeff\u200b]+"
# How the files of other programs begin, and what to do about each.
OTHER_FILES = {
    b"\x1f\x8b": "is compressed by gzip. Add .gz to its name, or unpack it",
    b"PK\x03\x04": "is a zip archive or a spreadsheet. Save what is in it as {}",
    b"PAR1": "is a parquet file. Deliver it as {}, or set STREAMING_LANDING_FORMAT",
    b"\xff\xfe": "looks like UTF-16. Save it as UTF-8",
    b"\xfe\xff": "looks like UTF-16. Save it as UTF-8",
}


@dataclass(frozen=True)
class FileFacts:
    """A file that can be read.

    Args:
        path: Where it lies, as the listing named it.
        rows: How many rows it has, as its own format counts them: by parquet's footer, the lines
            of json, the records of csv.
        absent: The feed's columns that it lacks, sorted; none where it has neither a header nor
            a row.
        ignored: The columns that it has beside those of the feed, sorted.
    """

    path: str
    rows: int
    absent: tuple[str, ...]
    ignored: tuple[str, ...]


def differing_columns(
    names: t.Collection[str], types: t.Collection[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The feed's columns that are absent from these names, and the names that are ignored."""
    return tuple(sorted(set(types) - set(names))), tuple(sorted(set(names) - set(types)))


def bare(name: str) -> str:
    """A column's name without what may be wrong with it: case, and blanks or quotes around it."""
    return re.sub(f"^{AROUND_A_NAME}|{AROUND_A_NAME}$", "", name).casefold()


def check_names(path: str, names: t.Sequence[str], types: t.Collection[str]) -> None:
    """Raises where a name of a file, or of a row of it, is a feed's column but for its spelling.

    Raises:
        SQLMeshError: It is, and the exact name is not there; or an exact name is there twice.
    """
    for name in names:
        expected = bare(name)
        if expected in types and expected not in names:
            raise SQLMeshError(
                f"{path}: has a column {name!r}, which should be {expected!r}. Write the names of "
                "columns exactly as the contract does."
            )
    twice = sorted(column for column in types if names.count(column) > 1)
    if twice:
        raise SQLMeshError(f"{path}: names a column twice: {', '.join(twice)}. Name each once.")


def check_required(path: str, names: t.Collection[str], types: t.Sequence[str]) -> None:
    """Raises where a csv or parquet file with rows lacks a column that the feed requires."""
    missing = [column for column in _required(types) if column not in names]
    if missing:
        known = [name for name in names if name in types]
        # Where most are not the feed's, they may be the values of a row that is no header.
        told = names if 2 * len(known) > len(names) else known
        raise SQLMeshError(
            f"{path}: lacks the required column {', '.join(map(repr, missing))}; it has "
            f"{len(names)} columns, among them {', '.join(map(repr, told)) or 'none of the feed'}. "
            "Deliver it with its columns named as the contract does."
        )


def check_types(
    path: str,
    columns: t.Iterable[tuple[str, str]],
    types: t.Mapping[str, str],
    fitting: t.Mapping[str, t.Sequence[str]],
) -> None:
    """Raises where the type of a parquet column does not fit that of bronze.

    Args:
        columns: Each with the engine's name of its type; empty where it can hold only NULL.
        types: The type in bronze of each column of the feed.
        fitting: The engine's types that fit, by that of bronze.
    """
    for column, type_ in columns:
        fit = fitting[types[column]] if column in types else ()
        if type_ and fit and re.sub(r"\([0-9,]+\)$", "", type_) not in fit:
            raise SQLMeshError(
                f"{path}: column {column} has the type {type_}, which does not fit "
                f"{types[column]}. Deliver it as {' or '.join(fit)}."
            )


def types_of_feed(feed: str) -> dict[str, str]:
    """The type in bronze of each column of a feed, the key first."""
    from macros.columns import columns_of_feed, types_of

    return types_of(columns_of_feed(feed))


def other_file(beginning: bytes, files_format: str) -> str | None:
    """What a file seems to be that is not of the format, and what to do; None where it may be."""
    for sign, remedy in OTHER_FILES.items():
        if beginning.startswith(sign):
            return remedy.format(files_format)
    if beginning[1:2] and (beginning[0] == 0) != (beginning[1] == 0):
        return OTHER_FILES[b"\xff\xfe"]
    return None


def _required(types: t.Sequence[str]) -> list[str]:
    """The columns that a feed requires; the feed is known by its columns, the key first."""
    from macros import rules

    of_feeds: t.Iterable[tuple[tuple[str, str, str], ...]] = (
        value for value in vars(rules).values() if isinstance(value, tuple)
    )
    key = types[0]
    for of_feed in of_feeds:
        if of_feed[0][0] == key and {column for column, *_ in of_feed} <= {*types}:
            return [column for column, what, _ in of_feed if what == "missing"]
    return []
