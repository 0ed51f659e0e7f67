"""What the deliveries of a key come to: its newest, or its versions."""

from __future__ import annotations

from sqlglot import exp, parse_one
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator

from macros.row_hash import row_hash


@macro()
def versions(
    evaluator: MacroEvaluator, deliveries: exp.Expr, key: exp.Expr, *columns: exp.Expr
) -> exp.Expr:
    """The deliveries that changed what was known of a key.

    The deliveries of one day count as one, the newest. A day counts only if it is not older, by
    `updated_at`, than a day before it, and only if one of the columns is not as it was.

    Args:
        deliveries: Relation with the key, the columns, `updated_at`, `_ingest_date`, `_row_hash`.
        key: What identifies the row.
        columns: The columns whose change makes a version.

    Returns:
        Relation of the key, the columns and `_ingest_date`, the day that began the version.
    """
    names = [column.name for column in columns]
    changed = " OR ".join(
        f"{name} IS DISTINCT FROM LAG({name}) OVER (PARTITION BY {key.name} ORDER BY _ingest_date)"
        for name in names
    )
    selected = ", ".join((key.name, *names, "_ingest_date"))
    return parse_one(
        f"""(
        WITH newest_of_day AS (
            SELECT * FROM {deliveries.name}
            QUALIFY ROW_NUMBER() OVER (
                PARTITION BY {key.name}, _ingest_date ORDER BY updated_at DESC, _row_hash DESC
            ) = 1
        ), in_order AS (
            SELECT * FROM newest_of_day
            QUALIFY COALESCE(updated_at >= MAX(updated_at) OVER (
                PARTITION BY {key.name} ORDER BY _ingest_date
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ), TRUE)
        )
        SELECT {selected} FROM in_order
        QUALIFY {changed}
        ) AS versions""",
        dialect="databricks",
    )


@macro()
def newest(
    evaluator: MacroEvaluator,
    deliveries: exp.Expr,
    key: exp.Expr,
    columns: exp.Expr,
    hash_before: exp.Expr | None = None,
) -> exp.Expr:
    """The newest of the deliveries of each key, by `_ingest_date` and hash.

    Nearly every key is delivered once. Only the others are ranked, and their hashes computed.

    Args:
        deliveries: Relation with the columns, `_rescued_data`, `_ingest_date` and `accepted_on`.
        key: What identifies the row.
        columns: The feed's columns and their types: `@watches_columns()`.
        hash_before: Column of how the hash of an erased row began, where rows are erased.

    Returns:
        Relation of the same columns and, of all deliveries of the key, `known_on`, the first
        `accepted_on`, and `deliveries`, their number.
    """
    rows, key_name = deliveries.name, key.name
    repeated = f"(SELECT {key_name} FROM {rows} GROUP BY {key_name} HAVING COUNT(*) > 1)"
    hashed = row_hash(evaluator, columns, deliveries).sql("databricks")
    if hash_before:
        hashed = f"COALESCE({hash_before.name}, {hashed})"
    return parse_one(
        f"""(
        SELECT *, accepted_on AS known_on, 1 AS deliveries FROM {rows}
        WHERE {key_name} NOT IN {repeated}
        UNION ALL
        SELECT *, MIN(accepted_on) OVER (PARTITION BY {key_name}),
            COUNT(*) OVER (PARTITION BY {key_name})
        FROM {rows}
        WHERE {key_name} IN {repeated}
        QUALIFY ROW_NUMBER() OVER (
            PARTITION BY {key_name} ORDER BY _ingest_date DESC, {hashed} DESC
        ) = 1
        ) AS newest""",
        dialect="databricks",
    )
