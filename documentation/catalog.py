"""What the site says of the models: from their files, and from what an environment shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from io import StringIO

from sqlglot import exp
from sqlmesh import Context
from sqlmesh.core.model import Model
from sqlmesh.utils.errors import SQLMeshError

from operations.environment.lineage import Column, parents
from operations.environment.personal_data import PersonalData, tagged
from operations.environment.shown import (
    Rows,
    Snapshots,
    audited_days,
    feeds,
    fetch,
    last_day,
    last_delivery,
    outcome,
    rejected,
    rows,
    shown,
    size,
)
from operations.hooks.failures import next_step
from operations.landing.account import Account, look
from operations.sqlmesh_internals import Audit, ModelTest, ModelTextTestResult, audit

ENGINES = {"Databricks": "databricks", "DuckDB": "duckdb"}
PREVIEWED = 10  # rows of each model
MASK = "***"


@dataclass(frozen=True)
class AuditOutcome:
    """An audit of a model. Without an outcome it has not run."""

    name: str
    arguments: str
    blocking: bool
    next_step: str
    outcome: str
    rows: int | None


@dataclass(frozen=True)
class UnitTest:
    """A unit test of a model and how it ended just now."""

    name: str
    description: str
    outcome: str


@dataclass(frozen=True)
class Preview:
    """Some rows of a model; what the masked columns hold is not told."""

    columns: list[str]
    rows: Rows
    masked: list[str]


@dataclass(frozen=True)
class Shown:
    """What an environment shows: nothing before its first plan.

    Attributes:
        snapshots: By their names.
        views: By the names of the models in their files.
        last_delivery: Day of the newest delivery.
        last_day: Day up to which the environment was run.
    """

    environment: str
    snapshots: Snapshots
    views: Mapping[str, str]
    last_delivery: date | None
    last_day: date | None


def what_is_shown(context: Context, environment: str) -> Shown:
    """Looks an environment up, and how far it is."""
    snapshots, views = shown(context, environment)
    delivered = last_delivery(context, views) if snapshots else None
    return Shown(environment, snapshots, views, delivered, last_day(snapshots.values()))


class Catalog:
    """All models with their lineage, and what an environment shows of them."""

    def __init__(self, context: Context, environment: str) -> None:
        self.context = context
        self.models: Mapping[str, Model] = dict(context.models)
        self.shown = what_is_shown(context, environment)
        self.tagged = tagged(self.models)
        self._audits: dict[str, list[AuditOutcome]] = {}

    @cached_property
    def lineage(self) -> Mapping[Column, Collection[Column]]:
        """The columns of other models that each column is directly computed from; none where it is
        delivered."""
        found = {
            (name, column): parents(model, column) if model.is_sql else None
            for name, model in self.models.items()
            for column in model.columns_to_types or {}
        }
        return {
            column: sorted(parent for parent in above or () if parent[0] != column[0])
            for column, above in found.items()
        }

    @cached_property
    def rows(self) -> Mapping[str, int]:
        """The number of rows of each model that the environment shows, by the model's name."""
        return rows(self.context, self.shown.views)

    @cached_property
    def unit_tests(self) -> Mapping[str, list[UnitTest]]:
        """The unit tests of each model, by its name in its file. They are run."""
        # Asked before they run: a run puts the model's full name in the place of this one.
        found = [(test, test.model_name) for test in self.context.select_tests()]
        outcomes = _not_passed(self.context.test(stream=StringIO()))
        by_model: dict[str, list[UnitTest]] = {}
        for test, model in found:
            description = test.body.get("description", "")
            outcome = outcomes.get(test.test_name, "passed")
            by_model.setdefault(model, []).append(UnitTest(test.test_name, description, outcome))
        return by_model

    def ordered(self) -> list[Model]:
        """The models, what is upstream first."""
        return [self.models[name] for name in self.context.dag.sorted if name in self.models]

    def neighbours(self, model: Model) -> tuple[list[Model], list[Model]]:
        """The models that a model reads or waits for, and those that do so with it."""
        above = sorted(name for name in model.depends_on if name in self.models)
        below = sorted(n for n, other in self.models.items() if model.fqn in other.depends_on)
        return [self.models[name] for name in above], [self.models[name] for name in below]

    def used_by(self, column: Column) -> list[Column]:
        """The columns that are directly computed from a column."""
        return self._users.get(column, [])

    @cached_property
    def _users(self) -> Mapping[Column, list[Column]]:
        found: dict[Column, list[Column]] = {}
        for below, above in sorted(self.lineage.items()):
            for column in above:
                found.setdefault(column, []).append(below)
        return found

    @cached_property
    def feeds(self) -> Rows:
        """What became of the rows of each feed, as `feeds` says."""
        return feeds(self.context, self.shown.views) if self.shown.views else []

    @cached_property
    def rejected(self) -> Rows:
        """Feed, reason, rejected rows, the most frequent first."""
        return rejected(self.context, self.shown.views) if self.shown.views else []

    @cached_property
    def landing(self) -> tuple[Account, str]:
        """The landing's files that are not read or late, and why it could not be looked at."""
        try:
            return look(self.context, self.shown.environment), ""
        except SQLMeshError as error:  # a site can be built where the landing cannot be seen
            return Account(), str(error)

    @cached_property
    def _personal_data(self) -> PersonalData:
        # Of what is unchanged the code's model is taken: its columns have been traced already.
        shown = {
            name: code
            if (code := self.models.get(name)) and code.data_hash == snapshot.model.data_hash
            else snapshot.model
            for name, snapshot in self.shown.snapshots.items()
            if snapshot.is_model
        }
        return PersonalData(shown, self.models)

    def preview(self, model: Model) -> Preview | None:
        """Some rows of a model, personal data masked; None where the environment has none of it."""
        snapshot = self.shown.snapshots.get(model.fqn)
        if not snapshot or not snapshot.model.columns_to_types:
            return None
        names = list(snapshot.model.columns_to_types)
        masked = [name for name in names if self._personal_data.holds(model.fqn, name)]
        shown = [
            f"CASE WHEN `{name}` IS NOT NULL THEN '{MASK}' END" if name in masked else f"`{name}`"
            for name in names
        ]
        view = self.shown.views[model.name]
        found = fetch(self.context, f"SELECT {', '.join(shown)} FROM {view} LIMIT {PREVIEWED}")
        said = [tuple(None if value is None else str(value) for value in row) for row in found]
        return Preview(names, said, masked)

    def size(self, model: Model) -> int | None:
        """The bytes of a model's table; None of a view, and where no table is shown."""
        snapshot = self.shown.snapshots.get(model.fqn)
        has_table = snapshot and snapshot.model.kind.is_materialized
        return size(self.context, snapshot.table_name()) if snapshot and has_table else None

    def audits(self, model: Model) -> list[AuditOutcome]:
        """The audits of a model, run again once."""
        if model.fqn not in self._audits:
            self._audits[model.fqn] = self._run_audits(model)
        return self._audits[model.fqn]

    def _run_audits(self, model: Model) -> list[AuditOutcome]:
        snapshot = self.shown.snapshots.get(model.fqn)
        if not snapshot or not self.shown.last_day:
            return [_audit(a, arguments, "", None) for a, arguments in model.audits_with_args]
        days = audited_days(self.shown.last_delivery, self.shown.last_day)
        results = audit(self.context, snapshot, self.shown.snapshots, *days)
        return [
            _audit(result.audit, result.audit_args or {}, outcome(result), result.count)
            for result in results
        ]

    def up_to(self, model: Model) -> date | None:
        """The day up to which a model was computed; None for what has no table of its own."""
        snapshot = self.shown.snapshots.get(model.fqn)
        return last_day([snapshot]) if snapshot and not model.kind.is_view else None

    def rendered(self, model: Model) -> Mapping[str, str]:
        """A model's query for the last day, in the words of each engine."""
        if not model.is_sql:
            return {}
        day = self.shown.last_day or date.today() - timedelta(days=1)
        query = model.render_query_or_raise(
            start=day,
            end=day,
            execution_time=day + timedelta(days=1),
            engine_adapter=self.context.engine_adapter,
        )
        return {
            engine: query.sql(dialect=dialect, pretty=True) for engine, dialect in ENGINES.items()
        }


def _audit(
    audit: Audit, arguments: Mapping[str, exp.Expr], outcome: str, rows: int | None
) -> AuditOutcome:
    shown = {name: value for name, value in arguments.items() if name != "blocking"}
    return AuditOutcome(
        name=audit.name,
        arguments=", ".join(
            f"{name} := {value.sql('databricks')}" for name, value in shown.items()
        ),
        blocking=audit.blocking,
        next_step=next_step(audit.name),
        outcome=outcome,
        rows=rows,
    )


def _not_passed(result: ModelTextTestResult) -> Mapping[str, str]:
    """The outcome of each test that did not pass."""
    ended = {"failed": result.failures, "stopped by an error": result.errors}
    return {
        test.test_name: outcome
        for outcome, tests in ended.items()
        for test, _ in tests
        if isinstance(test, ModelTest)
    }
