"""What the platform uses of SQLMesh that SQLMesh does not promise. Nothing else imports it.

Promised is what SQLMesh's documentation (sqlmesh.readthedocs.io, guides and concepts) imports or
explains. Everything else may change with any version. tests/test_sqlmesh_internals.py says for each
name here what the platform takes to be so, and holds it against the pinned version.
"""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.syntax import Syntax
from rich.text import Text
from sqlglot import exp
from sqlglot.lineage import Node
from sqlmesh import Context, EngineAdapter, Model, Snapshot
from sqlmesh.core import constants as c
from sqlmesh.core.audit import Audit, ModelAudit
from sqlmesh.core.config import Config
from sqlmesh.core.config.connection import DatabricksConnectionConfig, DuckDBConnectionConfig
from sqlmesh.core.config.loader import load_configs
from sqlmesh.core.console import (
    Console,
    MarkdownConsole,
    TerminalConsole,
    configure_console,
    get_console,
)
from sqlmesh.core.context_diff import ContextDiff
from sqlmesh.core.dialect import MacroFunc, normalize_model_name
from sqlmesh.core.engine_adapter.databricks import DatabricksEngineAdapter
from sqlmesh.core.engine_adapter.duckdb import DuckDBEngineAdapter
from sqlmesh.core.environment import Environment, EnvironmentNamingInfo
from sqlmesh.core.loader import SqlMeshLoader
from sqlmesh.core.model.definition import AuditResult
from sqlmesh.core.notification_target import NotificationEvent, SlackWebhookNotificationTarget
from sqlmesh.core.plan import EvaluatablePlan, Plan, PlanBuilder
from sqlmesh.core.plan.common import identify_restatement_intervals_across_snapshot_versions
from sqlmesh.core.plan.evaluator import BuiltInPlanEvaluator
from sqlmesh.core.snapshot import (
    DeployabilityIndex,
    SnapshotId,
    SnapshotTableInfo,
    snapshots_to_dag,
)
from sqlmesh.core.snapshot.definition import Interval, QualifiedViewName, remove_interval
from sqlmesh.core.state_sync import CachingStateSync, StateReader, StateSync
from sqlmesh.core.state_sync.db.utils import snapshot_id_filter
from sqlmesh.core.table_diff import RowDiff, TableDiff
from sqlmesh.core.test import ModelTestMetadata
from sqlmesh.core.test.definition import ModelTest
from sqlmesh.core.test.result import ModelTextTestResult
from sqlmesh.integrations.slack import TSlackMessage
from sqlmesh.utils import random_id
from sqlmesh.utils.cache import FileCache
from sqlmesh.utils.concurrency import NodeExecutionFailedError
from sqlmesh.utils.date import TimeLike, now
from sqlmesh.utils.errors import ConfigError
from sqlmesh.utils.hashing import crc32

from operations.damage import explained
from operations.text import as_code, plain

# Used as they are: what the tests say of each is all that the platform relies on.
__all__ = [
    "Audit",
    "AuditResult",
    "Console",
    "ContextDiff",
    "DeployabilityIndex",
    "Environment",
    "EnvironmentNamingInfo",
    "EvaluatablePlan",
    "Interval",
    "MacroFunc",
    "ModelTest",
    "ModelTextTestResult",
    "NodeExecutionFailedError",
    "Plan",
    "PlanBuilder",
    "QualifiedViewName",
    "RowDiff",
    "SnapshotId",
    "SnapshotTableInfo",
    "StateReader",
    "StateSync",
    "TableDiff",
    "configure_console",
    "get_console",
    "normalize_model_name",
    "random_id",
    "remove_interval",
    "snapshots_to_dag",
]

logger = logging.getLogger(__name__)

TERMINALS = (TerminalConsole, MarkdownConsole)  # one is that of a pipe, and of the CI bot
DIFF = "---"  # begins one
MOST_OF_LINE = 300  # characters of a line in the bot's check
LISTED = ">\n> - \n> "  # what SQLMesh puts around each there
CUT_OFF = "...\n>\n> Truncated. Please check the console for full information.\n"
STEPS = "_streaming_steps"  # a console's attribute: what is done before it is told something


class Loader(SqlMeshLoader):
    """SQLMesh's loader, with the parsed unit tests cached.

    SQLMesh caches models, and parses the tests at every command: a fifth of its start.
    """

    def _load_model_test_file(self, path: Path) -> dict[str, ModelTestMetadata]:
        parsed = super()._load_model_test_file
        text = path.read_text(encoding="utf-8")
        if "{{" in text or "{%" in text:  # it may depend on more than its text
            return parsed(path)
        cache: FileCache[dict[str, Any]] = FileCache(self.context.cache_dir, "unit_test")
        bodies = cache.get_or_load(
            path.stem,
            crc32([text]),
            loader=lambda: {name: test.body for name, test in parsed(path).items()},
        )
        return {
            name: ModelTestMetadata(path=path, test_name=name, body=body)
            for name, body in bodies.items()
        }


class _WarehouseAdapter(DatabricksEngineAdapter):
    """SQLMesh's adapter, less statements that tell it nothing it does not know.

    docs/databricks.md, "What SQLMesh could spare", counts them.
    """

    @property
    def current_catalog_type(self) -> str:
        """By which SQLMesh cuts comments; before each one it asks the warehouse for the catalog."""
        return self.get_catalog_type(self.default_catalog)

    def set_current_catalog(self, catalog_name: str) -> None:
        """Changes the catalog. A connection begins in the default one; SQLMesh sets no other."""
        if catalog_name != self.default_catalog:
            super().set_current_catalog(catalog_name)

    def _create_column_comments(
        self,
        table_name: exp.Table | str,
        column_comments: dict[str, str],
        table_kind: str = "TABLE",
        materialized_view: bool = False,
    ) -> None:
        """Sets the comments of a table's columns, in one statement; SQLMesh sends one a column.

        A warehouse that takes no such statement gets SQLMesh's.
        """
        comments = (
            f"{exp.column(column, quoted=True).sql(self.dialect)} COMMENT "
            f"{exp.Literal.string(self._truncate_column_comment(comment)).sql(self.dialect)}"
            for column, comment in column_comments.items()
        )
        table = exp.to_table(table_name).sql(self.dialect, identify=True)
        try:
            self.execute(f"ALTER TABLE {table} ALTER COLUMN {', '.join(comments)}")
        except Exception:
            super()._create_column_comments(
                table_name, column_comments, table_kind, materialized_view
            )


class _Warehouse(DatabricksConnectionConfig):
    """SQLMesh's connection to a SQL warehouse, which does nothing before it is used.

    At every start SQLMesh makes the adapters of all gateways. For OAuth it asks the workspace for
    its endpoints then, also when the gateway is not used, and for minutes where no host answers.
    """

    @property
    def _connection_factory_with_kwargs(self) -> Callable[[], Any]:
        @cache
        def factory() -> Callable[[], Any]:
            return super(_Warehouse, self)._connection_factory_with_kwargs

        return lambda: factory()()

    @property
    def _engine_adapter(self) -> type[DatabricksEngineAdapter]:
        return _WarehouseAdapter


def sql_warehouse(**settings: Any) -> DatabricksConnectionConfig:
    """The connection of a gateway to a SQL warehouse, from SQLMesh's settings of a connection.

    Raises:
        ConfigError: A setting is missing or does not fit.
    """
    try:
        return _Warehouse(**settings)
    except ValidationError as error:
        reasons = "; ".join(each["msg"] for each in error.errors(include_input=False))
        raise ConfigError(f"The gateway to Databricks: {reasons}. See .env.example.") from None


class _FilesAdapter(DuckDBEngineAdapter):
    """SQLMesh's adapter of DuckDB; of a file that is damaged or in use it says the way out."""

    @property
    def cursor(self) -> Any:
        """Connects if it has to."""
        with explained():
            return super().cursor

    @contextmanager
    def transaction(self, condition: bool | None = None) -> Iterator[None]:
        """Connects if it has to, and begins one where the adapter has any."""
        with explained(), super().transaction(condition):
            yield

    def _execute(self, sql: str, *arguments: Any, **named: Any) -> None:
        with explained():
            super()._execute(sql, *arguments, **named)


class _Files(DuckDBConnectionConfig):
    """SQLMesh's connection to files of DuckDB."""

    @property
    def _engine_adapter(self) -> type[DuckDBEngineAdapter]:
        return _FilesAdapter


class _LocalStateAdapter(_FilesAdapter):
    """SQLMesh's adapter, with the transactions that SQLMesh asks for and DuckDB has.

    SQLMesh goes without: a command that was killed between two statements left a state without the
    environment, the version or the interval that it was about to write anew.
    """

    SUPPORTS_TRANSACTIONS = True


class _LocalState(DuckDBConnectionConfig):
    """SQLMesh's connection to a state in a file of DuckDB.

    The warehouse keeps SQLMesh's: a transaction of DuckDB may write to one file, and an erasure
    writes to that of prod and that of dev.
    """

    @property
    def _engine_adapter(self) -> type[DuckDBEngineAdapter]:
        return _LocalStateAdapter


def local_state(database: str, concurrent_tasks: int) -> DuckDBConnectionConfig:
    """The connection to a state in a file, what is written to it being whole or not at all."""
    return _LocalState(database=database, concurrent_tasks=concurrent_tasks)


def duckdb_files(**settings: Any) -> DuckDBConnectionConfig:
    """The connection of a gateway to files of DuckDB, from SQLMesh's settings of a connection."""
    return _Files(**settings)


def listen(method: str, listener: Callable[..., None]) -> None:
    """Has a listener called with all that SQLMesh says to its console by a method.

    A listener that fails is no harm to the command: the log says why.
    """
    console = get_console()
    shown = getattr(console, method)

    def told(*arguments: Any, **named: Any) -> Any:
        try:
            listener(*arguments, **named)
        except Exception:
            logger.warning("%s is not told of %s.", listener, method, exc_info=True)
        return shown(*arguments, **named)

    setattr(console, method, told)


def say(lines: Iterable[str], style: str) -> None:
    """Says lines on SQLMesh's console, none broken into several: commands in them can be copied."""
    console = get_console()
    if isinstance(console, TerminalConsole):
        for line in map(plain, lines):
            # No markup in it; without markup in all that is shown, a bar below would lose its own.
            console.console.print(Text(line, style=style), highlight=False, soft_wrap=True)


def show_instead(method: str, show: Callable[..., None]) -> None:
    """Has a terminal show by a function what SQLMesh tells its console by a method.

    Args:
        show: Is given what SQLMesh shows it by, and what SQLMesh tells.
    """
    console = get_console()
    if type(console) in TERMINALS and method not in vars(console):
        setattr(console, method, partial(show, getattr(console, method)))


def show_failed_models(
    lines_of: Callable[[list[NodeExecutionFailedError[Any]]], list[str]],
) -> None:
    """Has a terminal show of the models that failed what a function says of them, line by line."""

    def show(_: Any, errors: list[NodeExecutionFailedError[Any]]) -> None:
        lines = lines_of(errors)
        say(lines, style="red")
        console = get_console()
        if isinstance(console, MarkdownConsole):  # that of the CI bot's check
            room = console.alert_block_max_content_length - len(CUT_OFF)
            console._errors.extend(_fitting(lines, room))

    show_instead("log_failed_models", show)


def _fitting(lines: Iterable[str], room: int) -> Iterator[str]:
    """Lines as code of Markdown, in so many characters: SQLMesh would cut one off in its middle,
    and what stands in it would be code no longer."""
    for line in lines:
        code = f"{as_code(line[:MOST_OF_LINE])}\n"
        room -= len(code) + len(LISTED) + code.count("\n")
        if room < 0:
            return
        yield code


def show_warnings(said: Callable[[str], str]) -> None:
    """Has a terminal show a warning as a function says it; where it says nothing, the log does."""

    def show(shown: Callable[..., None], message: str, *more: Any, **named: Any) -> None:
        if words := said(message):
            shown(words, *more, **named)
        else:
            logger.warning(message)

    show_instead("log_warning", show)


def show_computed(
    begin: Callable[..., None],
    lines_of: Callable[..., list[str]],
    lines_left: Callable[[], list[str]],
) -> None:
    """Has a terminal show of models that are computed the lines that functions say, and no bars
    when all is done.

    Args:
        begin: Is told what is about to be computed.
        lines_of: Is told what was computed.
        lines_left: Is asked at the end.
    """
    terminal = get_console()
    if not isinstance(terminal, TerminalConsole):
        return

    def started(shown: Callable[..., None], *arguments: Any, **named: Any) -> None:
        begin(*arguments, **named)
        shown(*arguments, **named)
        if terminal.evaluation_progress_live:
            terminal.evaluation_progress_live.transient = True

    def computed(
        shown: Callable[..., None],
        snapshot: Snapshot,
        interval: Interval,
        batch_idx: int,
        duration_ms: int | None,
        *audits: int,
        **named: Any,
    ) -> None:
        say(lines_of(snapshot, interval, duration_ms, *audits), style="")
        shown(snapshot, interval, batch_idx, None, *audits, **named)  # the bar alone

    def stopped(_: Any, success: bool = True) -> None:
        say(lines_left(), style="")
        # Also in a pipe, of which SQLMesh adds two empty lines
        TerminalConsole.stop_evaluation_progress(terminal, success)

    def promoting(shown: Callable[..., None], *arguments: Any, **named: Any) -> None:
        shown(*arguments, **named)
        if terminal.promotion_progress:
            terminal.promotion_progress.live.transient = True

    def promoted(_: Any, success: bool = True) -> None:
        TerminalConsole.stop_promotion_progress(terminal, success)

    show_instead("start_evaluation_progress", started)
    show_instead("update_snapshot_evaluation_progress", computed)
    show_instead("stop_evaluation_progress", stopped)
    show_instead("start_promotion_progress", promoting)
    show_instead("stop_promotion_progress", promoted)


def show_diffs(readable: Callable[[str], str]) -> None:
    """Has a plan on a terminal show the diff of a model as a function makes it readable."""

    def show(shown: Callable[..., None], value: Any, **named: Any) -> None:
        if isinstance(value, Syntax) and value.code.startswith(DIFF):
            value = Syntax(readable(value.code), "sql", word_wrap=True)
        elif isinstance(value, str) and value.startswith(f"```diff\n{DIFF}"):
            value = readable(value)
        shown(value, **named)

    show_instead("_print", show)


def show_signals_that_hold_back() -> None:
    """Has a terminal show only those signals that hold something back."""
    held: list[Snapshot] = []

    def update(shown: Callable[..., None], **told: Any) -> None:
        if told["ready_intervals"] != told["check_intervals"]:
            held.append(told["snapshot"])
        shown(**told)

    def stop(shown: Callable[..., None]) -> None:
        if not held:
            get_console().signal_status_tree = None  # type: ignore[attr-defined]
        held.clear()
        shown()

    show_instead("update_signal_progress", update)
    show_instead("stop_signal_progress", stop)


class StrictSlack(SlackWebhookNotificationTarget):
    """SQLMesh's channel of Slack, where a text is no link and mentions nobody.

    What Slack refuses is an error; SQLMesh looks at no answer.
    """

    def _send_slack_message(self, composed: TSlackMessage) -> None:
        for block in composed["blocks"]:
            if block.get("text", {}).get("type") == "mrkdwn":
                block["text"]["verbatim"] = True  # else Slack makes links and mentions of words
        # The attachments are dicts; SQLMesh's type says less.
        answer = self.client.send(**composed)  # type: ignore[arg-type]
        if answer.status_code != 200:
            raise ConnectionError(f"Slack answered {answer.status_code}: {answer.body}")


def file_of(definition: Model | ModelAudit) -> Path | None:
    """The file in which a model or an audit is written; None of what SQLMesh brings along."""
    return definition._path


def config_of(project: Path) -> Config:
    """The configuration of a project, without a context."""
    return load_configs(None, Config, [project])[project]


# What SQLMesh's UI keeps in the browser. Without it, it plans prod when it is opened.
UI_IN_DEV = {"profile": {"environment": {"name": "dev", "type": "local", "createFrom": "prod"}}}


def ui_app(project: Path, gateway: str, mode: str) -> Callable[..., Awaitable[None]]:
    """SQLMesh's UI as an ASGI application; `sqlmesh ui` would serve it to whoever asks."""
    os.environ |= {"PROJECT_PATH": str(project), "GATEWAY": gateway, "UI_MODE": mode}
    from web.server.main import create_app  # of SQLMesh's extra `web`

    return create_app()


def audit(
    context: Context,
    snapshot: Snapshot,
    snapshots: Mapping[str, Snapshot],
    start: TimeLike,
    end: TimeLike,
    index: DeployabilityIndex | None = None,
) -> list[AuditResult]:
    """Runs the audits of a model for some days.

    Args:
        snapshots: The model and those that it reads, by name.
        index: Which of them are audited in the table that prod would show; None: all.
    """
    return context.snapshot_evaluator.audit(
        snapshot, snapshots=dict(snapshots), start=start, end=end, deployability_index=index
    )


def column_lineage(model: Model, column: str) -> Node:
    """The tree of what a column of a model is computed from; its leaves are other models'."""
    from sqlmesh.core.lineage import lineage  # of no use to most commands

    return lineage(column, model, trim_selects=False)


def evaluate(
    context: Context,
    snapshot: Snapshot,
    snapshots: Mapping[str, Snapshot],
    start: TimeLike,
    end: TimeLike,
    moment: TimeLike | None = None,
) -> None:
    """Computes a model from the tables of `snapshots`; the state takes down nothing of it.

    Args:
        moment: At which it is computed; None: now.
    """
    context.snapshot_evaluator.evaluate(
        snapshot, start=start, end=end, execution_time=moment or now(), snapshots=dict(snapshots)
    )


def before(method: str, step: Callable[..., None]) -> None:
    """Has a step done before SQLMesh tells its console something; one that raises stops it.

    That of the first call of a console and method: whose context it is, the step has to know.

    Args:
        method: Of the console, such as `start_plan_evaluation`: before a plan writes anything.
        step: Is given what the console is.
    """
    console = get_console()
    steps: set[str] = vars(console).setdefault(STEPS, set())
    if method in steps:
        return
    steps.add(method)
    shown = getattr(console, method)

    def told(*arguments: Any, **named: Any) -> Any:
        step(*arguments, **named)
        return shown(*arguments, **named)

    setattr(console, method, told)


def before_state_is_used(context: Context, step: Callable[[StateSync], None]) -> None:
    """Has a step done before a context uses its state; one that raises stops the command.

    SQLMesh takes a state that it cannot open for one that is not there yet, and initializes it.

    Args:
        step: Is given the state, which has not connected yet.
    """
    connect = context._new_state_sync

    def told() -> StateSync:
        state = connect()
        try:
            step(state)
        except Exception:
            state.close()
            raise
        return state

    context._new_state_sync = told  # type: ignore[method-assign]


def has_state(context: Context) -> bool:
    """Whether a context's state is there; makes none, as any other use of it does."""
    return bool(context._new_state_sync().get_versions(validate=False).schema_version)


def read_state_anew(context: Context) -> None:
    """Has a context forget what it has read of the state, which others may have changed since.

    SQLMesh remembers it for two minutes; also that a version is not there.
    """
    if isinstance(context.state_sync, CachingStateSync):
        context.state_sync.clear_cache()


def state_adapter(state: StateReader) -> EngineAdapter:
    """What runs statements on the database of a state, which may be a cache of another."""
    of_database: Any = getattr(state, "state_sync", state)
    adapter: EngineAdapter = of_database.engine_adapter
    return adapter


def forget(
    context: Context, environment: Environment, intervals: Mapping[str, tuple[int, int]]
) -> None:
    """Has models of an environment be missing for some time, so that its next run computes them.

    Where it is prod, so are the other versions of what hangs on them, as after a restatement.

    Args:
        intervals: Milliseconds by the model's full name, the end not included.
    """
    snapshots = context.state_reader.get_snapshots(environment.snapshots)
    missing: list[tuple[Any, Interval]] = [
        (snapshot, intervals[snapshot.name])
        for snapshot in snapshots.values()
        if snapshot.name in intervals
    ]
    is_prod = environment.name == c.PROD
    if is_prod:
        lasting = {s.name for s in snapshots.values() if s.is_model and s.model.disable_restatement}
        others = identify_restatement_intervals_across_snapshot_versions(
            context.state_reader, dict(intervals), lasting, dict(snapshots)
        )
        missing += [(other.snapshot, other.interval) for other in others.values()]
    context.state_sync.remove_intervals(missing, remove_shared_versions=is_prod)


@dataclass(frozen=True)
class Beside:
    """A table of the platform's own, in the database of SQLMesh's state."""

    adapter: EngineAdapter
    table: exp.Table

    def create(self, columns: Mapping[str, str]) -> None:
        """Makes the table, of columns and their types, unless it is there."""
        types = {name: exp.DataType.build(type_) for name, type_ in columns.items()}
        self.adapter.create_schema(self.table.db)
        self.adapter.create_state_table(self.table.sql(self.adapter.dialect), types)

    def replace(self, where: exp.Expr, row: Sequence[Any]) -> None:
        """Puts a row in the place of those that fit a condition."""
        with self.adapter.transaction():
            self.adapter.delete_from(self.table, where)
            self.adapter.execute(exp.insert(exp.values([tuple(row)]), self.table))

    def rows(self, columns: Sequence[str], where: exp.Expr) -> list[tuple[Any, ...]]:
        """The rows that fit a condition; none where there is no table."""
        if not self.adapter.table_exists(self.table):
            return []
        return self.adapter.fetchall(exp.select(*columns).from_(self.table).where(where))


def beside_state(context: Context, name: str) -> Beside:
    """A table of the platform's own beside those of SQLMesh's state; its name has a schema."""
    return Beside(state_adapter(context.state_reader), exp.to_table(name))


@contextmanager
def notified(context: Context, plan: EvaluatablePlan) -> Iterator[None]:
    """Tells the notification targets of a plan as Context.apply does; the lock relies on it."""
    notify = context.notification_target_manager.notify
    of_plan = {"environment": plan.environment.name, "plan_id": plan.plan_id}
    notify(NotificationEvent.APPLY_START, **of_plan)
    try:
        yield
    except Exception:
        notify(NotificationEvent.APPLY_FAILURE, **of_plan, exc=traceback.format_exc())
        raise
    notify(NotificationEvent.APPLY_END, **of_plan)


def plan_to_show(context: Context, environment: Environment) -> EvaluatablePlan:
    """A plan that computes nothing: it shows what `environment` says, and records it so."""
    return EvaluatablePlan(
        start=environment.start_at,
        end=now(),
        environment=environment,
        environment_statements=context.state_reader.get_environment_statements(environment.name),
        skip_backfill=True,
        is_dev=False,
        # What a plan made of code has to say beside this; here it is nothing.
        new_snapshots=[],
        no_gaps=False,
        empty_backfill=False,
        restatements={},
        restate_all_snapshots=False,
        allow_destructive_models=set(),
        allow_additive_models=set(),
        forward_only=False,
        end_bounded=False,
        ensure_finalized_snapshots=False,
        directly_modified_snapshots=[],
        indirectly_modified_snapshots={},
        metadata_updated_snapshots=[],
        removed_snapshots=[],
        requires_backfill=False,
        disabled_restatement_models=set(),
    )


class _Promotion(BuiltInPlanEvaluator):
    """Applies a plan as SQLMesh does, but neither creates nor alters a table.

    SQLMesh would create a table that is missing, empty, and take columns that a forward-only
    change added out of their table.
    """

    def visit_physical_layer_schema_creation_stage(self, *arguments: Any) -> None:
        """The schemas are there."""

    def visit_physical_layer_update_stage(self, *arguments: Any) -> None:
        """So are the tables."""

    def visit_migrate_schemas_stage(self, *arguments: Any) -> None:
        """Their columns stay."""


def promote(context: Context, plan: EvaluatablePlan) -> None:
    """Applies a plan without creating or altering a table."""
    _Promotion(
        context.state_sync,
        context.snapshot_evaluator,
        context.create_scheduler,
        context.default_catalog,
        context.console,
    ).evaluate(plan)


def mark_as_restorable(context: Context, snapshots: Iterable[Snapshot]) -> None:
    """Lets the next plan take these versions as they are.

    Of two versions with one table SQLMesh marks that which is not shown as unrestorable; a plan
    from its code would make another version, and another table.
    """
    # What context.state_sync is typed as does not say that it is a cache of another.
    state = context.state_sync.state_sync.snapshot_state  # type: ignore[attr-defined]
    for where in snapshot_id_filter(
        state.engine_adapter, snapshots, batch_size=state.SNAPSHOT_BATCH_SIZE
    ):
        state.engine_adapter.update_table(
            state.snapshots_table, {"unrestorable": False}, where=where
        )
