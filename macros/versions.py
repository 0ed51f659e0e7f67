"""The versions of a row, out of its deliveries."""

from __future__ import annotations

from sqlglot import exp, parse_one
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator


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
