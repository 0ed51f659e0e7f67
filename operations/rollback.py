"""Takes the last deployment to prod back, in seconds: prod's views show the tables before again.

This needs neither the code before the deployment nor that of the deployment: SQLMesh's state has
both, and keeps the tables before for the `snapshot_ttl` of config.py. (SQLMesh's own `rollback`
command is another thing: it undoes a migration of the state.)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import uuid4

from sqlmesh import Context
from sqlmesh.core.snapshot import Snapshot
from sqlmesh.utils.date import to_datetime

from operations import CommandError
from operations.environment.shown import last_day
from operations.sqlmesh_internals import (
    Environment,
    evaluate,
    mark_as_restorable,
    notified,
    plan_to_show,
    promote,
    snapshots_to_dag,
)
from operations.terminal import short_name

ROLLBACK = "rollback-"  # how the plan id of a rollback begins
REVERT = "take the change back in git and deploy: git revert, sqlmesh plan prod"


class Refused(CommandError):
    """There is nothing to go back to; says why, and what to do instead."""

    def __init__(self, why: str) -> None:
        super().__init__(f"A rollback is not possible: {why}")


@dataclass(frozen=True)
class Deployment:
    """The last deployment to prod.

    Attributes:
        prod: the record of the environment.
        before: the versions that prod showed before it, by the model's name.
        after: those that it shows since.
    """

    prod: Environment
    before: dict[str, Snapshot]
    after: dict[str, Snapshot]

    @property
    def changed(self) -> list[str]:
        """The models that go back to another version."""
        return sorted(
            name
            for name in self.before.keys() & self.after.keys()
            if self.before[name].snapshot_id != self.after[name].snapshot_id
        )

    @property
    def in_place(self) -> list[str]:
        """Those of them whose version after has the table, or the view, of the version before."""
        return [
            name for name in self.changed if self.before[name].version == self.after[name].version
        ]


def last_deployment(context: Context) -> Deployment:
    """What the state says of the last deployment to prod.

    Raises:
        Refused: there is none, or the tables before it are gone.
    """
    prod = context.state_reader.get_environment("prod")
    if not prod:
        raise Refused("there is no prod yet; this makes it: sqlmesh plan prod")
    if not prod.previous_finalized_snapshots:
        raise Refused(f"nothing was deployed to prod before; {REVERT}")
    before_ids = {info.snapshot_id for info in prod.previous_finalized_snapshots}
    after_ids = {info.snapshot_id for info in prod.snapshots}
    if not prod.finalized_ts and prod.plan_id.startswith(ROLLBACK):
        before_ids, after_ids = after_ids, before_ids  # it stopped half way: this time to its end
    if before_ids == after_ids:
        raise Refused(
            "the last plan for prod changed no model. It was a restatement or a backfill, after "
            "which SQLMesh does not keep what was deployed before, and the tables before lack "
            f"what it computed; {REVERT}"
        )
    before = {s.name: s for s in context.state_reader.get_snapshots(before_ids).values()}
    after = {s.name: s for s in context.state_reader.get_snapshots(after_ids).values()}
    gone = sorted(key.name for key in before_ids if key.name not in before)
    deployment = Deployment(prod, before, after)
    gone += _without_table(context, deployment)
    if gone:
        raise Refused(
            f"the tables before are gone (the janitor keeps them for the snapshot_ttl of "
            f"config.py): {_names(gone)}; {REVERT}"
        )
    altered = _altered(context, deployment)
    if altered:
        allowed = " ".join(f"--allow-destructive-model {_names([name])}" for name in altered)
        raise Refused(
            "a forward-only change took the place of columns that the version before needs, or "
            f"added some that it cannot leave empty: {_names(altered)}; {REVERT} {allowed}"
        )
    return deployment


def _names(fqns: Iterable[str]) -> str:
    return ", ".join(map(short_name, fqns))


def _without_table(context: Context, deployment: Deployment) -> list[str]:
    coming_back = deployment.before.keys() - deployment.after.keys()
    return sorted(
        name
        for name in coming_back.union(deployment.changed).difference(deployment.in_place)
        if deployment.before[name].is_model
        and not deployment.before[name].is_symbolic
        and not context.engine_adapter.table_exists(deployment.before[name].table_name())
    )


def _altered(context: Context, deployment: Deployment) -> list[str]:
    """Models whose table has been altered so that the version before cannot fill it."""
    altered = []
    for name in deployment.in_place:
        snapshot = deployment.before[name]
        if snapshot.is_materialized and not snapshot.is_seed:
            columns = set(snapshot.model.columns_to_types or {})
            there = set(context.engine_adapter.columns(snapshot.table_name()))
            # SQLMesh then selects the table's columns, not the model's, from the query.
            takes_all = snapshot.model.kind.is_scd_type_2 or not snapshot.model.annotated
            if columns - there or takes_all and there - columns:
                altered.append(name)
    return altered


def describe(deployment: Deployment) -> str:
    """What a rollback does to prod, model by model."""
    prod, before, after = deployment.prod, deployment.before, deployment.after
    effects: dict[str, list[str]] = {}
    for name in sorted(before.keys() | after.keys()):
        if name not in before:
            effect = "was added, is not shown any more"
        elif name not in after:
            effect = f"was removed, is shown again{_lack(before[name])}"
        elif name not in deployment.changed:
            continue
        elif name not in deployment.in_place:
            effect = f"the version before is shown again{_lack(before[name], after[name])}"
        elif before[name].is_view:
            effect = "a view that reads what is shown then"
        elif before[name].is_forward_only or after[name].is_forward_only:
            effect = "changed forward-only: its table stays, with the rows and columns added since"
        else:
            effect = "its table stays, the change did not touch its rows"
        effects.setdefault(effect, []).append(name)
    if prod.finalized_ts:
        ended = f"ended at {to_datetime(prod.finalized_ts):%Y-%m-%d %H:%M} UTC"
    else:
        ended = "has not ended: it stopped half way, or is under way"
    lines = [f"  - {effect}: {_names(names)}" for effect, names in effects.items()]
    return "\n".join([f"The last deployment to prod {ended}. A rollback:", *lines])


def _lack(before: Snapshot, after: Snapshot | None = None) -> str:
    """Up to which day a table is filled, where that is not the same in prod."""
    if before.is_view or not before.intervals:
        return ""
    last = last_day([before])
    in_prod = last_day([after]) if after else None
    if last == in_prod:
        return ""
    return f", with the days up to {last}" + (f" (now {in_prod})" if in_prod else "")


def roll_back(context: Context, deployment: Deployment) -> None:
    """Shows in prod what was shown before the deployment.

    SQLMesh records this as a deployment, so that a second rollback brings back the first.
    """
    prod = deployment.prod
    environment = prod.copy(
        update={
            "snapshots_": [snapshot.table_info for snapshot in deployment.before.values()],
            "promoted_snapshot_ids_": None,
            "previous_finalized_snapshots_": prod.finalized_or_current_snapshots,
            "plan_id": f"{ROLLBACK}{uuid4().hex}",
            "previous_plan_id": prod.plan_id,
            "finalized_ts": None,
        }
    )
    plan = plan_to_show(context, environment)
    with notified(context, plan):
        for key in snapshots_to_dag(deployment.before.values()):
            # Views that both versions share read the tables of the version before again.
            if key.name in deployment.in_place and deployment.before[key.name].is_view:
                view = deployment.before[key.name]
                evaluate(context, view, deployment.before, plan.start, plan.end)
        promote(context, plan)
        # So that the next plan takes both versions of a forward-only change as they are.
        mark_as_restorable(
            context,
            [
                s[name]
                for s in (deployment.before, deployment.after)
                for name in deployment.in_place
            ],
        )
