"""What the interval that is computed touched: by it models and audits choose their rows."""

from __future__ import annotations

from sqlglot import exp
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator

# A longer interval touches nearly every key: to take all costs less than to find out which.
FEW_DAYS = 30


@macro()
def is_touched(
    evaluator: MacroEvaluator, key: exp.Expr, touched: exp.Expr, day: exp.Expr | None = None
) -> exp.Expr:
    """A condition: the interval being computed touched a key; a long interval touched them all.

    Args:
        key: The column of the key, in the rows to choose from and in `touched`.
        touched: The relation that says which keys a day touched.
        day: Its column of the day. Without it, every row of `touched` is of the interval.
    """
    start, end = evaluator.locals["start_date"], evaluator.locals["end_date"]
    if (end - start).days > FEW_DAYS:
        return exp.true()
    keys = exp.select(exp.column(key.name)).from_(touched)
    if day:
        between = f"{day.sql('databricks')} BETWEEN DATE '{start}' AND DATE '{end}'"
        keys = keys.where(between, dialect="databricks")
    return key.copy().isin(query=keys)
