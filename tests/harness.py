"""Runs the project in a folder of its own, as a user would, and reads what it made.

What is costly is a plan (twelve seconds of a processor), then a run (seven), a new `sqlmesh`
process (two to seven) and a checkout that was never loaded (four). So, in a new test:

- The fixture `seeds_in_prod` is a platform of the file's own whose prod has the seeds; it is a copy
  of what one worker builds once a session. `built_once` (conftest.py) does it for other states.
- The fixture `first_day_in_prod` is a platform with a day of deliveries in prod. A file's tests get
  it one after the other, each as it was: `platform.save()` keeps a state that several tests start
  from, and `platform.restore()` goes back to it, in the same folder, since rows name their files.
- `checkout(folder)` takes the models that were parsed with it.
- `draws(n)` is how many examples a drawn test draws: n in CI, many times that at night. Of the
  cases of a test that is marked `drawn(n)`, as many are tried (conftest.py).
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NoReturn
from unittest.mock import patch

import duckdb
import oracle
import pyarrow as pa
import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result
from sqlmesh import Context
from sqlmesh.core.config import Config
from sqlmesh.core.console import NoopConsole, set_console
from sqlmesh.core.macros import macro
from sqlmesh.utils import UniqueKeyDict
from sqlmesh.utils.concurrency import NodeExecutionFailedError
from sqlmesh.utils.errors import NodeAuditsErrors, PlanError

PROJECT = Path(__file__).parent.parent
FIRST = date(2026, 1, 1)  # the day on which the models' history starts
SEEDS_LAST = date(2026, 2, 20)
# What a checkout needs for SQLMesh to load it.
PARTS = (*("config.py", "models", "macros", "signals", "audits", "linter", "operations", "seeds"),)
SETTINGS = ("STREAMING_", "DATABRICKS_", "ALERT_")
ARROW_TYPES = {
    "BIGINT": pa.int64(),
    "INT": pa.int32(),
    "DOUBLE": pa.float64(),
    "STRING": pa.string(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
}

DRAWS = "STREAMING_TEST_DRAWS"  # how many times more examples are drawn than in CI
Row = Mapping[str, Any]
Tables = dict[str, list[dict[str, Any]]]


class Failures(NoopConsole):
    """Keeps what SQLMesh says of the models that failed; shows nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.failed: list[str] = []

    def log_failed_models(self, errors: list[NodeExecutionFailedError]) -> None:
        for error in errors:
            cause = error.__cause__
            reasons = cause.errors if isinstance(cause, NodeAuditsErrors) else [cause]
            self.failed += [f"{error.node}: {reason}" for reason in reasons]


class Stopped(Exception):
    """A plan or run did not succeed; says which models failed and why."""


def tier_lacks(reason: str) -> NoReturn:
    """Skips a test and says what its tier lacks; fails it where no tier may be skipped."""
    (pytest.fail if os.environ.get("STREAMING_REQUIRE_ALL_TIERS") else pytest.skip)(reason)


def draws(in_ci: int) -> int:
    """How many examples a drawn test draws where it would draw `in_ci` in CI."""
    return in_ci * int(os.environ.get(DRAWS, "1"))


def csv_text(columns: Sequence[str], rows: Iterable[Row]) -> str:
    """Rows as RFC 4180 csv: None is an unquoted empty field, '' a quoted one."""

    def field(value: Any) -> str:
        text = "" if value is None else str(value)
        quoted = value == "" or any(mark in text for mark in ',"\r\n')
        return '"' + text.replace('"', '""') + '"' if quoted else text

    lines = [",".join(columns), *(",".join(field(row.get(c)) for c in columns) for row in rows)]
    return "\n".join(lines) + "\n"


def json_text(rows: Iterable[Row]) -> str:
    """Rows as one JSON object a line."""
    return "".join(json.dumps(dict(row), ensure_ascii=False) + "\n" for row in rows)


class Platform:
    """The project with its own landing, data and state in `folder`.

    Days are days of delivery: `plan(day)` and `run(day)` happen on the morning after `day`.
    """

    def __init__(
        self,
        folder: Path,
        files_format: str = "csv",
        project: Path = PROJECT,
        gateway: str = "local",
        **settings: str,
    ) -> None:
        self.project = project
        self.gateway = gateway
        self.folder = folder
        self.landing = folder / "landing"
        self.data = folder / "data"
        self.files_format = files_format
        self.deliveries: list[oracle.Delivery] = []
        self._saved: dict[str, tuple[list[oracle.Delivery], dict[str, str]]] = {}
        self.landing.mkdir(parents=True)
        self.data.mkdir()
        self.settings = {
            "STREAMING_LANDING": str(self.landing),
            "STREAMING_LANDING_FORMAT": files_format,
            "STREAMING_DATA_DIR": str(self.data),
            **settings,
        }

    def file(self, feed: str, day: date, name: str = "part-0") -> Path:
        """Where a delivered file is put."""
        path = self.landing / feed / f"dt={day}" / f"{name}.{self.files_format}"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def deliver(self, feed: str, day: date, rows: Sequence[Row], name: str = "part-0") -> Path:
        """Delivers rows as a file of the landing's format; parquet wants typed values."""
        path = self.file(feed, day, name)
        columns = (oracle.FEEDS | oracle.REQUESTS)[feed]
        if self.files_format == "csv":
            path.write_text(csv_text(list(columns), rows), encoding="utf-8")
        elif self.files_format == "json":
            path.write_text(json_text(rows), encoding="utf-8")
        else:
            schema = pa.schema([(column, ARROW_TYPES[type_]) for column, type_ in columns.items()])
            pyarrow.parquet.write_table(pa.Table.from_pylist(list(rows), schema=schema), path)
        self.deliveries.append(oracle.Delivery(feed, day, str(path), tuple(map(dict, rows))))
        return path

    def receive(self, landing: Path, days: Sequence[date]) -> None:
        """Takes over what another landing, written as json, holds of these days."""
        for feed in oracle.FEEDS:
            for day in days:
                for delivered in sorted((landing / feed / f"dt={day}").glob("*.json")):
                    path = self.file(feed, day, delivered.stem)
                    path.write_bytes(delivered.read_bytes())
                    lines = path.read_text(encoding="utf-8").splitlines()
                    rows = tuple(json.loads(line, parse_int=str, parse_float=str) for line in lines)
                    self.deliveries.append(oracle.Delivery(feed, day, str(path), rows))

    def save(self, name: str = "saved") -> None:
        """Keeps what has landed, what was made of it and the settings, for `restore`."""
        for part in (self.landing, self.data):
            shutil.copytree(part, self.folder / name / part.name)
        self._saved[name] = list(self.deliveries), dict(self.settings)

    def restore(self, name: str = "saved") -> None:
        """Goes back to what was saved. The files' names and times are those of then."""
        for part in (self.landing, self.data):
            shutil.rmtree(part)
            shutil.copytree(self.folder / name / part.name, part)
        deliveries, settings = self._saved[name]
        self.deliveries, self.settings = list(deliveries), dict(settings)

    def environment(self) -> dict[str, str]:
        """The variables of a process that runs the project here."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(SETTINGS)}
        return {**inherited, **self.settings}

    @contextmanager
    def context(self) -> Iterator[Context]:
        """A SQLMesh context on this platform; closed at the end, so that the files are free."""
        before = dict(os.environ)
        failures = Failures()
        set_console(failures)
        forget_macros()
        os.environ.clear()
        os.environ.update(self.environment())
        context = None
        try:
            with cache_for_any_folder(self.data):
                context = Context(paths=self.project, gateway=self.gateway)
            yield context
        except PlanError as error:
            raise Stopped("\n".join(failures.failed)) from error
        finally:
            if context is not None:
                context.close()
                context.engine_adapter.close()
            os.environ.clear()
            os.environ.update(before)

    @contextmanager
    def seen_from(self, checkout: Path) -> Iterator[None]:
        """Does what the block does from another checkout."""
        project, self.project = self.project, checkout
        try:
            yield
        finally:
            self.project = project

    def plan(self, day: date, environment: str = "prod", **options: Any) -> None:
        """Plans and applies an environment; the deliveries up to `day` are there."""
        with self.context() as context:
            context.plan(
                environment,
                auto_apply=True,
                no_prompts=True,
                skip_tests=True,
                skip_linter=True,
                execution_time=morning_after(day),
                **options,
            )

    def run(self, day: date) -> None:
        """Runs prod, which may have nothing to do; the deliveries up to `day` are there."""
        with self.context() as context:
            status = context.run("prod", execution_time=morning_after(day), skip_janitor=True)
            if status.is_failure:
                raise PlanError(f"The run of {day} ended with {status}.")

    def restate(self, day: date, now: date, *feeds: str) -> None:
        """Loads the deliveries of feeds on `day` again, after `now`, and all that hangs on them."""
        with self.context() as context:
            context.plan(
                "prod",
                restate_models=[f"bronze.delivered_{feed}" for feed in feeds],
                start=day,
                end=day,
                execution_time=morning_after(now),
                auto_apply=True,
                no_prompts=True,
                skip_tests=True,
                skip_linter=True,
            )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts a `sqlmesh` command, as typed in a terminal of no colour and endless width.

        It is typed beside the data, which so has one name for all platforms: SQLMesh parses the
        models anew for each name.
        """
        of_terminal = {"COLUMNS": "400", "NO_COLOR": "1", "STREAMING_DATA_DIR": self.data.name}
        return subprocess.Popen(
            [Path(sys.executable).with_name("sqlmesh"), "--paths", self.project, *arguments],
            cwd=self.data.parent,
            env={**self.environment(), **of_terminal},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A `sqlmesh` command that has ended."""
        process = self.start(*arguments)
        out, errors = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, out, errors)

    def streaming(self, *arguments: str, answer: str = "", **settings: str) -> Result:
        """The command `streaming` of this project, called in this process."""
        from operations.cli import streaming

        forget_macros()
        with patch.dict(os.environ, self.environment() | settings, clear=True):
            return CliRunner().invoke(streaming, arguments, answer, catch_exceptions=False)

    def query(self, sql: str, access: str = "READ_ONLY") -> list[tuple[Any, ...]]:
        """Rows of a statement on both catalogs."""
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            for catalog in ("streaming_prod", "streaming_dev"):
                path = self.data / f"{catalog}.duckdb"
                if path.exists():
                    connection.execute(f"ATTACH '{path}' AS {catalog} ({access})")
            return connection.execute(sql).fetchall()

    def stored(self) -> set[str]:
        """The names of the physical tables that hold rows."""
        names = self.query(
            "SELECT table_name FROM duckdb_tables() "
            "WHERE schema_name SIMILAR TO 'sqlmesh__.*' AND estimated_size > 0"
        )
        return {name for (name,) in names}

    def tables(self, suffix: str = "", catalog: str = "streaming_prod") -> Tables:
        """Every table that the oracle knows, its rows as dicts in the oracle's order."""
        tables = {}
        for table, columns in oracle.COLUMNS.items():
            schema, name = table.split(".")
            rows = self.query(f"SELECT {', '.join(columns)} FROM {catalog}.{schema}{suffix}.{name}")
            named = [dict(zip(columns, row, strict=True)) for row in rows]
            tables[table] = sorted(named, key=lambda row: oracle.sort_key(row, columns))
        return tables

    def check(self) -> None:
        """Asserts that every table is what the oracle makes of the deliveries."""
        assert_equal(self.tables(), oracle.build(self.deliveries))


@contextmanager
def held(database: Path) -> Iterator[None]:
    """Has another process a DuckDB database open."""
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, database],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout
    holder.stdout.readline()
    try:
        yield
    finally:
        holder.communicate("\n")


def deliver_day(platform: Platform, day: date, users: int = 1, bad_users: int = 0) -> None:
    """A day of new users, some without an address, one show and a watch of it."""
    number = (day - FIRST).days * 10_000
    platform.deliver(
        "users",
        day,
        [
            {
                "user_id": number + n + 1,
                "name": "Ann",
                "email": None if n < bad_users else "ann@example.org",
                "updated_at": f"{day} 00:00:00",
            }
            for n in range(users)
        ],
    )
    platform.deliver(
        "shows", day, [{"show_id": 1, "title": f"As of {day}", "updated_at": f"{day} 00:00:00"}]
    )
    platform.deliver(
        "watches",
        day,
        [
            {
                "watch_id": number + 1,
                "user_id": number + users,
                "show_id": 1,
                "watched_at": f"{day} 20:00:00",
                "completion_pct": 1,
                "status": "completed",
            }
        ],
    )


def gold(platform: Platform) -> Tables:
    """The tables of gold in prod."""
    return {name: rows for name, rows in platform.tables().items() if name.startswith("gold.")}


def checkout(folder: Path, models: Sequence[str] = ()) -> Path:
    """A copy of the project in `folder`, with a cache of its own: a copy of the models parsed.

    Args:
        models: those of the project's models that it has, as `schema.model`; without it, all.
            Users and ratings are not loaded without the requests for erasure.
    """
    if {"bronze.delivered_users", "bronze.delivered_ratings"}.intersection(models):
        models = [*models, "bronze.delivered_erasures"]
    folder.mkdir(exist_ok=True)
    for part in PARTS:
        source = PROJECT / part
        # With their times, by which SQLMesh knows the models in its cache.
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, folder / part)
    for path in (folder / "models").glob("*/*.sql") if models else ():
        if f"{path.parent.name}.{path.stem}" not in models:
            path.unlink()
    with suppress(shutil.Error, FileNotFoundError):  # another worker's file that came and went
        shutil.copytree(PROJECT / ".cache", folder / ".cache")
    return folder


@contextmanager
def cache_for_any_folder(data: Path) -> Iterator[None]:
    """Lets contexts whose configurations differ in the folder of the data alone share a cache.

    SQLMesh keys the models that it parsed by the whole configuration; no model knows that folder.
    """

    def fingerprint(config: Config) -> str:
        values = repr(config.dict(exclude={"loader", "notification_targets"}))
        return str(zlib.crc32(values.replace(str(data), "").encode()))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Config, "fingerprint", property(fingerprint))
        yield


def forget_macros() -> None:
    """Lets the next context import its macros anew, all from its own project.

    SQLMesh drops a module when it comes to its file; what was imported from another checkout
    before that counts as a package from outside, which changes the model's fingerprint. Of two
    macros of one name it keeps the first, so one that a test imported would stand for them all.
    """
    for name in [name for name in sys.modules if name.split(".")[0] == "macros"]:
        del sys.modules[name]
    of_sqlmesh = {
        name: of_name
        for name, of_name in macro.get_registry().items()
        if not of_name.func.__module__.startswith("macros.")
    }
    macro.set_registry(UniqueKeyDict("macros", **of_sqlmesh))


def morning_after(day: date) -> datetime:
    """When a day of delivery can be run."""
    return datetime.combine(day + timedelta(days=1), time(6))


def assert_equal(actual: Tables, expected: Tables) -> None:
    """Asserts that tables are equal, value by value; means may differ in the last digits."""
    for table, rows in expected.items():
        assert len(actual[table]) == len(rows), (
            f"{table} has {len(actual[table])} rows instead of {len(rows)}"
        )
        for row, wanted in zip(actual[table], rows, strict=True):
            for column, value in wanted.items():
                same = (
                    math.isclose(row[column], value, rel_tol=1e-9)
                    if isinstance(value, float) and row[column] is not None
                    else row[column] == value and type(row[column]) is type(value)
                )
                assert same, f"{table}.{column}: {row[column]!r} instead of {value!r} in {wanted}"
