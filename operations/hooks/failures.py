"""What failed, in words: the cause, the file and the way out. SQL and traces go to the log."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from sqlglot import exp
from sqlmesh import Context
from sqlmesh.utils.errors import (
    AuditError,
    MacroEvalError,
    NodeAuditsErrors,
    SignalEvalError,
    SQLMeshError,
)

from operations import PROJECT
from operations.hooks.progress import take_over
from operations.sqlmesh_internals import (
    NodeExecutionFailedError,
    say,
    show_failed_models,
    show_warnings,
)
from operations.terminal import counted, short_name

logger = logging.getLogger(__name__)

NEXT_STEP = re.compile(r"/\* Next: (.*?) \*/", re.DOTALL)
# For the audits that SQLMesh brings along.
NEXT_STEP_OF_BUILT_IN = (
    "Bad rows go to quarantine before silver, so a rule or the model was changed, or the table by "
    "hand. Correct the change in dev, or restate the days if data was touched; then run again."
)
MOST_KEYS = 5  # of what an audit found
NOTHING = "Nothing: "  # begins the next step where what an audit finds is expected
WARNS = re.compile(r"'(\w+)' audit error: (\d+) rows? failed\.")  # SQLMesh's words of any audit
IN_LOG = "Next: the statement and the trace are in logs/. Correct what it says, then run again."
# DuckDB's words of a csv line that the look at the file let pass, since another makes up for it.
LINE_OF_CSV = re.compile(
    r"CSV Error on Line: (?P<line>\d+)\n.*^Expected Number of Columns: (?P<owed>\d+) "
    r"Found: (?P<has>\d+)$.*^ *file = (?P<file>[^\n]+)$",
    re.MULTILINE | re.DOTALL,
)
# SQLMesh's own, whose messages are the code that was called.
WRAPPINGS = (MacroEvalError, SignalEvalError, NodeExecutionFailedError)

Failed = NodeExecutionFailedError[Any]


def tell_failures_in_words(context: Context) -> None:
    """Has what fails in a context from now on be told in words, in a terminal."""
    show_failed_models(partial(_told, context))
    show_warnings(_warned)


def next_step(audit: str) -> str:
    """What to do when an audit fails, as the file of the audit says it."""
    file = PROJECT / "audits" / f"{audit}.sql"
    found = NEXT_STEP.search(file.read_text(encoding="utf-8")) if file.exists() else None
    return " ".join(found[1].split()) if found else NEXT_STEP_OF_BUILT_IN


def expected(audit: str) -> str:
    """Why the rows that an audit finds are expected, as its file says; empty if they are not."""
    step = next_step(audit)
    return step.removeprefix(NOTHING).partition(". ")[0] if step.startswith(NOTHING) else ""


def as_expected(audit: str, rows: int) -> str:
    """What an audit found, where that is expected; empty if it is not."""
    why = expected(audit)
    return f"As expected, {why} ({counted(rows, 'row')})." if why else ""


def keys_found(context: Context, error: AuditError) -> str:
    """Some keys of the rows that an audit found: columns of the grain, and no others."""
    grains = error.model.grains if error.model else []
    columns = [c.name for grain in grains for c in grain.find_all(exp.Column)]
    if not error.query.is_star:
        columns = [column for column in columns if column in error.query.named_selects]
    if not columns:
        return "the rows found have none"
    query = (
        exp.select(*(exp.column(column) for column in columns))
        .distinct()
        .from_(error.query.subquery("audit"))
        .limit(MOST_KEYS)
    )
    try:
        rows = context.engine_adapter.fetchall(query, quote_identifiers=True)
        return "; ".join(
            ", ".join(f"{column} {value}" for column, value in zip(columns, row, strict=True))
            for row in rows
        )
    except Exception:
        logger.exception("The keys that %s found", error.audit_name)
        return "could not be read, see logs/"


def reason(error: Failed) -> str:
    """Why a model failed: the first line of what the platform or the engine said of it."""
    cause = error.__cause__ or error
    if isinstance(cause, NodeAuditsErrors):
        return ", ".join(map(str, cause.errors))
    said = [each for each in _chain(cause) if _is_ours(each)]
    words = str(said[-1] if said else list(_chain(cause))[-1]).strip()
    if found := LINE_OF_CSV.search(words):
        return (
            f"{found['file']}: line {found['line']} has {found['has']} fields, and the header "
            f"{found['owed']}. Deliver as many in each line."
        )
    return " ".join(words.split("\n")[:1])


def name(error: Failed) -> str:
    """The model that failed, as its file names it."""
    full = str(getattr(error.node, "snapshot_name", error.node))
    return short_name(full) or full


def _warned(message: str) -> str:
    """A warning; that of an audit in words that do not sound of failure.

    Empty where it is said already, in a line of its own.
    """
    if take_over(message):
        return ""
    found = WARNS.search(message)
    if not found:
        return message
    audit, rows = found[1], int(found[2])
    if why := as_expected(audit, rows):
        say([why], style="")
        return ""
    said = f"{audit} warns of {counted(rows, 'row')}. Next: {next_step(audit)}"
    return message.replace(found[0], said)


def _told(context: Context, errors: Sequence[Failed]) -> list[str]:
    """The last lines of a command, the most telling last."""
    lines = []
    for error in errors:
        logger.error("%s failed", name(error), exc_info=error)
        cause = error.__cause__ or error
        if isinstance(cause, NodeAuditsErrors):
            for audit in cause.errors:
                logger.error("%s: %s", audit, audit.sql())
                lines += [
                    f"{name(error)}: {audit}",
                    f"Keys: {keys_found(context, audit)}",
                    f"Next: {next_step(audit.audit_name)}",
                ]
        else:
            lines.append(f"{name(error)}: {reason(error)}")
            if not any(map(_is_ours, _chain(cause))):
                lines.append(IN_LOG)
    return lines


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and those from which it came."""
    while error:
        yield error
        error = error.__cause__ or error.__context__


def _is_ours(error: BaseException) -> bool:
    """Whether its message is for people, and says the way out."""
    return isinstance(error, SQLMeshError) and not isinstance(error, WRAPPINGS)
