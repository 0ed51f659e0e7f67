"""The settings of the contract (section 1) that audits judge by, read on rendering."""

from __future__ import annotations

import os

from sqlglot import exp
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator
from sqlmesh.utils.errors import SQLMeshError


@macro()
def max_reject_share(evaluator: MacroEvaluator) -> exp.Expr:
    """STREAMING_MAX_REJECT_SHARE: the share of a day's rows that may be rejected, 0 to 1."""
    setting = os.environ.get("STREAMING_MAX_REJECT_SHARE", "") or "0.2"
    try:
        share = float(setting)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise SQLMeshError(
            f"STREAMING_MAX_REJECT_SHARE is '{setting}'; it must be a number from 0 to 1."
        )
    return exp.Literal.number(share)


@macro()
def max_silence_days(evaluator: MacroEvaluator) -> exp.Expr:
    """STREAMING_MAX_SILENCE_DAYS: how many days a feed may be silent; NULL: not judged."""
    setting = os.environ.get("STREAMING_MAX_SILENCE_DAYS", "")
    if not setting:
        return exp.null()
    if not setting.isdecimal():
        raise SQLMeshError(
            f"STREAMING_MAX_SILENCE_DAYS is '{setting}'; it must be a whole number of days, or "
            "empty so that silence is not judged."
        )
    return exp.Literal.number(int(setting))
