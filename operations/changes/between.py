"""What an environment changes in the data of prod, and what a deployment still computes.

It is read from the state and the tables, so it is what the environment shows.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlmesh import Context
from sqlmesh.core.snapshot import Snapshot

from operations import CommandError
from operations.changes.backfill import Backfill, backfills, plan_of_deployment
from operations.changes.coverage import Version
from operations.changes.models import Comparer, ModelChange
from operations.hooks.run_record import durations
from operations.sqlmesh_internals import ContextDiff, DeployabilityIndex, Environment
from operations.terminal import short_name

PROD = "prod"


class ChangesError(CommandError):
    """Two environments cannot be compared; says why and what to do."""


@dataclass(frozen=True)
class Changes:
    """What an environment changes against another one."""

    environment: str
    against: str
    models: tuple[ModelChange, ...]  # those that were changed first, then what they affect
    same: tuple[str, ...]  # affected models that show the same table in both
    removed: tuple[tuple[str, int], ...]  # models that are gone, with their rows
    left: tuple[Backfill, ...] | None  # what a deployment to prod computes; None against others
    seconds: float  # that this takes, as far as it is known


def changes(
    context: Context,
    name: str,
    against: str = PROD,
    watch: Callable[[Sequence[str]], Iterable[str]] = iter,
) -> Changes:
    """Finds what an environment changes.

    Args:
        context: The project, loaded.
        name: The environment.
        against: The environment that it is compared with.
        watch: Goes through the models that are compared, which may take long, and shows how far.

    Raises:
        ChangesError: One of them does not exist or is unfinished, or a change is not shown in it.
    """
    environment, other = _environment(context, name), _environment(context, against)
    if environment.name == other.name:
        raise ChangesError(f"'{name}' cannot be compared with itself.")
    after, before = _models(context, environment), _models(context, other)
    _check_planned(context, after, before)
    diff = ContextDiff.create(
        environment=other.name,
        snapshots=dict(after.snapshots),
        create_from=other.name,
        state_reader=context.state_reader,
        infer_python_dependencies=False,
    )
    _check_shown(environment, diff)

    comparer = Comparer(context, after, before, diff, watch)
    models, removed = comparer.models(), comparer.removed()
    left, seconds = None, 0.0
    if other.name == PROD:
        plan = plan_of_deployment(context, diff)
        took = {**durations(context, other.name), **durations(context, environment.name)}
        left, seconds = backfills(plan, comparer.rows_and_days, took)
    return Changes(environment.name, other.name, models, comparer.same(), removed, left, seconds)


def _environment(context: Context, name: str) -> Environment:
    """An environment that a plan has finished."""
    environment = context.state_reader.get_environment(Environment.sanitize_name(name))
    if environment is None and name == PROD:
        raise ChangesError("There is no prod yet. Make it: bash setup.sh run")
    if environment is None:
        known = sorted(e.name for e in context.state_reader.get_environments_summary())
        raise ChangesError(
            f"There is no environment '{name}', but {', '.join(known) or 'none at all'}. "
            f"Make it: sqlmesh plan {name}"
        )
    if environment.expired:
        raise ChangesError(f"Environment '{name}' has expired. Make it anew: sqlmesh plan {name}")
    if not environment.finalized_ts:
        raise ChangesError(
            f"The last plan of '{name}' did not end well. Look at what it said, then: "
            f"sqlmesh plan {name}"
        )
    return environment


def _models(context: Context, environment: Environment) -> Version:
    """The models of an environment."""
    snapshots = context.state_reader.get_snapshots(environment.snapshots).values()
    models = {snapshot.name: snapshot for snapshot in snapshots if snapshot.is_model}
    if environment.name == PROD:
        return Version(environment, models, DeployabilityIndex.all_deployable())
    # As at its plan: days that another environment computed of the same model since then would
    # make SQLMesh take the table of a preview for the one that prod would show.
    as_planned = [
        s.model_copy(update={"intervals": []})
        if s.dev_intervals and not s.is_indirect_non_breaking
        else s
        for s in models.values()
    ]
    index = DeployabilityIndex.create(as_planned, start=environment.start_at)
    return Version(environment, models, index)


def _check_planned(context: Context, after: Version, before: Version) -> None:
    """Refuses a checkout with changes that were not planned: they would be missed in silence."""
    here = {name: s for name, s in context.snapshots.items() if s.is_model}
    versions: list[Mapping[str, Snapshot]] = [here, after.snapshots, before.snapshots]
    states = [{name: s.fingerprint for name, s in each.items()} for each in versions]
    unplanned = _only_first(states)
    if unplanned:  # with all that is affected; those that were changed themselves say why
        own = [
            {name: (f.data_hash, f.metadata_hash) for name, f in each.items()} for each in states
        ]
        unplanned = _only_first(own) or unplanned
        name = after.environment.name
        raise ChangesError(
            f"This checkout has {_listed(unplanned)} neither as '{name}' nor as "
            f"'{before.environment.name}'. If it was changed here, plan it: sqlmesh plan {name}. "
            "Else the checkout is behind: bring it up to date."
        )


def _only_first(versions: Sequence[Mapping[str, Hashable]]) -> list[str]:
    """The names that stand for something in the first version that they do not in the others."""
    first, *others = versions
    names = sorted(set().union(*versions))
    return [name for name in names if first.get(name) not in [each.get(name) for each in others]]


def _check_shown(environment: Environment, diff: ContextDiff) -> None:
    """Refuses an environment without views of what it changes."""
    shown = {info.snapshot_id for info in environment.promoted_snapshots}
    changed = diff.current_modified_snapshot_ids | diff.added
    hidden = sorted(key.name for key in changed - shown)
    if hidden:
        raise ChangesError(
            f"'{environment.name}' does not show {_listed(hidden)}, in which it differs from "
            f"'{diff.environment}': the plan left it out, or '{diff.environment}' has moved on. "
            f"Plan it whole: sqlmesh plan {environment.name}"
        )


def _listed(names: Sequence[str]) -> str:
    """Models, of their full names."""
    return ", ".join(map(short_name, names))
