"""What two environments differ in, model by model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlmesh import Context
from sqlmesh.core.snapshot import Snapshot

from operations.changes.backfill import days_in
from operations.changes.coverage import Version, coverage
from operations.changes.rejections import REJECTED_FOR, SCHEMA, Rejections, compare_rejections
from operations.changes.rows import Comparison, compare, count
from operations.changes.rules import RuleChange, changed_rules
from operations.environment.personal_data import PersonalData
from operations.environment.shown import outcome
from operations.sqlmesh_internals import ContextDiff, audit, random_id

CHANGED, NEW, AFFECTED, METADATA, SAME = "changed", "new", "affected", "metadata", "same"
UNFILLED = "forward-only and without rows here"
PREVIEW = "as earlier days are lacking"


@dataclass(frozen=True)
class Audit:
    """The outcome of an audit of a model: passed, warned or failed, by the rows that it found."""

    name: str
    outcome: str
    rows: int


@dataclass(frozen=True)
class ModelChange:
    """What an environment changes of a model.

    `how` says whether the model was changed itself, is new, is affected by what it reads, or was
    changed in its metadata alone (description, audits, owner). Only the first and the third are
    compared, and the third not where that would mislead: `why_not` says so.
    """

    name: str
    how: str
    audits: tuple[Audit, ...]
    rows: int = 0  # of a new model
    columns: tuple[tuple[str, str], ...] = ()  # of a new model, with their types
    comparison: Comparison | None = None
    rules: tuple[RuleChange, ...] = ()  # that its own change is about
    rejections: Rejections | None = None  # of a feed's quarantine
    why_not: str = ""  # a model that is affected is not compared
    days_lacking: int = 0  # that the other environment has and this one not, here or above
    is_by_day: bool = False  # only days that both have were compared
    is_forward_only: bool = False  # rows that are in prod stay as they are
    loses_history: bool = False  # versions of rows in prod are not taken over


class Comparer:
    """Compares the models of an environment with those of another one.

    Args:
        diff: What SQLMesh says that differs.
        watch: Goes through the names of the models, each of which may take long, and shows how far.
    """

    def __init__(
        self,
        context: Context,
        after: Version,
        before: Version,
        diff: ContextDiff,
        watch: Callable[[Sequence[str]], Iterable[str]],
    ) -> None:
        self._context, self._adapter = context, context.engine_adapter
        self._after, self._before, self._diff, self._watch = after, before, diff, watch
        self._covered = coverage(after, before, self._adapter.SUPPORTS_CLONING)
        versions = ({n: s.model for n, s in v.snapshots.items()} for v in (after, before))
        self._personal = PersonalData(*versions)

    def models(self) -> tuple[ModelChange, ...]:
        """The models that differ: first those that were changed, then what they affect."""
        names = {name: self._how(name) for name in self._covered}
        order = [
            name
            for how in (CHANGED, NEW, AFFECTED, METADATA)
            for name in names
            if names[name] == how
        ]
        with self._temp_schema() as temp_schema:
            return tuple(self._model(name, names[name], temp_schema) for name in self._watch(order))

    def same(self) -> tuple[str, ...]:
        """The affected models that show the same table in both environments."""
        return tuple(
            self._after.snapshots[name].model.name
            for name in self._covered
            if self._how(name) == SAME
        )

    def removed(self) -> tuple[tuple[str, int], ...]:
        """The models that are not there any more, with the rows that they have."""
        names = sorted(key.name for key in self._diff.removed_snapshots)
        return tuple(
            (self._before.snapshots[name].model.name, self._count(self._before, name))
            for name in names
        )

    def rows_and_days(self, snapshot: Snapshot) -> tuple[int, int]:
        """The rows that a model has and of how many days, before the change if it was there."""
        version = self._before if snapshot.name in self._before.snapshots else self._after
        days = version.days(snapshot.name, self._adapter.SUPPORTS_CLONING)
        return self._count(version, snapshot.name), days_in(days)

    def _how(self, name: str) -> str:
        """How a model differs; empty if it does not."""
        diff = self._diff
        if self._after.snapshots[name].snapshot_id in diff.added:
            return NEW
        if name not in diff.modified_snapshots:
            return ""
        if diff.directly_modified(name):
            return CHANGED
        if self._after.table(name) != self._before.table(name):
            return AFFECTED
        new, old = diff.modified_snapshots[name]
        if diff.indirectly_modified(name):  # which changes its metadata too: what it reads
            audits = {version.model.audit_metadata_hash() for version in (new, old)}
            return SAME if len(audits) == 1 else METADATA
        return METADATA if diff.metadata_updated(name) else ""

    def _model(self, name: str, how: str, temp_schema: str) -> ModelChange:
        snapshot, covered = self._after.snapshots[name], self._covered[name]
        change = ModelChange(snapshot.model.name, how, self._audits(snapshot))
        if how == METADATA:
            return change
        if how == CHANGED:
            change = replace(change, rules=changed_rules(self._diff.text_diff(name)))
        if how == NEW:
            types = self._adapter.columns(self._view(self._after, name))
            columns = tuple((column, type_.sql("databricks")) for column, type_ in types.items())
            return replace(change, rows=self._count(self._after, name), columns=columns)

        change = replace(change, days_lacking=days_in(covered.lacking))
        before, after = self._view(self._before, name), self._view(self._after, name)
        is_empty = snapshot.is_forward_only and not count(self._adapter, after)
        if how == AFFECTED and is_empty:
            return replace(change, why_not=UNFILLED)
        if how == AFFECTED and covered.is_preview and not covered.where:
            return replace(change, why_not=PREVIEW)
        comparison = compare(
            self._adapter,
            before,
            after,
            key=snapshot.model.on,
            is_personal=lambda column: self._personal.holds(name, column),
            temp_schema=temp_schema,
            where=covered.where,
        )
        rejections = None
        types = snapshot.model.columns_to_types_or_raise
        if snapshot.model.schema_name == SCHEMA and REJECTED_FOR in types:
            rejections = compare_rejections(self._adapter, before, after, types, covered.where)
        if is_empty or (covered.lacking and not covered.where):  # it may be of such a day
            comparison = replace(comparison, removed=None)
            rejections = rejections and replace(rejections, left=None)
        return replace(
            change,
            comparison=comparison,
            rejections=rejections,
            is_by_day=covered.where is not None,
            is_forward_only=snapshot.is_forward_only,
            loses_history=snapshot.model.kind.is_scd_type_2 and not snapshot.is_forward_only,
        )

    def _audits(self, snapshot: Snapshot) -> tuple[Audit, ...]:
        """Runs a model's audits on all days that it holds: SQLMesh keeps no outcome of a plan's."""
        held = self._covered[snapshot.name].held
        if not held:
            return ()
        index = self._after.index
        if index.is_representative(snapshot):  # an audit looks at the table by its being deployable
            index = index.with_deployable(snapshot)
        days = held[0][0], held[-1][1]
        results = audit(self._context, snapshot, self._after.snapshots, *days, index)
        return tuple(
            Audit(result.audit.name, outcome(result), result.count or 0)
            for result in results
            if not result.skipped
        )

    def _view(self, version: Version, name: str) -> str:
        return version.view(name, self._adapter.dialect)

    def _count(self, version: Version, name: str) -> int:
        return count(self._adapter, self._view(version, name))

    @contextmanager
    def _temp_schema(self) -> Iterator[str]:
        """A schema for the tables of the table diff, in the environment's catalog; then dropped."""
        names = self._after.environment.naming_info
        some = next(iter(self._after.snapshots.values()))
        catalog = some.qualified_view_name.catalog_for_environment(names, self._adapter.dialect)
        schema = f"{catalog}.changes_{random_id(short=True)}"
        try:
            yield schema
        finally:
            self._adapter.drop_schema(schema, cascade=True)
