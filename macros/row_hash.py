"""The hash of a delivered row, the same on every engine and from every format."""

from __future__ import annotations

from sqlglot import exp, parse_one
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator


@macro()
def row_hash(evaluator: MacroEvaluator, *columns: exp.Expr) -> exp.Expr:
    """The `_row_hash` of the contract (section 2, bronze).

    Args:
        columns: The delivered columns in the contract's order, each cast to its type in bronze.
            They and `_rescued_data` stand in the relation that is read.

    Returns:
        MD5, as 32 lower-case hexadecimal digits, of the columns and `_rescued_data` as text.
    """
    delivered = (_text(column.this.sql("databricks"), column.to.this.name) for column in columns)
    texts = (*delivered, "_rescued_data")
    parts = (f"COALESCE(CAST(LENGTH({text}) AS STRING) || ':' || {text}, '-')" for text in texts)
    joined = " || '|' || ".join(parts)
    return parse_one(f"MD5({joined})", dialect="databricks")


def _text(column: str, type_: str) -> str:
    """SQL of a value as the text that is hashed."""
    if type_ == "TEXT":
        return column
    if type_ == "DOUBLE":
        return f"CAST(TRY_CAST({column} AS DECIMAL(18, 6)) AS STRING)"
    if type_ == "TIMESTAMPNTZ":
        epoch = "CAST('1970-01-01' AS TIMESTAMP_NTZ)"
        return f"CAST(TIMESTAMPDIFF(MICROSECOND, {epoch}, {column}) AS STRING)"
    return f"CAST({column} AS STRING)"
