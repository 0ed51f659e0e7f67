"""The dbt project's models and tests as SQL, rendered with Jinja and nothing of dbt.

So the plain peer runs the same statements by construction. Only what the project uses is here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from graphlib import TopologicalSorter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jinja2 import Environment
from ruamel.yaml import YAML

Query = Callable[[str], list[tuple[Any, ...]]]
SNAPSHOT = re.compile(r"{%-?\s*(snapshot \w+|endsnapshot)\s*-?%}")


class NotSet(Exception):
    """A variable that is needed is not there; says which."""


@dataclass(frozen=True)
class Model:
    """A model or a snapshot.

    Attributes:
        name: its name, without the schema.
        table: its name with the schema.
        text: its file, SQL and Jinja.
        config: what the project and the file say of it: `materialized`, `unique_key` and others.
        parents: the names of what it reads.
        checks: the schema tests of the model, each a query whose rows are failures.
    """

    name: str
    table: str
    text: str
    config: Mapping[str, Any]
    parents: frozenset[str]
    checks: tuple[str, ...] = ()


@dataclass
class Project:
    """The dbt project in `folder`; `query` answers what a model asks while it is rendered."""

    folder: Path
    query: Query
    run_started_at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    def __post_init__(self) -> None:
        """Reads the macros and the settings of the layers."""
        self._jinja = Environment()
        self._macros = "".join(path.read_text() for path in sorted(self.folder.glob("macros/*")))
        self._settings = _yaml(self.folder / "dbt_project.yml")
        self._tables = {path.stem: self._table(path) for path in self._files()}

    def models(self) -> list[Model]:
        """The models and the snapshot, each after what it reads."""
        checks = self._checks()
        models = {
            path.stem: self._model(path, tuple(checks.get(path.stem, ()))) for path in self._files()
        }
        order = TopologicalSorter({model.name: model.parents for model in models.values()})
        return [models[name] for name in order.static_order()]

    def sql(self, model: Model, incremental: bool) -> str:
        """The query of a model; `incremental` when its table is there and is added to."""
        return self._render(model.text, model.table, incremental, {}, set())

    def before(self, model: Model, incremental: bool) -> str:
        """The statement that the project runs before the model's; empty for none."""
        hook = model.config.get("pre-hook", "")
        return self._render(hook, model.table, incremental, {}, set())

    def singular_tests(self) -> dict[str, tuple[str, bool]]:
        """The query of each test of its own file, and whether its rows are failures or a hint."""
        found = {}
        for path in sorted(self.folder.glob("tests/*.sql")):
            config: dict[str, Any] = {}
            sql = self._render(path.read_text(), "", False, config, set())
            found[path.stem] = sql, config.get("severity", "error") == "error"
        return found

    def _files(self) -> list[Path]:
        return sorted([*self.folder.glob("models/*/*.sql"), *self.folder.glob("snapshots/*.sql")])

    def _layer(self, path: Path) -> dict[str, Any]:
        """What dbt_project.yml says of the models of a folder, or of the snapshots."""
        settings = (
            self._settings["snapshots"]["streaming"]
            if path.parent.name == "snapshots"
            else self._settings["models"]["streaming"][path.parent.name]
        )
        return {name.removeprefix("+"): value for name, value in settings.items()}

    def _table(self, path: Path) -> str:
        return f"{self._layer(path)['schema']}.{path.stem}"

    def _model(self, path: Path, checks: tuple[str, ...]) -> Model:
        config = self._layer(path)
        parents: set[str] = set()
        if path.parent.name == "snapshots":
            config["materialized"] = "snapshot"
        text = SNAPSHOT.sub("", path.read_text())
        table = self._table(path)
        self._render(text, table, False, config, parents)
        return Model(path.stem, table, text, config, frozenset(parents), checks)

    def _render(
        self, text: str, table: str, incremental: bool, config: dict[str, Any], parents: set[str]
    ) -> str:
        """The SQL of a text; takes down what it configures and what it reads."""

        def configure(**values: Any) -> str:
            config.update(values)
            return ""

        def ref(name: str) -> str:
            parents.add(name)
            return self._tables[name]

        sql = self._jinja.from_string(self._macros + text).render(
            config=configure,
            ref=ref,
            this=table,
            execute=True,
            is_incremental=lambda: incremental,
            env_var=variable,
            run_query=lambda sql: SimpleNamespace(rows=self.query(sql)),
            run_started_at=self.run_started_at,
        )
        return sql.strip()

    def _checks(self) -> dict[str, list[str]]:
        """The queries of the schema tests, by model."""
        found: dict[str, list[str]] = {}
        for path in self.folder.glob("models/*/*.yml"):
            for model in _yaml(path)["models"]:
                table = self._tables[model["name"]]
                tests = [("", test) for test in model.get("data_tests", ())]
                for column in model.get("columns", ()):
                    tests += [(column["name"], test) for test in column.get("data_tests", ())]
                found[model["name"]] = [self._check(table, *test) for test in tests]
        return found

    def _check(self, table: str, column: str, test: str | Mapping[str, Any]) -> str:
        """The query of the failures of a schema test."""
        if isinstance(test, str):
            name, given = test, {}
        else:
            ((name, settings),) = test.items()
            given = settings["arguments"]
        if name == "not_null":
            return f"SELECT {column} FROM {table} WHERE {column} IS NULL"
        if name in ("unique", "unique_together"):
            key = ", ".join(given.get("columns", [column]))
            return f"SELECT {key} FROM {table} GROUP BY ALL HAVING COUNT(*) > 1"
        if name == "accepted_values":
            values = ", ".join(f"'{value}'" for value in given["values"])
            return f"SELECT {column} FROM {table} WHERE {column} NOT IN ({values})"
        if name == "in_range":
            least, most = given.get("least", "NULL"), given.get("most", "NULL")
            return f"SELECT {column} FROM {table} WHERE {column} < {least} OR {column} > {most}"
        if name == "relationships":
            parent = self._tables[given["to"].removeprefix("ref('").removesuffix("')")]
            return (
                f"SELECT {column} FROM {table} ANTI JOIN {parent} AS parent "
                f"ON parent.{given['field']} = {table}.{column} WHERE {column} IS NOT NULL"
            )
        raise ValueError(f"test {name!r} of {table} is not known here: add it to {__name__}")


def variable(name: str, default: str | None = None) -> str:
    """A variable of the environment, as dbt's `env_var` gives it.

    Raises:
        NotSet: it is not set, and there is no default.
    """
    value = os.environ.get(name, default)
    if value is None:
        raise NotSet(f"{name} is not set: see benchmarks/plain/__main__.py for what it means")
    return value


def _yaml(path: Path) -> dict[str, Any]:
    return YAML(typ="safe").load(path.read_text())
