"""Dates as the contract counts them."""

from __future__ import annotations

from sqlglot import exp, parse_one
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator

FEW_DAYS = 30


@macro()
def iso_day_of_week(evaluator: MacroEvaluator, day: exp.Expr) -> exp.Expr:
    """The day of the week, Monday 1 to Sunday 7, counted from a Monday.

    The engines' own functions number the days apart.
    """
    days = f"DATEDIFF({day.sql('databricks')}, DATE '1970-01-05')"
    return parse_one(f"CAST(({days} % 7 + 7) % 7 + 1 AS INT)", dialect="databricks")


@macro()
def many_days(evaluator: MacroEvaluator) -> exp.Expr:
    """Whether the interval being computed is so long that it touches nearly every key.

    Then to compute, or to look at, all of them costs less than to find out which.
    """
    start, end = evaluator.locals["start_date"], evaluator.locals["end_date"]
    return exp.convert((end - start).days > FEW_DAYS)


@macro()
def is_touched(
    evaluator: MacroEvaluator, key: exp.Expr, changed: exp.Expr, changed_on: exp.Expr
) -> exp.Expr:
    """Whether a key is one that the interval being computed touched; in a long one every key is.

    Args:
        key: The column of the key, in this relation and in `changed`.
        changed: The relation that tells which keys a day touched.
        changed_on: Its column of the day.
    """
    if many_days(evaluator) == exp.true():
        return exp.true()
    start, end = (evaluator.locals[name].isoformat() for name in ("start_date", "end_date"))
    touched = (
        exp.select(key)
        .from_(changed)
        .where(
            f"{changed_on.sql('databricks')} BETWEEN DATE '{start}' AND DATE '{end}'",
            dialect="databricks",
        )
    )
    return key.copy().isin(query=touched)
