"""What the models of requests for erasure do; macros/erasure.py says how a row is erased."""

from __future__ import annotations

from sqlglot import exp
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator


@macro()
def erase_everywhere(evaluator: MacroEvaluator) -> list[exp.Expr]:
    """Erases, in every table there is, the users of the requests that were just loaded.

    Returns:
        No statement: sqlglot, by which SQLMesh reads those of a macro, knows no REORG.
    """
    if evaluator.locals["runtime_stage"] == "evaluating":
        from macros.erasure import erase

        erase(evaluator)
    return []


@macro()
def granted_requests(evaluator: MacroEvaluator) -> exp.Expr:
    """The requests that were granted, also those whose file or version of the model is gone.

    Returns:
        A relation of `user_id`, `requested_at`, `_ingest_date` and `erased_at`.
    """
    from macros import erasure

    if evaluator.locals["runtime_stage"] == "evaluating":
        granted = exp.select(*erasure.GRANTED_COLUMNS).from_(erasure.granted_table(evaluator))
    else:
        keys = ("user_id", "requested_at", "_ingest_date")
        granted = (
            exp.select(*keys, "MIN(_loaded_at) AS erased_at")
            .from_("bronze.delivered_erasures")
            .group_by(*keys)
        )
    return granted.subquery("granted")


@macro()
def rows_of_requests(evaluator: MacroEvaluator) -> exp.Expr:
    """The rows of the users of the requests being computed, in every table there is.

    Returns:
        A relation of `user_id`, `table_name`, `rows` and `unerased`, those of them that still say
        who the user is.
    """
    from macros import erasure

    if evaluator.locals["runtime_stage"] != "evaluating":
        return erasure.no_rows().subquery("held")
    return erasure.rows_held(evaluator)


@macro()
def retention_days(evaluator: MacroEvaluator) -> exp.Expr:
    """For how many days what was erased can be read in older files of a table.

    DuckDB's file is written anew at once. Delta keeps the files of older versions for a week:
    docs.databricks.com/en/delta/vacuum.html.
    """
    is_evaluating = evaluator.locals["runtime_stage"] == "evaluating"
    is_delta = is_evaluating and evaluator.engine_adapter.dialect == "databricks"
    return exp.convert(7 if is_delta else 0)
