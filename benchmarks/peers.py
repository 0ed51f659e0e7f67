"""The peers: this project, dbt and plain SQL, each with its own folder and databases."""

from __future__ import annotations

import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from datetime import date, timedelta
from pathlib import Path

import duckdb

from benchmarks import dbt_environment
from benchmarks.measure import Command
from operations import launcher

PROJECT = Path(__file__).parent.parent
LEFT_OUT = shutil.ignore_patterns(".*", "data", "logs", "benchmarks", "tests", "*.duckdb")
UNIT_TESTS = Path("tests", "unit")  # without which a plan is refused by the linter
GOLD = ("dim_shows", "fct_watches", "fct_ratings")
FACT = "fct_watches.sql"


def replace_once(path: Path, old: str, new: str) -> None:
    """Changes a file as a person would who edits a model.

    Raises:
        ValueError: the file does not hold `old` once.
    """
    text = path.read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise ValueError(f"{path} does not hold {old!r} once: adapt the change in {__name__} to it")
    path.write_text(text.replace(old, new), encoding="utf-8")


def copy(source: Path, target: Path) -> None:
    """Puts a copy of a folder where another may be; on some file systems it shares the blocks."""
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run(["cp", "-a", "--reflink=auto", source, target], check=True)


class Peer(ABC):
    """One way to load a landing.

    Attributes:
        name: as it is called in the results.
        folder: where its checkout and its databases are.
        landing: the deliveries.
        files_format: of the deliveries.
    """

    name: str

    def __init__(self, folder: Path, landing: Path, files_format: str) -> None:
        self.folder = folder.resolve()
        self.landing = landing.resolve()
        self.files_format = files_format

    @abstractmethod
    def check_out(self) -> None:
        """Makes its folder, with its code and no databases."""

    @abstractmethod
    def build(self, until: date) -> Command:
        """Builds everything from the landing, up to the day `until`, with all checks."""

    @abstractmethod
    def load(self, until: date) -> Command:
        """Loads what came since, up to the day `until`, with all checks."""

    @abstractmethod
    def restate(self, day: date, until: date) -> Command:
        """Loads the watches of a day again, and all that depends on them."""

    @abstractmethod
    def databases(self) -> list[Path]:
        """The database files; the first has gold."""

    def gold(self, table: str) -> str:
        """The name of a table of gold, when the database with it is attached by its own name."""
        return f"{self.databases()[0].stem}.gold.{table}"

    def rows(self) -> dict[str, int]:
        """Rows of each table of gold in prod, and how many of the watches count as completed."""
        counts = [f"(SELECT COUNT(*) FROM {self.gold(table)})" for table in GOLD]
        completed = f"COUNT(*) FILTER (is_completed) FROM {self.gold('fct_watches')}"
        with duckdb.connect() as connection:
            path = self.databases()[0]
            connection.execute(f"ATTACH '{path}' AS {path.stem} (READ_ONLY)")
            (row,) = connection.execute(f"SELECT {', '.join(counts)}, {completed}").fetchall()
        return dict(zip((*GOLD, "completed"), row, strict=True))

    def size(self) -> int:
        """Bytes of the databases."""
        return sum(
            path.stat().st_size
            for database in self.databases()
            for path in database.parent.glob(f"{database.name}*")
        )


class SqlMesh(Peer):
    """This project."""

    name = "sqlmesh"

    def check_out(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "data").mkdir(parents=True)
        checkout = self.folder / "project"
        shutil.copytree(PROJECT, checkout, ignore=LEFT_OUT)
        shutil.copytree(PROJECT / UNIT_TESTS, checkout / UNIT_TESTS)

    def databases(self) -> list[Path]:
        names = ("streaming_prod", "streaming_dev", "state")
        return [self.folder / "data" / f"{name}.duckdb" for name in names]

    def build(self, until: date) -> Command:
        return self.plan("prod", until)

    def load(self, until: date) -> Command:
        script = str(Path(__file__).with_name("run_at.py"))
        return self.python(script, _morning_after(until))

    def restate(self, day: date, until: date) -> Command:
        model = "bronze.delivered_watches"
        days = ("--start", str(day), "--end", str(day))
        return self.plan("prod", until, "--restate-model", model, *days)

    def plan(self, environment: str, until: date, *options: str) -> Command:
        """Plans and applies an environment, on the morning after the day `until`."""
        applied = ("--skip-tests", "--auto-apply", "--no-prompts")
        time = ("--execution-time", _morning_after(until))
        return self.sqlmesh("plan", environment, *applied, *time, *options)

    def sqlmesh(self, *arguments: str) -> Command:
        """A `sqlmesh` command in the checkout."""
        return self._command(str(Path(sys.executable).with_name("sqlmesh")), *arguments)

    def python(self, *arguments: str) -> Command:
        """Python with these arguments, in the checkout."""
        return self._command(sys.executable, *arguments)

    def one_unit_test(self) -> Command:
        """Runs one unit test."""
        return self.sqlmesh("test", "tests/unit/test_gold_dim_shows.yaml")

    def rollback(self) -> Command:
        """Takes the last deployment back."""
        return self._command(*launcher.call(self.folder / "project"), "rollback", "--yes")

    def change_fact(self) -> None:
        """Changes what a model of gold means."""
        replace_once(self._model("gold", FACT), "watches.status = 'completed'", "FALSE")

    def add_to_history(self) -> None:
        """Adds a column to the history of the users, which has to be computed anew for it."""
        column = "\nSELECT\n  1 AS added, /* New. */\n"
        replace_once(self._model("silver", "users_history.sql"), "\nSELECT\n", column)

    def take_back(self) -> None:
        """Takes the change of the fact out of the checkout."""
        shutil.copy(PROJECT / "models" / "gold" / FACT, self._model("gold", FACT))

    def _model(self, schema: str, file: str) -> Path:
        return self.folder / "project" / "models" / schema / file

    def _command(self, *arguments: str) -> Command:
        settings = {
            "STREAMING_LANDING": str(self.landing),
            "STREAMING_LANDING_FORMAT": self.files_format,
            "STREAMING_DATA_DIR": str(self.folder / "data"),
        }
        return Command(arguments, self.folder / "project", settings)


class OneDatabase(Peer):
    """A peer of one database, which is told by variables what to load and sees what is new."""

    def databases(self) -> list[Path]:
        return [self.folder / "streaming.duckdb"]

    def build(self, until: date) -> Command:
        return self.load(until)

    def settings(self) -> dict[str, str]:
        """The variables of its commands."""
        return {
            "BENCHMARK_LANDING": str(self.landing),
            "BENCHMARK_FORMAT": self.files_format,
            "BENCHMARK_DATABASE": str(self.databases()[0]),
        }


class Dbt(OneDatabase):
    """The dbt project in `benchmarks/dbt`."""

    name = "dbt"
    # Unit tests belong to a change, not to a load.
    data = ("--exclude-resource-type", "unit_test")
    # A developer's artefacts are not prod's: one folder for both would be parsed anew each time.
    dev = ("--target", "dev", "--target-path", "target_dev")

    def check_out(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        left_out = shutil.ignore_patterns(".*", "target*", "logs")
        shutil.copytree(PROJECT / "benchmarks" / "dbt", self.folder / "project", ignore=left_out)

    def load(self, until: date) -> Command:
        return self.dbt("build", *self.data)

    def restate(self, day: date, until: date) -> Command:
        selected = ("--select", "bronze_watches+")
        return self.dbt("build", *selected, *self.data, BENCHMARK_RESTATE=str(day))

    def dbt(self, *arguments: str, **settings: str) -> Command:
        """A `dbt` command in the checkout."""
        program = (str(dbt_environment.DBT), *arguments)
        return Command(program, self.folder / "project", self.settings() | settings)

    def build_changed(self, *options: str) -> Command:
        """Builds what is not as in prod, and what depends on it."""
        changed = ("--select", "state:modified+", "--state", "prod")
        return self.dbt("build", *changed, *self.data, *options)

    def parse_dev(self) -> Command:
        """Parses the project for a developer, who has done that before."""
        return self.dbt("parse", *self.dev)

    def new_users(self) -> Command:
        """Loads the users that came since, without what depends on them."""
        return self.dbt("run", "--select", "+silver_users")

    def keep_manifest(self) -> None:
        """Keeps what dbt knows of prod, for commands that compare with it."""
        project = self.folder / "project"
        (project / "prod").mkdir(exist_ok=True)
        shutil.copy(project / "target" / "manifest.json", project / "prod" / "manifest.json")

    def change_fact(self) -> None:
        """Changes what a model of gold means."""
        replace_once(self._fact(), "watches.status = 'completed'", "false")

    def take_back(self) -> None:
        """Takes the change out of the checkout; prod is what was promoted."""
        self.keep_manifest()
        shutil.copy(
            PROJECT / "benchmarks/dbt" / self._fact().relative_to(self.folder / "project"),
            self._fact(),
        )

    def _fact(self) -> Path:
        return self.folder / "project" / "models" / "030_gold" / FACT


class Plain(OneDatabase):
    """The statements of the dbt project in one DuckDB process."""

    name = "plain"

    def check_out(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def load(self, until: date) -> Command:
        return Command((sys.executable, "-m", "benchmarks.plain"), PROJECT, self.settings())

    def restate(self, day: date, until: date) -> Command:
        again = self.settings() | {"BENCHMARK_RESTATE": str(day)}
        return Command((sys.executable, "-m", "benchmarks.plain"), PROJECT, again)


def _morning_after(day: date) -> str:
    """When a day of delivery can be loaded."""
    return f"{day + timedelta(days=1)} 06:00:00"
