"""Items: what Databricks makes of delivered files, by the cases that the tests hold.

The cases are those of tests/test_bad_input.py: what a file holds, and what is owed to its rows.
They are put into the check's volume and read by the project's own functions.
"""

from __future__ import annotations

import gzip
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any
from urllib.parse import unquote

from sqlglot import exp

from macros import rules
from macros.feeds import FEEDS
from macros.reading.content import checksums
from macros.reading.facts import types_of_feed
from macros.reading.fitting import fitted
from macros.reading.listing import list_folder
from macros.reading.look_volume import look_at_volume
from macros.reading.volume import volume_rows
from operations import PROJECT
from operations.workspace import Item, NotPossible, tried
from operations.workspace.room import Room

DAY = "dt=2026-01-08"
READ_FILES = "sql/language-manual/functions/read_files"
OTHERWISE = "Read the words; the functions are macros/reading/look_volume.py and volume.py."
# The topics of the cases, by their names; the first that fits counts.
NAMES = "in its name"
COLUMNS = "column|header of|no header|names? (twice|in|after)|swapped|mistyped|semicolons|tabs|sep"
ENCODINGS = "latin|utf|compressed|spreadsheet|surrogate|byte order|UTF"
TYPES = " for an? |timestamp|nanoseconds|decimal|integers|no time|null type"
REST = ""
# What Spark takes otherwise than the contract: so on the stand-in, so expected of Databricks.
KNOWN = {
    "csv": {
        "CRLF after all but the header", "CRLF after the header alone", "mixed line ends",
        "CRLF in the header between LF", "line breaks in the header between carriage returns",
        "an extra column's name twice",
    },
    "json": {"a byte order mark", "half a surrogate pair", "null on a line"},
    "parquet": {
        "a decimal of 40 digits", "the end alone", "a text that is no UTF-8",
        "a timestamp in nanoseconds", "a timestamp in nanoseconds adjusted to UTC",
        "nanoseconds before 1970", "nanoseconds before 1970 adjusted to UTC",
        "no time as numpy writes it, in ms None", "no time as numpy writes it, in ms UTC",
        "no time as numpy writes it, in ns None", "no time as numpy writes it, in ns UTC",
    },
}  # fmt: skip


def tests() -> ModuleType:
    """The module of the tests that holds the cases.

    Raises:
        NotPossible: It is not there, or what it imports is not installed.
    """
    folder = str(PROJECT / "tests")
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        return import_module("test_bad_input")
    except ModuleNotFoundError as error:
        raise NotPossible(
            f"It needs {error.name}: run it in a checkout, after bash setup.sh dev."
        ) from error


def read(room: Room, feed: str, files_format: str, paths: list[str]) -> dict[str, list[Any]]:
    """The rows of files as bronze has them, by the file's path.

    Each is the feed's columns that are text, and the reasons that the row gives alone.
    """
    types = types_of_feed(feed)
    texts = [column for column, type_ in types.items() if type_ == "TEXT"]
    looked = look_at_volume(room.adapter, paths, files_format, types)
    rows = fitted(volume_rows(looked, files_format, types), types, typed=files_format == "parquet")
    of_feed = exp.convert(getattr(rules, feed.upper()))
    reasons = rules.reasons(None, of_feed, exp.to_table("delivery"))
    query = exp.select("_source", *texts, reasons.as_("reasons")).from_(rows)
    found: dict[str, list[Any]] = {path: [] for path in paths}
    for source, *values, why in room.adapter.fetchall(query):
        found[source].append((*values, *why))
    return found


def owed(feed: str, row: dict[str, Any], reasons: list[str]) -> tuple[Any, ...]:
    """What `read` gives of a row; that a key is unknown, no row tells alone."""
    types = types_of_feed(feed)
    texts = (row.get(column) for column, type_ in types.items() if type_ == "TEXT")
    return (*texts, *(reason for reason in reasons if not reason.endswith("_id_unknown")))


def that_load(files_format: str, picked: Callable[[str], bool]) -> Callable[[Room], list[str]]:
    """A look: the cases, picked by name, whose rows are not those that are owed."""

    def look(room: Room) -> list[str]:
        put: dict[str, dict[str, Any]] = {}
        for case, path in _put(room, files_format, "LOADS", picked):
            put.setdefault(case.feed, {})[path] = case
        differing = []
        for feed, of_feed in put.items():
            for path, found in _each(room, feed, files_format, list(of_feed)):
                rows = [owed(feed, row, reasons) for row, reasons in of_feed[path].rows]
                if isinstance(found, str) or sorted(map(repr, found)) != sorted(map(repr, rows)):
                    differing.append(f"{of_feed[path].name}: {found!r:.300}, not {rows!r:.200}")
        return differing

    return look


def that_stop(files_format: str, picked: Callable[[str], bool]) -> Callable[[Room], list[str]]:
    """A look: the cases, picked by name, that are read though they must not be, or not named."""

    def look(room: Room) -> list[str]:
        differing = []
        for case, path in _put(room, files_format, "STOPS", picked):
            ((_, found),) = _each(room, case.feed, files_format, [path])
            if not isinstance(found, str):
                differing.append(f"{case.name}: is read as {found!r:.200}")
            elif any(
                word not in unquote(found) for word in (path, *case.says) if word[:5] != "line "
            ):
                differing.append(f"{case.name}: is told as {found:.300}")
        return differing

    return look


def _put(
    room: Room, files_format: str, held: str, picked: Callable[[str], bool]
) -> list[tuple[Any, str]]:
    """The cases with the paths that their files were put to; a link is no file of a volume."""
    cases = [
        case
        for case in getattr(tests(), held)[files_format]
        if picked(case.name) and isinstance(case.content, bytes)
    ]
    return [
        (
            case,
            room.put(f"{held}/{case.feed}/{DAY}/{_file_name(case)}.{files_format}", case.content),
        )
        for case in cases
    ]


def _file_name(case: Any) -> str:
    return case.file or re.sub("[^A-Za-z0-9]+", "-", case.name)


def _each(
    room: Room, feed: str, files_format: str, paths: list[str]
) -> Iterator[tuple[str, list[Any] | str]]:
    """Each file with its rows, read together; if that is refused one by one, or the refusal."""
    try:
        yield from read(room, feed, files_format, paths).items()
    except Exception as error:
        if len(paths) == 1:
            yield paths[0], " ".join(str(error).split())
        else:
            for path in paths:
                yield from _each(room, feed, files_format, [path])


def known(files_format: str) -> Callable[[Room], list[str]]:
    """A look: the names of the cases of KNOWN that are not as the contract says."""

    def look(room: Room) -> list[str]:
        picked = KNOWN[files_format].__contains__
        lines = that_load(files_format, picked)(room) + that_stop(files_format, picked)(room)
        return sorted(line.split(": ")[0] for line in lines)

    return look


def of_topic(files_format: str, topic: str, topics: tuple[str, ...]) -> Callable[[str], bool]:
    """Picks the cases of a topic; one of 5,000 lines says nothing that a short one does not."""

    def picked(name: str) -> bool:
        first = next(pattern for pattern in topics if re.search(pattern, name))
        return first == topic and "5,000" not in name and name not in KNOWN[files_format]

    return picked


def rows_of_rules(feed: str) -> Callable[[Room], Any]:
    """A look: the kinds of rows of a feed for which other reasons are found than are owed."""

    def look(room: Room) -> list[str]:
        held = tests()
        kinds = {}
        for kind in held.ROW_KINDS:
            if kind.feed == feed and "csv" in kind.formats:
                row = held.row_of(kind)
                reasons = kind.expected if isinstance(kind.expected, list) else []
                kinds[kind.name] = (row, owed(feed, row, reasons))
        content = held.csv_of(*(row for row, _ in kinds.values()))
        path = room.put(f"rules/{feed}/{DAY}/kinds.csv", content)
        found = list(map(repr, read(room, feed, "csv", [path])[path]))
        return [name for name, (_, due) in kinds.items() if repr(due) not in found]

    return look


@tried(
    "sql/language-manual/sql-ref-syntax-aux-list",
    "No item of files runs without: look at WRITE VOLUME on the schema.",
    [("a b.csv", False, 4), ("deep", True, 0)],
)
def put_and_list(room: Room) -> list[tuple[str, bool, int]]:
    """Files are put into a volume, and LIST shows a folder's names and sizes."""
    for name in ("a b.csv", "_SUCCESS", ".part.csv", "deep/c.csv"):
        room.put(f"list/{name}", b"four")
    entries = list_folder(room.adapter, f"{room.landing}/list")
    return [(entry.name, entry.is_folder, entry.bytes) for entry in entries]


@tried(READ_FILES, OTHERWISE, ["csv", "json"])
def files_compressed(room: Room) -> list[str]:
    """csv and json whose names end in .gz are unpacked."""
    found = []
    for files_format in ("csv", "json"):
        user = tests().user(1, name=files_format)
        content = {"csv": tests().csv_of, "json": tests().json_of}[files_format](user)
        path = f"gz/{files_format}/users/{DAY}/u.{files_format}.gz"
        whole = room.put(path, gzip.compress(content))
        found += [row[0] for row in read(room, "users", files_format, [whole])[whole]]
    return found


@tried(READ_FILES, OTHERWISE, True)
def files_checksum(room: Room) -> bool:
    """binaryFile gives the bytes of a file, and CRC32 is that of zlib."""
    content = bytes(range(256)) * 100
    path = room.put("crc/any.bin", content)
    return checksums(room.adapter, [path]) == {path: zlib.crc32(content)}


ORDER = {
    "csv": (NAMES, COLUMNS, ENCODINGS, REST),
    "json": (NAMES, COLUMNS, ENCODINGS, REST),
    "parquet": (NAMES, COLUMNS, TYPES, REST),
}
WORDS = {
    NAMES: ("names", "in files with braces, blanks, quotes and other signs in their names"),
    COLUMNS: ("columns", "with columns swapped, missing, extra, twice or spelled otherwise"),
    ENCODINGS: ("encodings", "with a byte order mark, in another encoding or compressed"),
    TYPES: ("types", "of other types, with nanoseconds and decimals among them"),
    REST: ("contents", "with odd lines, quotes, empty fields, or damaged"),
}
ITEMS = [
    put_and_list,
    files_compressed,
    files_checksum,
    *(
        Item(
            f"{files_format}-{WORDS[topic][0]}{suffix}",
            f"{files_format} {WORDS[topic][1]}: {said}.",
            READ_FILES,
            OTHERWISE,
            make(files_format, of_topic(files_format, topic, topics)),
            [],
        )
        for files_format, topics in ORDER.items()
        for topic in topics
        for suffix, said, make in (
            ("", "what is owed is read", that_load),
            ("-refused", "what cannot be read is refused, and the file named", that_stop),
        )
        if (files_format, topic, suffix) not in {("json", ENCODINGS, "")}
    ),
    *(
        Item(
            f"{files_format}-known",
            f"{files_format} that Spark takes otherwise than the contract is so taken here too.",
            READ_FILES,
            "Take what is as the contract says here out of KNOWN in files.py.",
            known(files_format),
            sorted(KNOWN[files_format]),
        )
        for files_format in ORDER
    ),
    *(
        Item(
            f"rules-{feed}",
            f"Every value of {feed} is cast and judged as the tests expect.",
            "sql/language-manual/functions/try_cast",
            "The names are those of tests/test_bad_input.py; see macros/reading/fitting.py.",
            rows_of_rules(feed),
            [],
        )
        for feed in FEEDS
    ),
]  # fmt: skip
