"""Erasure: what is left of a row of a user who asked to be forgotten (contract, section 4).

To be imported within a function: SQLMesh gives every model a copy of what its macros name above,
and how rows are erased is no change of a model.

An erased row keeps what the models decided by its values before: which of the deliveries of a day
is the newest (`_hash_before`), which rules it broke (`_broken_rules`), and where a version of a
user begins (`_version`). The first and the last are checksums, and no values.
"""

from __future__ import annotations

import typing as t
from pathlib import Path

from sqlglot import exp, parse_one
from sqlmesh import EngineAdapter
from sqlmesh.core.macros import MacroEvaluator

from macros import rules
from macros.columns import columns_of_feed, types_of
from macros.row_hash import row_hash
from macros.rules import reasons
from macros.text import cleaned

# What a column that says who a user is reads when it is erased, beside whichever user_id it is.
ERASED = {
    "name": "'erased'",
    "email": "'erased'",
    "country": "CAST(NULL AS STRING)",
    "subscription_plan": "CAST(NULL AS STRING)",
    "signed_up_on": "CAST(NULL AS DATE)",
    "review": "CAST(NULL AS STRING)",
    "user_country": "CAST(NULL AS STRING)",
    "user_subscription_plan": "CAST(NULL AS STRING)",
}
RESCUED = {"_rescued_data": "CAST(NULL AS STRING)"}
SNAPSHOT = {"country": "''", "subscription_plan": "''"}  # has no NULL, since it compares
BEFORE = {"_hash_before": "STRING", "_version": "STRING", "_broken_rules": "ARRAY<STRING>"}
# Where a landed row that is rewritten keeps its checksums (operations/landing/rewriting.py).
CARRIER = {"users": "name", "ratings": "review"}
TOLD_APART_BY = ("name", "email", "country", "subscription_plan", "signed_up_on")
DIGITS = 8  # of a checksum in hexadecimal
CARRIED = f"^erased ([0-9a-f]{{{DIGITS}}})(?: ([0-9a-f]{{{DIGITS}}}))?$"
MARK = "erasing"  # a file beside the local databases: they are to be written anew

REQUESTS_TABLE = "bronze.delivered_erasures"
# Beside the tables of the requests: every request that was ever granted, whatever becomes of its
# file, its day or the version of its model. What is loaded looks here.
GRANTED = "erased_users"
GRANTED_COLUMNS = {
    "user_id": "BIGINT",
    "requested_at": "TIMESTAMP_NTZ",
    "_ingest_date": "DATE",
    "erased_at": "TIMESTAMP_NTZ",
}


class Holding(t.NamedTuple):
    """A table with columns that say who a user is.

    Args:
        table: Its name in the warehouse; one of any version of a model.
        columns: All of its columns.
    """

    table: exp.Table
    columns: frozenset[str]

    @property
    def erased(self) -> dict[str, str]:
        """SQL of what its columns read afterwards, but for those that follow from the others."""
        values = erased_values(self.columns)
        return values | SNAPSHOT if "users_snapshot__" in self.table.name else values


def erased_values(columns: t.Collection[str]) -> dict[str, str]:
    """SQL of what the columns of a relation read that say who a user is; none without a user_id."""
    if "user_id" not in columns:
        return {}
    values = {**ERASED, **(RESCUED if "name" in columns else {})}
    return {column: sql for column, sql in values.items() if column in columns}


def without_erased(
    evaluator: MacroEvaluator, feed: str, columns: exp.Expr, rows: exp.Subquery
) -> exp.Subquery:
    """The delivered rows of a feed, those of erased users without what says who they are.

    Args:
        columns: The feed's columns and their types.
        rows: Of them, `_ingest_date`, `_source`, `_rescued_data` and `_file_state`.
    """
    kept = [*types_of(columns), "_ingest_date", "_source", "_rescued_data", "_file_state"]
    values = erased_values(kept)
    if not values:
        return rows
    is_erased = "erased.user_id IS NOT NULL"
    asked = REQUESTS_TABLE
    if evaluator.locals["runtime_stage"] == "evaluating":
        asked = granted_table(evaluator).sql("databricks")
    rows.set("alias", exp.TableAlias(this=exp.to_identifier("loaded")))
    return (
        exp.select(
            *(
                f"CASE WHEN {is_erased} THEN {values[column]} ELSE loaded.{column} END AS {column}"
                if column in values
                else f"loaded.{column} AS {column}"
                for column in kept
            ),
            *(
                f"CAST(CASE WHEN {is_erased} THEN {sql} END AS {BEFORE[column]}) AS {column}"
                for column, sql in kept_of_erased(evaluator, feed, columns, "loaded").items()
            ),
            dialect="databricks",
        )
        .from_(rows)
        .join(
            f"(SELECT DISTINCT user_id FROM {asked}) AS erased",
            on="erased.user_id = loaded.user_id",
            join_type="left",
            dialect="databricks",
        )
        .subquery("delivery")
    )


def erase(evaluator: MacroEvaluator) -> None:
    """Grants the requests being loaded: erases their users in every table there is.

    It does nothing to a row that is erased. On Delta a table's old files go when its retention
    ends; of DuckDB, the file is written anew when the command ends (operations/hooks/erasing.py).
    """
    table = exp.to_table(evaluator.this_model, dialect="databricks")
    requests = _requests(evaluator, table)
    adapter = evaluator.engine_adapter
    _grant(adapter, table)
    if not adapter.fetchall(parse_one(f"{requests} LIMIT 1", dialect="databricks")):
        return
    if adapter.dialect == "duckdb":
        from macros.settings import setting

        (Path(setting("STREAMING_DATA_DIR")) / MARK).touch()
    for holding in holdings(adapter, table.catalog, requests):
        adapter.execute(_merge(evaluator, holding, requests))
        if adapter.dialect == "databricks":
            name = holding.table.sql("databricks", identify=True)
            adapter.execute(f"REORG TABLE {name} APPLY (PURGE)")
            adapter.execute(f"VACUUM {name}")


def rows_held(evaluator: MacroEvaluator) -> exp.Subquery:
    """The rows of the users of the requests being computed, in every table there is.

    Returns:
        A relation of `user_id`, `table_name`, `rows` and `unerased`, those of them that still say
        who the user is.
    """
    requests = granted_table(evaluator)
    of_interval = _requests(evaluator, requests)
    counted = [
        exp.select(
            "user_id",
            f"'{each.table.db}.{each.table.name}' AS table_name",
            "COUNT(*) AS rows",
            f"SUM(CASE WHEN {_is_erased(each)} THEN 0 ELSE 1 END) AS unerased",
            dialect="databricks",
        )
        .from_(each.table)
        .where(f"user_id IN ({of_interval})", dialect="databricks")
        .group_by("user_id")
        for each in holdings(evaluator.engine_adapter, requests.catalog, of_interval)
    ]
    rows = exp.union(no_rows(), *counted, distinct=False) if counted else no_rows()
    return rows.subquery("held")


def granted_table(evaluator: MacroEvaluator) -> exp.Table:
    """The table of the requests that were granted; a row is a user, and when they asked."""
    requests = exp.to_table(evaluator.resolve_table(REQUESTS_TABLE), dialect="databricks")
    return _granted(requests)


def no_rows() -> exp.Select:
    """Of `rows_held`, the columns alone."""
    return exp.select(
        "CAST(NULL AS BIGINT) AS user_id",
        "CAST(NULL AS STRING) AS table_name",
        "CAST(NULL AS BIGINT) AS rows",
        "CAST(NULL AS BIGINT) AS unerased",
        dialect="databricks",
    ).where("FALSE")


def holdings(adapter: EngineAdapter, catalog: str, users: str) -> list[Holding]:
    """The tables of all versions of all models, prod's and others, that hold rows of some users.

    Args:
        catalog: Where SQLMesh makes tables; those of dev lie there too.
        users: SQL of their ids.
    """
    columns: dict[tuple[str, str], set[str]] = {}
    for schema, table, column in adapter.fetchall(
        parse_one(
            f"""SELECT columns.table_schema, columns.table_name, columns.column_name
            FROM system.information_schema.columns AS columns
            JOIN system.information_schema.tables AS tables
                ON tables.table_catalog = columns.table_catalog
                AND tables.table_schema = columns.table_schema
                AND tables.table_name = columns.table_name
            WHERE columns.table_catalog = '{catalog}' AND tables.table_type <> 'VIEW'
                AND LEFT(columns.table_schema, 9) = 'sqlmesh__'""",
            dialect="databricks",
        )
    ):
        columns.setdefault((schema, table), set()).add(column)
    possible = [
        Holding(exp.table_(table, db=schema, catalog=catalog), frozenset(names))
        for (schema, table), names in sorted(columns.items())
        # A seed is a delivery: whoever owns it erases it.
        if erased_values(names) and "__raw_" not in table
    ]
    if not possible:
        return []
    each = (
        f"(SELECT {n} AS place FROM {name} WHERE user_id IN ({users}) LIMIT 1)"
        for n, name in enumerate(one.table.sql("databricks") for one in possible)
    )
    found = adapter.fetchall(parse_one(" UNION ALL ".join(each), dialect="databricks"))
    return [possible[n] for (n,) in sorted(found)]


def _grant(adapter: EngineAdapter, requests: exp.Table) -> None:
    """Takes down, for good, the requests of a table that are not taken down yet."""
    granted = _granted(requests)
    adapter.create_table(
        granted, {name: exp.DataType.build(type_) for name, type_ in GRANTED_COLUMNS.items()}
    )
    adapter.execute(
        parse_one(
            f"""INSERT INTO {granted.sql("databricks")}
            SELECT who, moment, day, loaded_at FROM (
                SELECT user_id AS who, requested_at AS moment, _ingest_date AS day,
                    MIN(_loaded_at) AS loaded_at
                FROM {requests.sql("databricks")}
                WHERE user_id >= 1
                GROUP BY user_id, requested_at, _ingest_date
            ) AS asked
            WHERE NOT EXISTS (
                SELECT 1 FROM {granted.sql("databricks")}
                WHERE user_id = who AND _ingest_date = day
                    AND requested_at IS NOT DISTINCT FROM moment
            )""",
            dialect="databricks",
        )
    )


def _granted(requests: exp.Table) -> exp.Table:
    return exp.table_(GRANTED, db=requests.db, catalog=requests.catalog)


def _merge(evaluator: MacroEvaluator, holding: Holding, users: str) -> exp.Expr:
    """The statement that erases users in a table."""
    columns, values = holding.columns, holding.erased
    condition = "held.user_id = asked.who"
    feed = "users" if "name" in columns else "ratings"
    before = kept_of_erased(evaluator, feed, columns_of_feed(feed), "held")
    if "_hash_before" in columns:  # bronze
        values |= before
        condition += " AND _hash_before IS NULL"
    elif "_version" in columns:  # silver.accepted_users
        values |= {"_version": before["_version"]}
        condition += " AND _version IS NULL"
    if "_row_hash" in columns:
        hashed = f"LEFT(_row_hash, {DIGITS})"  # as what bronze keeps
        if "_rescued_data" in columns:  # a rejected row
            hashed = _hash_of_erased(evaluator, feed, "held", values)
        values |= {"_row_hash": hashed}
    assigned = ", ".join(f"{column} = {sql}" for column, sql in values.items())
    return parse_one(
        f"""MERGE INTO {holding.table.sql("databricks")} AS held
        USING (SELECT DISTINCT user_id AS who FROM ({users}) AS requests) AS asked
        ON {condition}
        WHEN MATCHED THEN UPDATE SET {assigned}""",
        dialect="databricks",
    )


def carried(hash_before: str, version: str | None) -> str:
    """The text in which a landed row that is rewritten keeps its checksums."""
    return f"erased {hash_before}" + (f" {version}" if version else "")


def kept_of_erased(
    evaluator: MacroEvaluator, feed: str, columns: exp.Expr, rows: str
) -> dict[str, str]:
    """SQL of what an erased row of bronze keeps of what it was like, by column."""

    def carried_or(place: int, computed: str) -> str:
        found = f"REGEXP_EXTRACT({rows}.{CARRIER[feed]}, '{CARRIED}', {place})"
        return f"COALESCE(NULLIF({found}, ''), LEFT({computed}, {DIGITS}))"

    relation = exp.to_identifier(rows)
    hashed = row_hash(evaluator, columns, relation).sql("databricks")
    kept = {"_hash_before": carried_or(1, hashed)}
    if feed == "users":
        texts = (
            f"COALESCE(LOWER({cleaned(f'CAST({rows}.{column} AS STRING)')}), '')"
            for column in TOLD_APART_BY
        )
        kept["_version"] = carried_or(2, f"MD5({' || CHR(10) || '.join(texts)})")
        broken = reasons(evaluator, exp.convert(rules.USERS), relation).sql("databricks")
        kept["_broken_rules"] = broken
    return kept


def _hash_of_erased(evaluator: MacroEvaluator, feed: str, rows: str, values: dict[str, str]) -> str:
    """SQL of the `_row_hash` that a row has when some columns have other values."""
    hashed = row_hash(evaluator, columns_of_feed(feed), exp.to_identifier(rows))
    replaced = hashed.transform(
        lambda node: (
            parse_one(values[node.name], dialect="databricks")
            if isinstance(node, exp.Column) and node.name in values
            else node
        )
    )
    return replaced.sql("databricks")


def _is_erased(holding: Holding) -> str:
    return " AND ".join(f"{c} IS NOT DISTINCT FROM {sql}" for c, sql in holding.erased.items())


def _requests(evaluator: MacroEvaluator, table: exp.Table) -> str:
    """SQL of the users of the requests of the interval."""
    start, end = evaluator.locals["start_date"], evaluator.locals["end_date"]
    return (
        f"SELECT user_id FROM {table.sql('databricks')} "
        f"WHERE _ingest_date BETWEEN DATE '{start}' AND DATE '{end}' AND user_id IS NOT NULL"
    )
