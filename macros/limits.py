"""The limits by which audits stop a run before gold (contract, section 1), read on rendering."""

from __future__ import annotations

from sqlglot import exp
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator


@macro()
def max_reject_share(evaluator: MacroEvaluator) -> exp.Expr:
    """STREAMING_MAX_REJECT_SHARE: the share of a day's rows that may be rejected, 0 to 1."""
    from macros.settings import setting  # not above: see there

    return exp.Literal.number(float(setting("STREAMING_MAX_REJECT_SHARE")))


@macro()
def max_silence_days(evaluator: MacroEvaluator) -> exp.Expr:
    """STREAMING_MAX_SILENCE_DAYS: how many days a feed may be silent; NULL: not judged."""
    from macros.settings import setting

    days = setting("STREAMING_MAX_SILENCE_DAYS")
    return exp.Literal.number(int(days)) if days else exp.null()
