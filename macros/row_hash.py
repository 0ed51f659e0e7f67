"""The hash of a delivered row, the same on every engine and from every format."""

from __future__ import annotations

from sqlglot import exp, parse_one
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator

from macros.columns import types_of


@macro()
def row_hash(evaluator: MacroEvaluator, columns: exp.Expr, rows: exp.Expr) -> exp.Expr:
    """The `_row_hash` of the contract (section 2, bronze).

    Args:
        columns: The feed's columns and their types, in the contract's order: `@watches_columns()`.
        rows: The relation that holds them and `_rescued_data`.

    Returns:
        MD5, as 32 lower-case hexadecimal digits, of the columns and `_rescued_data` as text.
    """
    types = {**types_of(columns), "_rescued_data": "TEXT"}
    texts = (_text(f"{rows.name}.{column}", type_) for column, type_ in types.items())
    parts = (f"COALESCE(CAST(LENGTH({text}) AS STRING) || ':' || {text}, '-')" for text in texts)
    joined = " || '|' || ".join(parts)
    return parse_one(f"MD5({joined})", dialect="databricks")


def _text(column: str, type_: str) -> str:
    """SQL of a value as the text that is hashed."""
    if type_ == "TEXT":
        return column
    if type_ == "DOUBLE":
        return f"CAST({_rounded(column)} AS STRING)"
    if type_ == "TIMESTAMPNTZ":
        epoch = "CAST('1970-01-01' AS TIMESTAMP_NTZ)"
        return f"CAST(TIMESTAMPDIFF(MICROSECOND, {epoch}, {column}) AS STRING)"
    return f"CAST({column} AS STRING)"


def _rounded(number: str) -> str:
    """SQL of a DOUBLE as DECIMAL(18, 6), halves of its shortest decimal text away from zero.

    Spark's cast does so. DuckDB's rounds the binary value, and on the way from text with an
    exponent it errs in the last place; at 26 places that place no longer counts. The text is slow,
    so it is asked only where the plain cast does not give the number back: up to 15 digits, no
    two decimals share a DOUBLE.
    """
    cast = f"TRY_CAST({number} AS DECIMAL(18, 6))"
    text = f"TRY_CAST(TRY_CAST(CAST({number} AS STRING) AS DECIMAL(38, 26)) AS DECIMAL(18, 6))"
    exact = f"ABS({number}) < 1e9 AND CAST({cast} AS DOUBLE) = {number}"
    return f"CASE WHEN {exact} THEN {cast} ELSE {text} END"
