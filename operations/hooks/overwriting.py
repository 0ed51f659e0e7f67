"""A plan stops where it would write over what SQLMesh's state knows nothing of.

SQLMesh drops whatever stands where a view of its is to be, also another tool's table. And where its
state is lost, it fills the tables of the former build anew: also silver.users_snapshot, which no
delivery can rebuild.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from sqlglot import exp
from sqlmesh import Context
from sqlmesh.utils.errors import SQLMeshError

from operations.hooks.before_plans import is_rollback
from operations.sqlmesh_internals import EvaluatablePlan
from operations.terminal import counted, first_of

MOST_NAMES = 5  # that are named


def refuse_to_overwrite(context: Context, plan: EvaluatablePlan) -> None:
    """Looks at what stands where a plan makes views and tables for the first time.

    Raises:
        SQLMeshError: Something does.
    """
    if is_rollback(plan):  # one that was cut off may have left a view
        return
    made = [*_first_views(context, plan), *_first_tables(context, plan)]
    found = [f"{there.catalog}.{there.db}.{there.name}" for there in standing(context, made)]
    if found:
        raise SQLMeshError(
            f"{counted(len(found), 'object')} would be overwritten, of which SQLMesh's state knows "
            f"nothing: {first_of(found, MOST_NAMES)}. Nothing was changed. If the state was lost, "
            "bring it back from a backup. If another tool made them, rename them or move them to "
            "another schema. If they may go, drop them. Then plan again."
        )


def _first_views(context: Context, plan: EvaluatablePlan) -> Iterator[exp.Table]:
    """The views of a plan that its environment does not have yet."""
    before = context.state_reader.get_environment(plan.environment.name)
    known = {snapshot.name for snapshot in before.snapshots} if before else set()
    for snapshot in plan.environment.promoted_snapshots:
        if snapshot.is_model and not snapshot.is_symbolic and snapshot.name not in known:
            yield snapshot.qualified_view_name.table_for_environment(
                plan.environment.naming_info, dialect=context.engine_adapter.dialect
            )


def _first_tables(context: Context, plan: EvaluatablePlan) -> Iterator[exp.Table]:
    """The tables of versions that a plan makes, if none at the same time has made them."""
    made = context.state_reader.snapshots_exist(new.snapshot_id for new in plan.new_snapshots)
    for snapshot in plan.new_snapshots:
        if snapshot.snapshot_id in made or not snapshot.is_new_version:
            continue
        if snapshot.is_model and not snapshot.is_symbolic:
            for is_deployable in (True, False):
                yield exp.to_table(snapshot.table_name(is_deployable))


def standing(context: Context, tables: Iterable[exp.Table]) -> Iterator[exp.Table]:
    """Those of some tables and views that are there."""
    by_schema: dict[tuple[str, str], dict[str, exp.Table]] = defaultdict(dict)
    for table in tables:
        by_schema[table.catalog, table.db][table.name] = table
    for catalog, schema in sorted(by_schema):
        named = by_schema[catalog, schema]
        where = exp.table_(schema, db=catalog)
        for there in context.engine_adapter.get_data_objects(where, set(named)):
            yield named[there.name]
