"""What was cut off is brought to its end, or to the one who can, before anything builds on it.

An erasure goes on where it was. Of a restatement that was cut off, or failed, SQLMesh knows
nothing: some models hold the days anew, others as they were, and each counts as done. The next
day's run would touch its own keys alone, and leave the rest like that for good.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlmesh import Context
from sqlmesh.utils.errors import SQLMeshError

from operations.hooks import records
from operations.hooks.before_plans import is_rollback
from operations.hooks.records import Record
from operations.sqlmesh_internals import (
    Environment,
    EvaluatablePlan,
    SnapshotTableInfo,
    forget,
    plan_to_show,
    promote,
    random_id,
    say,
)
from operations.terminal import first_of, short_name

MOST_NAMES = 3  # that are named


def finish_in_run(context: Context, environment: str) -> None:
    """Has a run take over what was cut off in its environment, before it looks what is missing.

    What a restatement left is missing from then on, so the run computes it. Requests whose erasure
    was cut off are granted at once.

    Args:
        environment: That is about to be run.

    Raises:
        SQLMeshError: A plan or rollback has switched some views; names the command that goes on.
    """
    shown = context.state_reader.get_environment(environment)
    if not shown:
        return
    if not shown.finalized_ts:
        _finish_switch(context, shown)
    for record in records.unfinished(context):
        if _concerns(record, shown.snapshots):
            say([f"{_told(record)} This run computes its models again."], style="yellow")
            forget(context, shown, _times(record))
            records.finish(context, record)
        elif record.get("erases"):
            _finish_erasure(context, record)


def _finish_switch(context: Context, environment: Environment) -> None:
    """Switches the views that a restatement left; it changed no version."""
    command = (records.of(context, environment.plan_id) or {}).get("command", "plan")
    if command == "restatement":
        again = {"plan_id": random_id(), "previous_plan_id": environment.plan_id}
        promote(context, plan_to_show(context, environment.copy(update=again)))
        return
    way_out = "streaming rollback" if command == "rollback" else f"sqlmesh plan {environment.name}"
    raise SQLMeshError(
        f"A {command} of {environment.name} was cut off while it switched the views: some are new, "
        f"some are as before. Nothing was changed now. Next: {way_out}"
    )


def _finish_erasure(context: Context, record: Record) -> None:
    from operations.erasure import grant  # which is of no use to most commands

    say([f"{_told(record)} This run does what is left."], style="yellow")
    grant(context, [date.fromisoformat(day) for day in record["erases"]])


def refuse_while_unfinished(context: Context, plan: EvaluatablePlan) -> None:
    """Stops a plan that would build on what a restatement left, unless it restates the same.

    Raises:
        SQLMeshError: One is not finished; names the command that finishes it.
    """
    if is_rollback(plan):
        return
    for record in records.unfinished(context):
        if _concerns(record, plan.environment.snapshots) and not _covers(plan.restatements, record):
            raise SQLMeshError(
                f"{_told(record)} What is planned now would build on a mixture of old and new "
                f"rows. Nothing was changed. Next: sqlmesh run {record['environment']}, which "
                "computes them again; then plan again."
            )


def to_be_finished(context: Context) -> list[str]:
    """What was cut off or failed and is left to a run, a line each with the way out."""
    return [
        f"{_told(record)} Next: sqlmesh run {record['environment']}"
        for record in records.unfinished(context)
    ]


def finish_covered(context: Context, done: Record) -> None:
    """Takes down which restatements one that is done has brought to their end."""
    for record in records.unfinished(context):
        is_same = record["restates"] and record["environment"] == done["environment"]
        if is_same and _covers(_times(done), record):
            records.finish(context, record)


def _times(record: Record) -> dict[str, tuple[int, int]]:
    """The time that a restatement computes of each model: milliseconds, the end not included."""
    return {name: (start, end) for name, (_, start, end) in record["restates"].items()}


def _concerns(record: Record, snapshots: list[SnapshotTableInfo]) -> bool:
    """Whether some of these tables are those that a restatement left."""
    left = {(name, version) for name, (version, _, _) in record["restates"].items()}
    return any((snapshot.name, snapshot.version) in left for snapshot in snapshots)


def _covers(times: Mapping[str, tuple[int, int]], record: Record) -> bool:
    """Whether these models and times are all that a restatement left."""
    return all(
        name in times and times[name][0] <= start and end <= times[name][1]
        for name, (start, end) in _times(record).items()
    )


def _told(record: Record) -> str:
    what = "A restatement" if record["restates"] else "An erasure"
    of = [short_name(name) for name in record["restates"]] or record["erases"]
    return (
        f"{what} of {record['environment']}, begun {record['began']}, did not come to its end "
        f"({first_of(of, MOST_NAMES)})."
    )
