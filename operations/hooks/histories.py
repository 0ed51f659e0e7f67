"""The histories of what prod shows are brought up to date where a day was computed again.

SQLMesh computes them (kind SCD_TYPE_2) with the run of a day, once. A restatement after it, or the
run that finishes one, changes what is shown and leaves them as they were.
"""

from __future__ import annotations

from sqlmesh import Context
from sqlmesh.utils.date import TimeLike

from operations.environment.shown import shown
from operations.hooks.records import Record
from operations.sqlmesh_internals import evaluate

PROD = "prod"


def bring_up_to_date(context: Context, done: Record, moment: TimeLike) -> None:
    """Takes down what prod shows, in each history of which a command has computed parents alone.

    Args:
        done: The record of the command.
        moment: That it is shown from.
    """
    if done["environment"] != PROD:
        return
    snapshots, _ = shown(context, PROD)
    computed = done["models"].keys()
    for name, snapshot in snapshots.items():
        if snapshot.is_model and snapshot.model.kind.is_scd_type_2 and name not in computed:
            if any(parent.name in computed for parent in snapshot.parents):
                evaluate(context, snapshot, snapshots, moment, moment, moment)
