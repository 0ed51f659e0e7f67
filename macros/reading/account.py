"""The account of files: what was loaded of each, beside what it holds (contract, section 2)."""

from __future__ import annotations

import re
import typing as t
from datetime import date

from sqlglot import exp, parse_one
from sqlmesh import EngineAdapter, macro
from sqlmesh.core.macros import MacroEvaluator
from sqlmesh.utils.errors import SQLMeshError

# Of the reading, modules are imported where they are used: SQLMesh would store them with the model.
if t.TYPE_CHECKING:
    from macros.reading.listing import Landed

NAMES, LINES, VALUES = "\x1d", "\x1e", "\x1f"  # ASCII's separators, each beside what it says
APART = f"[\0{NAMES}{LINES}{VALUES}]"
COLUMNS = {
    "path": "STRING",
    "day": "DATE",
    "state": "BIGINT",
    "bytes": "BIGINT",
    "modified_at": "TIMESTAMP_NTZ",
    "rows": "BIGINT",
    "absent": "STRING",
    "ignored": "STRING",
    "content": "BIGINT",
}


def with_state(rows: exp.Subquery, files: list[Landed]) -> exp.Subquery:
    """Rows with the state of the file that each came from, as it was listed, in `_file_state`.

    Args:
        rows: Have the path of their file in `_source`.
        files: Listed before they were read.
    """
    rows.set("alias", exp.TableAlias(this=exp.to_identifier("rows")))
    query = exp.select("rows.*", "files.state AS _file_state").from_(rows)
    relation = _as_relation([_as_line(file) for file in files], "path", "state")
    return query.join(relation, on="files.path = _source", join_type="left").subquery("delivery")


@macro()
def files_read(evaluator: MacroEvaluator) -> exp.Expr:
    """The files that the deliveries of the interval were read from, those of every feed.

    Returns:
        A relation of the columns of quality.files, `_rows_in_file`, the rows as the file's own
        format counts them, and `_content`, a checksum of its bytes. Where the file is no longer
        the one that was loaded, `_rows_in_file` is what was loaded, and what only the file could
        tell is NULL.

    Raises:
        SQLMeshError: A setting is wrong, or a file cannot be read.
    """
    from macros.feeds import LANDED  # not above: a new feed would change every model of the others

    is_evaluating = evaluator.locals["runtime_stage"] == "evaluating"
    listed = _listed(evaluator, LANDED) if is_evaluating else []
    of_feeds = [
        _files_of_feed(evaluator, feed, [file for file in listed if file.feed == feed])
        for feed in LANDED
    ]
    return exp.union(*of_feeds, distinct=False).subquery("files_read")


@macro()
def files_replaced(evaluator: MacroEvaluator, feed: exp.Expr) -> exp.Expr:
    """The files of a feed that are not what this process read of them in the interval.

    Returns:
        A relation of `path`.

    Raises:
        SQLMeshError: A setting is wrong, or the landing cannot be listed.
    """
    replaced: list[dict[str, t.Any]] = []
    if evaluator.locals["runtime_stage"] == "auditing":
        from macros.reading import memory

        days = evaluator.locals["start_date"], evaluator.locals["end_date"]
        if before := memory.loaded(feed.name, *days):
            now = set(_listed(evaluator, [feed.name]))
            replaced = [_as_line(file) for file in before if file not in now]
    return _as_relation(replaced, "path")


def _files_of_feed(evaluator: MacroEvaluator, feed: str, listed: list[Landed]) -> exp.Select:
    days = evaluator.locals["start_date"], evaluator.locals["end_date"]
    lines: list[dict[str, t.Any]] = []
    if listed:
        table = evaluator.resolve_table(f"bronze.delivered_{feed}")
        lines = _lines_of_feed(evaluator, feed, table, listed, *days)
    loaded = exp.select(
        "_source AS path",
        "_ingest_date AS day",
        "COUNT(*) AS rows",
        "MAX(_loaded_at) AS loaded_at",
        dialect="databricks",
    )
    loaded = (
        loaded.from_(f"bronze.delivered_{feed}")
        .where("_ingest_date BETWEEN DATE '{}' AND DATE '{}'".format(*days), dialect="databricks")
        .group_by("_source", "_ingest_date")
    )
    return (
        exp.select(
            f"'{feed}' AS feed",
            "COALESCE(loaded.day, files.day) AS _ingest_date",
            "COALESCE(loaded.path, files.path) AS path",
            "files.bytes",
            "files.modified_at",
            "COALESCE(loaded.rows, 0) AS rows",
            f"{_names('files.absent')} AS absent",
            f"{_names('files.ignored')} AS ignored",
            "loaded.loaded_at",
            "COALESCE(files.rows, loaded.rows) AS _rows_in_file",
            "files.content AS _content",
            dialect="databricks",
        )
        .from_(loaded.subquery("loaded"))
        .join(
            _as_relation(lines, *COLUMNS),
            on="files.path = loaded.path AND files.day = loaded.day",
            join_type="full",
        )
    )


def _lines_of_feed(
    evaluator: MacroEvaluator, feed: str, table: str, files: list[Landed], start: date, end: date
) -> list[dict[str, t.Any]]:
    """What the landing says of the files that were loaded, and of those without rows.

    Args:
        table: The feed's deliveries.
        files: What the landing has of them now.
    """
    from macros.reading import memory
    from macros.reading.content import checksums
    from macros.reading.facts import types_of_feed
    from macros.settings import landing_of

    adapter = evaluator.engine_adapter
    of_days = f"_ingest_date BETWEEN DATE '{start}' AND DATE '{end}'"
    bronze = _pairs(adapter, f"SELECT DISTINCT _source, _file_state FROM {table} WHERE {of_days}")
    _, files_format = landing_of(feed, adapter.dialect)
    facts = memory.facts_of(adapter, files, files_format, types_of_feed(feed))
    of_load = set(memory.loaded(feed, start, end))
    known: list[Landed] = []
    touched: list[Landed] = []
    for file in files:
        if file.path in bronze:
            (known if bronze[file.path] == file.state else touched).append(file)
        # Without a row in bronze: it has none, or all were lost; or it came since.
        elif not facts[file.path].rows or file in of_load:
            known.append(file)
    before = {}
    if touched:
        account = parse_one(evaluator.this_model, dialect=evaluator.dialect).sql("databricks")
        query = f"SELECT path, _content FROM {account} WHERE feed = '{feed}' AND {of_days}"
        before = _pairs(adapter, query)
    contents = checksums(adapter, [file.path for file in known + touched])
    # A copy with another time is still the file that was loaded.
    known += [f for f in touched if before.get(f.path, -1) == contents.get(f.path)]
    return [
        _as_line(file)
        | {
            "rows": facts[file.path].rows,
            "absent": facts[file.path].absent,
            "ignored": facts[file.path].ignored,
            "content": contents.get(file.path),
        }
        for file in known
    ]


def _pairs(adapter: EngineAdapter, query: str) -> dict[t.Any, t.Any]:
    """The first column's values, each with the second's."""
    return dict(adapter.fetchall(parse_one(query, dialect="databricks"), quote_identifiers=True))


def _listed(evaluator: MacroEvaluator, feeds: t.Collection[str]) -> list[Landed]:
    """What the landing has of the interval now; nothing where the seeds are the delivery."""
    from macros.reading.listing import delivered
    from macros.settings import landing_of

    adapter = evaluator.engine_adapter
    days = evaluator.locals["start_date"], evaluator.locals["end_date"]
    by_landing: dict[tuple[str, str], list[str]] = {}
    for feed in feeds:
        by_landing.setdefault(landing_of(feed, adapter.dialect), []).append(feed)
    return [
        file
        for (landing, files_format), of_landing in by_landing.items()
        if landing
        for file in delivered(adapter, landing, of_landing, files_format, *days)
    ]


def _as_line(file: Landed) -> dict[str, t.Any]:
    return {
        "path": file.path,
        "day": file.day.isoformat(),
        "state": file.state,
        "bytes": file.bytes,
        "modified_at": file.modified_at.isoformat(sep=" ", timespec="microseconds"),
    }


def _as_relation(lines: list[dict[str, t.Any]], *columns: str) -> exp.Subquery:
    """Lines as a relation `files`, out of one text: of thousands of literals an engine is slow.

    Raises:
        SQLMeshError: The name of a file has a character that sets values apart.
    """
    text = LINES.join(VALUES.join(_text(line.get(name)) for name in columns) for line in lines)
    line = f"EXPLODE(SPLIT({exp.Literal.string(text).sql('databricks')}, '{LINES}')) AS line"
    parsed = exp.select(
        *(
            f"CAST({_part(place)} AS {COLUMNS[name]}) AS {name}"
            if COLUMNS[name] == "STRING"
            else f"CAST(NULLIF({_part(place)}, '') AS {COLUMNS[name]}) AS {name}"
            for place, name in enumerate(columns, 1)
        ),
        dialect="databricks",
    ).from_(exp.select(line, dialect="databricks").subquery("lines"))
    return (parsed if lines else parsed.where("FALSE")).subquery("files")


def _part(place: int) -> str:
    return f"SPLIT_PART(line, '{VALUES}', {place})"


def _text(value: t.Any) -> str:
    if isinstance(value, tuple):  # names of columns, each shown without what an engine cannot take
        return "".join(NAMES + re.sub(APART, lambda found: repr(found[0])[1:-1], n) for n in value)
    text = "" if value is None else str(value)
    if re.search(APART, text):
        raise SQLMeshError(
            f"{text!r}: the file's name has one of the characters \\x1d, \\x1e and \\x1f, by which "
            "the account of files sets names apart. Deliver it under another name."
        )
    return text


def _names(column: str) -> str:
    """SQL of an array of the names of columns that a text has, each after the sign for names."""
    names = f"SPLIT(SUBSTRING({column}, 2), '{NAMES}')"
    return f"CASE WHEN {column} = '' THEN ARRAY() ELSE {names} END"
