"""Dates as the contract counts them."""

from __future__ import annotations

from sqlglot import exp, parse_one
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator


@macro()
def iso_day_of_week(evaluator: MacroEvaluator, day: exp.Expr) -> exp.Expr:
    """The day of the week, Monday 1 to Sunday 7, counted from a Monday.

    The engines' own functions number the days apart.
    """
    days = f"DATEDIFF({day.sql('databricks')}, DATE '1970-01-05')"
    return parse_one(f"CAST(({days} % 7 + 7) % 7 + 1 AS INT)", dialect="databricks")
