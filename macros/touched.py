"""Which keys an audit of an interval looks at."""

from __future__ import annotations

from sqlglot import condition, exp
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator

FEW_DAYS = 30


@macro()
def touched(
    evaluator: MacroEvaluator, key: exp.Expr, changed: exp.Expr, changed_on: exp.Expr
) -> exp.Expr:
    """A condition: the row's key is of a row of `changed` that the interval changed.

    Of a long interval it is every key: finding out which costs more than to look at all of them.

    Args:
        key: A column of the audited model and of `changed`.
        changed: The model whose rows make the audited rows change.
        changed_on: Its column with the day on which a row changed.
    """
    start, end = evaluator.locals["start_date"], evaluator.locals["end_date"]
    if (end - start).days > FEW_DAYS:
        return exp.true()
    days = condition(changed_on).between(exp.convert(start), exp.convert(end))
    return condition(key).isin(query=exp.select(key).from_(changed).where(days))
