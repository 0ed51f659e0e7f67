"""Reading a delivery: a feed's rows in the types of bronze, from the landing or the seeds."""

from __future__ import annotations

from sqlglot import exp, parse_one
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator

from macros.columns import types_of
from macros.feeds import REQUESTS
from macros.reading.account import with_state
from macros.reading.files import together
from macros.reading.fitting import fitted
from macros.reading.local import local_rows
from macros.reading.volume import volume_rows


@macro()
def delivery(evaluator: MacroEvaluator, feed: exp.Expr, columns: exp.Expr) -> exp.Expr:
    """The rows of a feed that were delivered in the interval being computed.

    Args:
        feed: Name of the feed; its files are `<landing>/<feed>/dt=YYYY-MM-DD/*.<format>`.
        columns: The feed's columns and their types: `@watches_columns()`.

    Returns:
        A relation of those columns, `_ingest_date`, `_source` and `_rescued_data`. A value that
        does not fit its column's type is NULL there and kept in `_rescued_data` as delivered.
        `_file_state` says what the file was like when it was read. Of users and ratings, what
        says who an erased user is has gone (macros/erasure.py).

    Raises:
        SQLMeshError: A setting is wrong, or a file cannot be what the contract says it is.
    """
    # Not above: see macros/settings.py. A file is looked at in the same way whatever is read of it.
    from macros.erasure import without_erased

    return without_erased(evaluator, feed.name, columns, _delivered_rows(evaluator, feed, columns))


def _delivered_rows(evaluator: MacroEvaluator, feed: exp.Expr, columns: exp.Expr) -> exp.Subquery:
    from macros.reading import memory
    from macros.reading.listing import delivered
    from macros.settings import landing_of

    types = types_of(columns)
    landing = files_format = ""
    if evaluator.locals["runtime_stage"] == "evaluating":
        landing, files_format = landing_of(feed.name, evaluator.engine_adapter.dialect)
    if not landing:
        seed = _seed_rows(feed.name, types) if feed.name != REQUESTS else together([], types)
        return with_state(fitted(seed, types), [])

    adapter = evaluator.engine_adapter
    days = evaluator.locals["start_date"], evaluator.locals["end_date"]
    files = delivered(adapter, landing, [feed.name], files_format, *days)
    memory.remember(feed.name, *days, files)
    facts = memory.facts_of(adapter, files, files_format, types)
    read = volume_rows if adapter.dialect == "databricks" else local_rows
    rows = read(list(facts.values()), files_format, types)
    return with_state(fitted(rows, types, typed=files_format == "parquet"), files)


def _seed_rows(feed: str, types: dict[str, str]) -> exp.Select:
    """A feed's seed as text, an empty field as NULL, its `delivered_on` as the day of delivery."""
    return parse_one(
        f"""SELECT {", ".join(f"NULLIF({column}, '') AS {column}" for column in types)},
            CAST(delivered_on AS DATE) AS _ingest_date,
            'raw_{feed}' AS _source
        FROM bronze.raw_{feed}""",
        into=exp.Select,
        dialect="databricks",
    )
