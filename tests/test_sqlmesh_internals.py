"""What the platform takes to be so of SQLMesh beyond its documentation, in the pinned version.

A test that fails after an upgrade names what to look at in operations/sqlmesh_internals.py.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import date, datetime, timezone
from io import StringIO
from pathlib import Path
from shutil import copytree, ignore_patterns

import duckdb
import pytest
from harness import PROJECT
from rich.console import Console as RichConsole
from sqlglot import exp, parse_one
from sqlmesh import Context, EngineAdapter, Snapshot
from sqlmesh.core.config import (
    Config,
    DatabricksConnectionConfig,
    DuckDBConnectionConfig,
    GatewayConfig,
    ModelDefaultsConfig,
)
from sqlmesh.core.console import NoopConsole, TerminalConsole, set_console
from sqlmesh.core.loader import SqlMeshLoader
from sqlmesh.core.notification_target import (
    NotificationStatus,
    SlackWebhookNotificationTarget,
)
from sqlmesh.core.snapshot import SnapshotChangeCategory
from sqlmesh.utils.errors import ConfigError, PlanError

from operations import sqlmesh_internals as internals
from operations.damage import Damaged

# What SQLMesh's documentation imports or explains; None: any name of the module.
PROMISED: dict[str, set[str] | None] = {
    "sqlmesh": None,
    "sqlmesh.cli.main": {"cli"},  # the command `sqlmesh`
    "sqlmesh.core.config": None,
    "sqlmesh.core.config.connection": None,
    "sqlmesh.core.config.format": None,
    "sqlmesh.core.engine_adapter": {"EngineAdapter"},
    "sqlmesh.core.linter.rule": None,
    "sqlmesh.core.macros": {"MacroEvaluator"},
    "sqlmesh.core.model": {"Model"},
    "sqlmesh.core.notification_target": None,
    "sqlmesh.core.snapshot": {"Snapshot"},
    "sqlmesh.integrations.github.cicd.config": None,
    "sqlmesh.utils.date": None,
    "sqlmesh.utils.errors": None,
}
ROOMS = ("macros", "operations", "signals", "linter", "dashboard", "documentation", "resources")
# Where SQLMesh's objects lead to their inside; `self._...` is an object's own.
INSIDE = re.compile(
    r"\.(?:snapshot_evaluator|notification_target_manager|interval_state|snapshot_state)\b"
    r"|\b(?!self\b)\w+\._[a-z]\w*"
)
OWN = {
    "alerts._context",
    "target._context",
    "target._record",
    "lock._context",
    "lock._state",
    "lock._minutes",
    "os._exit",
}  # targets of ours, and Python's
SINCE = "2026-01-01"
ROWS = "SELECT 1 AS id, 'a' AS name UNION ALL SELECT 2, 'b'"


def platform_files() -> list[Path]:
    files = [PROJECT / "config.py"]
    files += [file for room in ROOMS for file in sorted((PROJECT / room).rglob("*.py"))]
    return [file for file in files if file.name != "sqlmesh_internals.py"]


def not_promised(tree: ast.AST) -> Iterator[str]:
    """What a file imports of SQLMesh that is not promised."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.startswith("sqlmesh."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlmesh"):
            allowed = PROMISED.get(node.module or "", set())
            yield from (
                f"{node.module}.{a.name}"
                for a in node.names
                if allowed is not None and a.name not in allowed
            )


@pytest.mark.parametrize("file", platform_files(), ids=lambda f: str(f.relative_to(PROJECT)))
def test_nothing_else_knows_the_inside(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not list(not_promised(ast.parse(text)))
    assert set(INSIDE.findall(text)) <= OWN


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of a table, and of a view that reads it."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "models").mkdir()
    (folder / "tests").mkdir()
    (folder / "audits").mkdir()
    write(folder, ROWS)
    (folder / "models" / "shown.sql").write_text(
        "MODEL (name lake.shown, kind VIEW); SELECT id, UPPER(name) AS label FROM lake.held"
    )
    (folder / "audits" / "no_b.sql").write_text(
        "AUDIT (name no_b, blocking false); SELECT * FROM @this_model WHERE name = 'b'"
    )
    (folder / "tests" / "test_shown.yaml").write_text(
        "test_shown:\n  model: lake.shown\n  inputs:\n    lake.held:\n      - {id: 1, name: a}\n"
        "  outputs:\n    query:\n      - {id: 1, label: A}\n"
    )
    return folder


def write(folder: Path, query: str) -> None:
    """Writes the table of the small project."""
    (folder / "models" / "held.sql").write_text(
        f"MODEL (name lake.held, kind FULL, grain id, audits (no_b)); {query}"
    )


@contextmanager
def opened(folder: Path, console: internals.Console | None = None) -> Iterator[Context]:
    """The small project, on a file of DuckDB."""
    set_console(console or NoopConsole())
    database = DuckDBConnectionConfig(database=str(folder / "small.duckdb"))
    context = Context(
        paths=folder,
        config=Config(
            gateways={"local": GatewayConfig(connection=database)},
            model_defaults=ModelDefaultsConfig(dialect="duckdb", start=SINCE),
            loader=internals.Loader,
        ),
    )
    try:
        yield context
    finally:
        context.close()


@pytest.fixture(scope="module")
def context(folder: Path) -> Iterator[Context]:
    """The small project, planned."""
    with opened(folder) as context:
        context.plan("prod", auto_apply=True, no_prompts=True, skip_linter=True)
        yield context


def snapshots_of(context: Context) -> dict[str, Snapshot]:
    return {s.model.name: s for s in context.snapshots.values()}


def test_unit_tests_are_parsed_by_a_method_per_file(context: Context, folder: Path) -> None:
    """Loader: what it gives from the cache is what SQLMesh parses."""
    file = folder / "tests" / "test_shown.yaml"
    loader = internals.Loader(context, folder)
    parsed = SqlMeshLoader(context, folder)._load_model_test_file(file)
    assert list(parsed) == ["test_shown"] and parsed["test_shown"].body["model"] == "lake.shown"
    assert list((context.cache_dir).glob("unit_test*"))
    assert loader._load_model_test_file(file) == parsed == loader._load_model_test_file(file)
    assert [test.test_name for test in loader.load_model_tests()] == ["test_shown"]


def test_the_console_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """listen: of a run by these methods, with these arguments."""
    methods = {
        "start_plan_evaluation": ["plan"],
        "start_evaluation_progress": [
            "batched_intervals",
            "environment_naming_info",
            "default_catalog",
            "audit_only",
        ],
        "update_snapshot_evaluation_progress": [
            "snapshot",
            "interval",
            "batch_idx",
            "duration_ms",
            "num_audits_passed",
            "num_audits_failed",
        ],
        "stop_evaluation_progress": ["success"],
        "log_failed_models": ["errors"],
        "log_status_update": ["message"],
    }
    for method, arguments in methods.items():
        known = list(inspect.signature(getattr(internals.Console, method)).parameters)
        assert known[1 : 1 + len(arguments)] == arguments

    console = NoopConsole()
    internals.configure_console()  # a terminal's
    assert isinstance(internals.get_console(), internals.Console)
    set_console(console)
    assert internals.get_console() is console
    heard: list[bool] = []

    def fails(success: bool) -> None:
        heard.append(success)
        raise ValueError

    internals.listen("stop_evaluation_progress", fails)
    console.stop_evaluation_progress(success=False)
    assert heard == [False]


def test_a_terminal_shows_lines_whole_and_failures_in_our_words() -> None:
    out = StringIO()
    before = internals.get_console()
    try:
        set_console(TerminalConsole(console=RichConsole(file=out, width=20)))
        internals.say(["a line [of more] than twenty characters"], style="yellow")
        internals.show_failed_models(lambda errors: [str(error) for error in errors])
        error = internals.NodeExecutionFailedError("a model of more than twenty characters")
        internals.get_console().log_failed_models([error])
    finally:
        set_console(before)
    assert out.getvalue() == f"a line [of more] than twenty characters\n{error}\n"


def test_what_is_forgotten_is_missing_for_the_next_run(folder: Path, tmp_path: Path) -> None:
    """forget, SnapshotTableInfo: also of another version in dev."""
    project = copytree(folder, tmp_path / "project", ignore=ignore_patterns("*.duckdb", ".cache"))
    with opened(project) as context:
        context.plan("prod", auto_apply=True, no_prompts=True, skip_linter=True)
        [computed] = snapshots_of(context)["lake.held"].intervals
    write(project, "SELECT 3 AS id, 'c' AS name")
    with opened(project) as context:
        context.plan("dev", auto_apply=True, no_prompts=True, skip_linter=True)
        in_dev = snapshots_of(context)["lake.held"]
        prod = context.state_reader.get_environment("prod")
        [held] = [s.name for s in prod.snapshots if "held" in s.name]
        internals.forget(context, prod, {held: computed})
        ids = {in_dev.snapshot_id, *(s.snapshot_id for s in prod.snapshots if s.name == held)}
        found = context.state_reader.get_snapshots(ids).values()
        assert len(found) == 2 and not any(s.intervals for s in found)
        context.run("prod")
    with opened(project) as context:
        prod = context.state_reader.get_environment("prod")
        assert all(s.intervals for s in context.state_reader.get_snapshots(prod.snapshots).values())


def test_a_table_beside_the_state(folder: Path, tmp_path: Path) -> None:
    """beside_state, Beside: in the state's database; another context finds the rows."""
    project = copytree(folder, tmp_path / "project", ignore=ignore_patterns("*.duckdb", ".cache"))
    all_rows = exp.true()
    with opened(project) as context:
        there = internals.beside_state(context, "beside.own")
        assert there.rows(["id"], all_rows) == []
        for _ in range(2):
            there.create({"id": "text", "is_odd": "boolean"})
            there.replace(exp.column("id").eq("it's"), ("it's", True))
    with opened(project) as context:
        there = internals.beside_state(context, "beside.own")
        assert there.rows(["id", "is_odd"], all_rows) == [("it's", True)]
        assert there.adapter.fetchone("SELECT COUNT(*) FROM sqlmesh._versions") == (1,)


def test_a_step_that_raises_stops_a_plan_before_it_writes(folder: Path, tmp_path: Path) -> None:
    """before."""
    project = copytree(folder, tmp_path / "project", ignore=ignore_patterns("*.duckdb", ".cache"))
    write(project, "SELECT 3 AS id, 'c' AS name")

    def stop(plan: internals.EvaluatablePlan) -> None:
        raise ConfigError(plan.environment.name)

    with opened(project, TerminalConsole()) as context:
        internals.before("start_plan_evaluation", stop)
        with pytest.raises(ConfigError, match="^prod$"):
            context.plan("prod", auto_apply=True, no_prompts=True, skip_linter=True)
        assert not context.state_reader.get_environment("prod")


def test_a_state_is_used_after_a_step(folder: Path, tmp_path: Path) -> None:
    """before_state_is_used, has_state, state_adapter. The step is given the StateSync; the
    StateReader that a context has is a cache of it. Without a step that raises, the state is made.
    """
    project = copytree(folder, tmp_path / "project", ignore=ignore_patterns("*.duckdb", ".cache"))
    given: list[internals.StateSync] = []

    def stop(state: internals.StateSync) -> None:
        given.append(state)
        raise ConfigError("no")

    with opened(project) as context:
        assert not internals.has_state(context)
        internals.before_state_is_used(context, stop)
        with pytest.raises(ConfigError, match="^no$"):
            context.plan("prod", auto_apply=True, no_prompts=True, skip_linter=True)
        assert internals.state_adapter(given[0]).fetchone("SELECT 1") == (1,)
    with opened(project) as context:
        assert not internals.has_state(context)
        reader: internals.StateReader = context.state_reader
        assert internals.has_state(context)
        names = internals.state_adapter(reader).fetchall("SELECT table_name FROM duckdb_tables()")
        assert ("_snapshots",) in names


def test_what_was_not_there_is_seen_when_the_state_is_read_anew(
    folder: Path, tmp_path: Path
) -> None:
    """read_state_anew. Without it a context does not see what another has planned meanwhile."""
    project = copytree(folder, tmp_path / "project", ignore=ignore_patterns("*.duckdb", ".cache"))
    with opened(project) as context:
        snapshots = context.snapshots.values()
        ids = [snapshot.snapshot_id for snapshot in snapshots]
        state = context.state_sync
        assert not state.get_snapshots(ids)
        for snapshot in snapshots:
            snapshot.categorize_as(SnapshotChangeCategory.BREAKING)
        state.state_sync.push_snapshots(snapshots)  # as another does
        assert not state.get_snapshots(ids)
        internals.read_state_anew(context)
        assert len(state.get_snapshots(ids)) == len(ids) > 1


def test_a_run_tells_of_what_it_computes_before_it_does(folder: Path, tmp_path: Path) -> None:
    """By start_evaluation_progress; a run that has nothing to do does not."""
    project = copytree(folder, tmp_path / "project", ignore=ignore_patterns("*.duckdb", ".cache"))
    told: list[object] = []
    with opened(project, TerminalConsole()) as context:
        internals.before("start_evaluation_progress", lambda *a, **n: told.append(a))
        context.plan("prod", auto_apply=True, no_prompts=True, skip_linter=True)
        assert len(told) == 1
        context.run("prod")
        assert len(told) == 1


@pytest.mark.parametrize("kind", ["database", "catalogs"])
def test_an_error_of_a_file_is_said_in_other_words(tmp_path: Path, kind: str) -> None:
    """duckdb_files: whether it connects or attaches; another error is DuckDB's."""
    file = tmp_path / "lake.duckdb"
    file.write_text("no database" * 1000)
    settings = {"database": str(file)} if kind == "database" else {"catalogs": {"lake": str(file)}}
    adapter = internals.duckdb_files(**settings).create_engine_adapter()
    with pytest.raises(Damaged, match="lake.duckdb is damaged"):
        adapter.fetchone("SELECT 1")
    file.unlink()
    assert adapter.fetchone("SELECT 1") == (1,)
    with pytest.raises(duckdb.CatalogException):
        adapter.fetchone("SELECT * FROM missing")
    adapter.close()


@contextmanager
def at_terminal(console: type[TerminalConsole] = TerminalConsole) -> Iterator[StringIO]:
    """What a terminal shows, or a pipe, while the block is done."""
    out = StringIO()
    before = internals.get_console()
    shown = console()
    shown.console = RichConsole(file=out, width=200)  # which a pipe's makes by itself
    set_console(shown)
    try:
        yield out
    finally:
        set_console(before)


@pytest.mark.parametrize("console", internals.TERMINALS)
def test_a_terminal_shows_what_is_computed_in_our_words(
    folder: Path, tmp_path: Path, console: type[TerminalConsole]
) -> None:
    """show_computed, show_instead: a duration, audits, no bar; a plan is begun in our words."""
    project = copytree(folder, tmp_path / "project", ignore=ignore_patterns("*.duckdb", ".cache"))
    begun: list[int] = []

    def lines(snapshot: Snapshot, _: object, ms: int | None, passed: int, found: int) -> list[str]:
        return [f"{snapshot.model.name}: {bool(ms)} {passed} {found}"]

    def plan(
        shown: object, builder: internals.PlanBuilder, auto_apply: bool, *a: object, **n: bool
    ) -> None:
        built: internals.Plan = builder.build()
        assert built.context_diff.is_new_environment and auto_apply and n["no_prompts"]
        assert not built.context_diff.create_from_env_exists
        builder.apply()

    with at_terminal(console) as out:
        with opened(project, internals.get_console()) as context:
            internals.show_computed(
                lambda batches, *a, **n: begun.append(len(batches)), lines, lambda: ["the end"]
            )
            internals.show_instead("plan", plan)
            context.plan("prod", auto_apply=True, no_prompts=True, skip_linter=True)
    text = out.getvalue()
    assert begun == [2]
    assert "lake.held: True 0 1" in text and "lake.shown: True 0 0\nthe end" in text
    assert "[1/1]" not in text and "━" not in text and "Models needing backfill" not in text
    assert "Virtual layer updated" in text


def test_others_than_a_terminal_are_left_alone() -> None:
    """show_instead: a notebook's console and none."""
    console = NoopConsole()
    before = internals.get_console()
    try:
        set_console(console)
        internals.show_instead("log_success", lambda *a: None)
        internals.show_computed(lambda *a: None, lambda *a: [], list)
    finally:
        set_console(before)
    assert not vars(console)


@pytest.mark.parametrize("ready", [[(0, 1)], []])
def test_signals_are_shown_that_hold_something_back(
    context: Context, ready: list[tuple[int, int]]
) -> None:
    """show_signals_that_hold_back: of a signal SQLMesh tells by name what is ready of what."""
    snapshot = snapshots_of(context)["lake.held"]
    with at_terminal() as out:
        internals.show_signals_that_hold_back()
        console = internals.get_console()
        console.start_signal_progress(snapshot, None, internals.EnvironmentNamingInfo())
        console.update_signal_progress(
            snapshot=snapshot,
            signal_name="is_there",
            signal_idx=0,
            total_signals=1,
            ready_intervals=ready,
            check_intervals=[(0, 1)],
            duration=0.1,
        )
        console.stop_signal_progress()
    assert ("is_there" in out.getvalue()) == (not ready)


@pytest.mark.parametrize("console", internals.TERMINALS)
def test_a_plan_shows_the_diff_of_a_model_as_it_is_made_readable(
    folder: Path, tmp_path: Path, console: type[TerminalConsole]
) -> None:
    """show_diffs, show_warnings."""
    project = copytree(folder, tmp_path / "project", ignore=ignore_patterns("*.duckdb", ".cache"))
    with opened(project) as context:
        context.plan("prod", auto_apply=True, no_prompts=True, skip_linter=True)
    write(project, "SELECT 3 AS id, 'c' AS name")
    with at_terminal(console) as out:
        with opened(project, internals.get_console()) as context:
            internals.show_diffs(lambda diff: diff.replace("+  3 AS id", "+  three"))
            internals.show_warnings(lambda message: "" if message == "meaningless" else "ours")
            internals.get_console().log_warning("meaningless")
            internals.get_console().log_warning("theirs")
            context.plan("dev", auto_apply=True, no_prompts=True, skip_linter=True)
    text = out.getvalue()
    assert "+  three" in text and "+  3 AS id" not in text
    assert "ours" in text and "meaningless" not in text and "theirs" not in text


@pytest.mark.parametrize("blocking", [False, True])
def test_a_terminal_warns_of_an_audit_in_other_words(
    folder: Path, tmp_path: Path, blocking: bool
) -> None:
    """show_warnings: SQLMesh warns so of an audit that stops nothing, and of no other."""
    project = copytree(folder, tmp_path / "project", ignore=ignore_patterns("*.duckdb", ".cache"))
    audit = project / "audits" / "no_b.sql"
    audit.write_text(audit.read_text().replace("false", str(blocking)))
    out = StringIO()
    before = internals.get_console()
    try:
        with opened(project, TerminalConsole(console=RichConsole(file=out, width=200))) as context:
            internals.show_warnings(lambda message: message.replace("no_b", "our words"))
            with pytest.raises(PlanError) if blocking else nullcontext():
                context.plan("prod", auto_apply=True, no_prompts=True, skip_linter=True)
    finally:
        set_console(before)
    warning = "held: 'our words' audit error: 1 row failed." in out.getvalue()
    assert warning == (not blocking)


def test_a_failed_model_is_a_node_with_a_cause() -> None:
    """NodeExecutionFailedError."""
    node = internals.NodeExecutionFailedError("a node")
    assert node.node == "a node"


def test_slack_is_sent_to_by_one_method(monkeypatch: pytest.MonkeyPatch) -> None:
    """StrictSlack."""
    assert callable(SlackWebhookNotificationTarget._send_slack_message)

    class Refusing:
        status_code, body = 403, "no_service"

        def send(self, **composed: object) -> Refusing:
            return self

    monkeypatch.setattr(internals.StrictSlack, "client", Refusing())
    slack = internals.StrictSlack(url="https://example.org")
    with pytest.raises(ConnectionError, match="Slack answered 403: no_service"):
        slack.send(NotificationStatus.FAILURE, "text")


def test_models_and_audits_know_their_files(context: Context, folder: Path) -> None:
    """file_of."""
    model = context.get_model("lake.held", raise_if_missing=True)
    assert internals.file_of(model) == folder / "models" / "held.sql"
    audit = model.audit_definitions["no_b"]
    assert internals.file_of(audit) == folder / "audits" / "no_b.sql"


def test_what_is_written_to_a_local_state_is_whole(tmp_path: Path) -> None:
    """local_state: SQLMesh asks its state for transactions, and DuckDB's adapter makes none."""

    def left(connection: DuckDBConnectionConfig) -> list[tuple[int]]:
        adapter = connection.create_engine_adapter()
        adapter.execute("CREATE TABLE one AS SELECT 1 AS id")
        with suppress(KeyboardInterrupt), adapter.transaction():
            adapter.execute("DELETE FROM one")
            adapter.close()  # as of a process that is killed
            raise KeyboardInterrupt
        found = adapter.fetchall("SELECT id FROM one")
        adapter.close()
        return found

    names = [str(tmp_path / name) for name in ("theirs.duckdb", "ours.duckdb")]
    assert left(DuckDBConnectionConfig(database=names[0], concurrent_tasks=3)) == []
    assert left(internals.local_state(names[1], concurrent_tasks=3)) == [(1,)]


def test_the_configuration_can_be_had_without_a_context() -> None:
    """config_of."""
    assert internals.config_of(PROJECT).default_gateway == "local"


def sent_by(
    adapter: EngineAdapter, monkeypatch: pytest.MonkeyPatch, refused: str = "nothing"
) -> list[str]:
    """What an adapter sends for a table that is filled as it is created, all columns described.

    Args:
        refused: What stands in the statements that are not taken.
    """
    sent: list[str] = []

    def execute(statement: exp.Expr | str, **_: object) -> None:
        sent.append(statement if isinstance(statement, str) else statement.sql("databricks"))
        if refused in sent[-1]:
            raise ValueError

    def fetchone(statement: exp.Expr, **_: object) -> tuple[str]:
        execute(statement)
        return ("a",)

    monkeypatch.setattr(type(adapter), "connection", None)  # it looks at its kind
    monkeypatch.setattr(adapter, "execute", execute)
    monkeypatch.setattr(adapter, "fetchone", fetchone)
    with adapter.session({}):
        adapter.ctas(
            "a.b.c",
            parse_one("SELECT 1 AS id, 2 AS n"),
            column_descriptions={"id": "The key", "n": "It's a number"},
        )
    return sent


def test_a_warehouse_is_asked_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """sql_warehouse: SQLMesh asks for what it knows, and sends a statement a comment."""
    settings = {"http_path": "/sql", "access_token": "a-token", "catalog": "a"}
    one_by_one = [
        "ALTER TABLE `a`.`b`.`c` ALTER COLUMN `id` COMMENT 'The key'",
        "ALTER TABLE `a`.`b`.`c` ALTER COLUMN `n` COMMENT 'It\\'s a number'",
    ]
    at_once = ", ".join([one_by_one[0], one_by_one[1].split(" ALTER COLUMN ")[1]])

    by_sqlmesh = DatabricksConnectionConfig(server_hostname="host", **settings)
    use, created, *rest = sent_by(by_sqlmesh.create_engine_adapter(), monkeypatch)
    asks = "SELECT CURRENT_CATALOG()"
    assert use == "USE CATALOG a" and rest == [asks, one_by_one[0], asks, one_by_one[1]]

    ours = internals.sql_warehouse(server_hostname="host", **settings)
    adapter = ours.create_engine_adapter()
    assert sent_by(adapter, monkeypatch) == [created, at_once]
    assert sent_by(adapter, monkeypatch, refused=at_once) == [created, at_once, *one_by_one]
    adapter.set_current_catalog("another")
    with pytest.raises(ConfigError, match="`http_path`, and `access_token` are required"):
        internals.sql_warehouse(server_hostname="host")


def test_a_gateway_is_made_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """sql_warehouse: SQLMesh makes every adapter by this property, and calls what it gives when
    it connects."""
    made: list[str] = []

    def factory(_: object) -> Callable[[], str]:
        made.append("made")
        return lambda: "connected"

    monkeypatch.setattr(
        DatabricksConnectionConfig, "_connection_factory_with_kwargs", property(factory)
    )
    connection = internals.sql_warehouse(
        server_hostname="host", http_path="/sql", access_token="a-token", catalog="a"
    )
    adapter = connection.create_engine_adapter()
    assert adapter.default_catalog == "a" and not made
    assert [adapter.connection, adapter.connection] == ["connected"] * 2 and made == ["made"]


def test_audits_can_be_run_again(context: Context) -> None:
    """audit, AuditResult, Audit."""
    snapshots = snapshots_of(context)
    (result,) = internals.audit(
        context, snapshots["lake.held"], context.snapshots, SINCE, date(2026, 1, 2)
    )
    assert isinstance(result, internals.AuditResult)
    assert (result.audit.name, result.count, result.blocking, result.skipped) == (
        "no_b",
        1,
        False,
        False,
    )
    assert result.audit_args == {} and result.audit.blocking is False


def test_columns_can_be_traced(context: Context) -> None:
    """column_lineage, normalize_model_name: a leaf is a column of a table with a full name."""
    model = context.get_model("lake.shown", raise_if_missing=True)
    (leaf,) = [n for n in internals.column_lineage(model, "label").walk() if not n.downstream]
    assert isinstance(leaf.expression, exp.Table)
    assert exp.to_column(leaf.name).name.lower() == "name"
    full = internals.normalize_model_name(leaf.expression, model.default_catalog, model.dialect)
    assert full == snapshots_of(context)["lake.held"].name


def test_macros_are_a_node_of_their_own() -> None:
    """MacroFunc: what `@NAME(...)` is parsed to, its name that of its function."""
    found = parse_one("SELECT @PERSONAL_DATA(a)", dialect="databricks")
    (macro,) = found.find_all(internals.MacroFunc)
    assert macro.this.name == "PERSONAL_DATA"


def test_intervals() -> None:
    """Interval, remove_interval: in milliseconds, the end not included."""
    assert internals.remove_interval([(0, 10)], 2, 4) == [(0, 2), (4, 10)]
    assert internals.Interval == tuple[int, int] or internals.Interval.__args__ == (int, int)


def test_what_is_upstream_comes_first(context: Context) -> None:
    """snapshots_to_dag, SnapshotId."""
    dag = internals.snapshots_to_dag(context.snapshots.values())
    found = [key for key in dag if isinstance(key, internals.SnapshotId)]
    assert [context.snapshots[key.name].model.name for key in found] == ["lake.held", "lake.shown"]


def test_the_tables_differ(context: Context) -> None:
    """TableDiff, RowDiff, random_id."""
    schema = f"diff_{internals.random_id(short=True)}"
    adapter = context.engine_adapter
    for name, rows in (("one", ROWS), ("two", ROWS.replace("'b'", "'c'"))):
        adapter.execute(f"CREATE OR REPLACE TABLE lake.{name} AS {rows}")
    diff = internals.TableDiff(adapter, "lake.one", "lake.two", ["id"], [], None, 10, decimals=6)
    assert list(diff.source_schema) == ["id", "name"] and diff.schema_diff().added == []
    rows = diff.row_diff(schema)
    assert isinstance(rows, internals.RowDiff)
    assert (rows.join_count, rows.column_stats["pct_match"].to_dict()) == (2, {"name": 50.0})
    assert {"s_count", "distinct_count_t", "null_grain_count"} <= rows.stats.keys()
    adapter.drop_schema(schema, cascade=True)


def test_an_environment_can_be_planned_from_its_snapshots(context: Context, folder: Path) -> None:
    """ContextDiff, PlanBuilder, Plan, DeployabilityIndex, Environment, EnvironmentNamingInfo."""
    prod = context.state_reader.get_environment("prod")
    assert isinstance(prod, internals.Environment)
    assert isinstance(prod.naming_info, internals.EnvironmentNamingInfo)
    assert prod.naming_info.name == "prod"
    snapshots = context.state_reader.get_snapshots(prod.snapshots)
    diff = internals.ContextDiff.create(
        environment="prod",
        snapshots={s.name: s for s in snapshots.values()},
        create_from="prod",
        state_reader=context.state_reader,
        infer_python_dependencies=False,
    )
    assert not diff.added and not diff.modified_snapshots and not diff.removed_snapshots
    end = datetime(2026, 2, 1, tzinfo=timezone.utc)
    plan = internals.PlanBuilder(diff, default_end=end, end_bounded=True).build()
    assert isinstance(plan, internals.Plan) and plan.missing_intervals == []
    index = internals.DeployabilityIndex.create(list(snapshots.values()), start=SINCE)
    assert all(map(index.is_deployable, snapshots.values()))


def test_views_are_named_by_the_environment() -> None:
    """QualifiedViewName, EnvironmentNamingInfo: by the schema's suffix and the mapped catalog."""
    view = internals.QualifiedViewName(schema_name="gold", table="dim_shows")
    for name, expected in (("prod", "a.gold.dim_shows"), ("dev", "b.gold__dev.dim_shows")):
        naming = internals.EnvironmentNamingInfo.from_environment_catalog_mapping(
            {re.compile("^prod$"): "a", re.compile(".*"): "b"}, name=name
        )
        assert view.table_for_environment(naming, dialect="databricks").sql() == expected


def test_unit_tests_say_which_failed(context: Context, folder: Path) -> None:
    """ModelTextTestResult, ModelTest: a failure is a pair of the test and its text."""
    result = context.test(stream=StringIO())
    assert isinstance(result, internals.ModelTextTestResult)
    assert (result.failures, result.errors, result.testsRun) == ([], [], 1)
    file = folder / "tests" / "test_shown.yaml"
    right = file.read_text()
    file.write_text(right.replace("label: A", "label: B"))
    with opened(folder) as wrong:
        ((test, _),) = wrong.test(stream=StringIO()).failures
    file.write_text(right)
    assert isinstance(test, internals.ModelTest) and test.test_name == "test_shown"


def test_versions_before_can_be_shown_again(folder: Path, context: Context) -> None:
    """plan_to_show, notified, evaluate, promote, mark_as_restorable, EvaluatablePlan."""
    before = {s.name: s for s in context.snapshots.values()}
    write(folder, ROWS.replace("'b'", "'c'"))
    with opened(folder) as after:
        after.plan("prod", auto_apply=True, no_prompts=True, skip_linter=True)
        query = "SELECT label FROM lake.shown ORDER BY id"
        assert after.engine_adapter.fetchall(query) == [("A",), ("C",)]
        prod = after.state_reader.get_environment("prod")
        assert prod and prod.previous_finalized_snapshots
        infos = [snapshot.table_info for snapshot in before.values()]
        environment = prod.copy(
            update={
                "snapshots_": infos,
                "promoted_snapshot_ids_": None,
                "plan_id": "another",
                "previous_plan_id": prod.plan_id,
                "finalized_ts": None,
            }
        )
        plan = internals.plan_to_show(after, environment)
        assert isinstance(plan, internals.EvaluatablePlan)
        told: list[str] = []
        after.notification_target_manager.notify = lambda event, **_: told.append(event.name)
        with internals.notified(after, plan):
            held = next(s for s in before.values() if s.model.name == "lake.held")
            shown = next(s for s in before.values() if s.model.name == "lake.shown")
            after.engine_adapter.drop_view(shown.table_name())
            internals.evaluate(after, shown, before, plan.start, plan.end)
            internals.promote(after, plan)
            internals.mark_as_restorable(after, [held])
        assert told == ["APPLY_START", "APPLY_END"]
        assert after.engine_adapter.fetchall(query) == [("A",), ("B",)]
        with pytest.raises(ZeroDivisionError), internals.notified(after, plan):
            raise ZeroDivisionError
        assert told[2:] == ["APPLY_START", "APPLY_FAILURE"]


def test_the_ui_is_an_application_of_a_project(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ui_app; UI_IN_DEV is tried in tests/browser/test_ui.py."""
    for name in ("PROJECT_PATH", "GATEWAY", "UI_MODE"):
        monkeypatch.setenv(name, "another's")
    app = internals.ui_app(folder, "lake", "catalog")
    from web.server.settings import Mode, Settings

    found = Settings()
    assert (found.project_path, found.gateway, found.ui_mode) == (folder, "lake", Mode.CATALOG)
    assert callable(app)


def test_nothing_here_is_without_a_test() -> None:
    """Each name that others import is named in this file."""
    text = Path(__file__).read_text(encoding="utf-8")
    functions = [
        name
        for name, value in vars(internals).items()
        if getattr(value, "__module__", "") == internals.__name__ and not name.startswith("_")
    ]
    missing = [n for n in (*internals.__all__, *functions) if not re.search(rf"\b{n}\b", text)]
    assert not missing
