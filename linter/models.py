"""This project's own rules for models; SQLMesh runs them beside its own, as errors.

Every rule says why it flags (Reason to flag) and what to do about it (How to remediate).
"""

from __future__ import annotations

import re
from pathlib import Path

from sqlglot import exp
from sqlmesh.core.linter.rule import Rule, RuleViolation
from sqlmesh.core.model import Model

from operations.environment.personal_data import PERSONAL, tagged
from operations.landing import MODEL, SIGNAL
from operations.sqlmesh_internals import file_of

ENGINE = re.compile(r"duckdb|databricks|\bspark\b|\bread_(?:csv|parquet|json|files)", re.IGNORECASE)
GATES = {"quality.deliveries", "quality.reconciliation"}

# The audits that hold a grain, and their argument that names its columns.
GRAIN_AUDITS = {
    "grain_is_unique": "key",
    "unique_values": "columns",
    "unique_combination_of_columns": "columns",
}

# Rows as they were delivered have no key: which models hold them, where, and what they say.
DELIVERED_TAGS = {"deliveries", "seed"}
DELIVERED_LAYERS = {"bronze", "silver", "quarantine"}
DELIVERED_GRAIN = "Grain: one delivered row"


class NoMissingDescription(Rule):
    """A model says what it holds and what one row of it stands for.

    Reason to flag: readers meet a model in the catalog, where its description is all they see.
    Without the grain in it they count and join wrongly.

    How to remediate: begin the file with a comment, which SQLMesh takes for the description: what a
    row is, where it comes from, when it changes, and at its end `Grain: column and column.`, naming
    every column of `grain`; or `Grain: one delivered row.` where rows have no key.
    """

    def check_model(self, model: Model) -> RuleViolation | None:
        if not model.description:
            return self.violation("The description is missing.")
        _, _, grain = model.description.partition("Grain:")
        if not grain.strip():
            return self.violation("The description does not say 'Grain:' and what one row is.")
        unnamed = sorted(set().union(*map(_columns, model.grains)) - set(re.findall(r"\w+", grain)))
        if unnamed:
            return self.violation(f"'Grain:' in the description leaves out {', '.join(unnamed)}.")
        return None


class NoMissingColumnDescription(Rule):
    """Every column of a model is described.

    Reason to flag: units, time zones and what NULL means cannot be read off a name. SQLMesh takes
    comments as descriptions only where the header has no `column_descriptions`.

    How to remediate: end the column's line in the query with a comment; where the header has
    `column_descriptions`, describe all columns there.
    """

    def check_model(self, model: Model) -> RuleViolation | None:
        described = {name for name, text in model.column_descriptions.items() if text}
        missing = [name for name in model.columns_to_types or {} if name not in described]
        return self.violation(f"Not described: {', '.join(missing)}.") if missing else None


class NoUnauditedGrain(Rule):
    """A model has a grain, and an audit holds it.

    Reason to flag: `grain` is a promise that SQLMesh does not check; a repeated key multiplies rows
    in every join on it.

    How to remediate: state the `grain`, and audit just its columns with `grain_is_unique(key :=
    ...)`, `unique_values(columns := ...)` or `unique_combination_of_columns(columns := ...)`.
    Delivered rows have no key: a model of bronze, silver or quarantine that holds them has the tag
    `deliveries` or `seed`, and its description says `Grain: one delivered row`.
    """

    def check_model(self, model: Model) -> RuleViolation | None:
        if not model.grains:
            is_delivered = (
                model.schema_name in DELIVERED_LAYERS
                and DELIVERED_TAGS.intersection(model.tags)
                and DELIVERED_GRAIN in (model.description or "")
            )
            return None if is_delivered else self.violation("The grain is missing.")
        audited = _audited_keys(model)
        missing = [grain for grain in map(_columns, model.grains) if grain not in audited]
        if missing:
            names = "; ".join(", ".join(sorted(grain)) for grain in missing)
            return self.violation(f"No audit says that the grain is unique: {names}.")
        return None


class NoMissingLayerTag(Rule):
    """The first tag of a model is its layer.

    Reason to flag: layers are selected by tag (`--select-model tag:gold`); a model without its tag
    is silently left out.

    How to remediate: begin `tags` with the name of the model's schema.
    """

    def check_model(self, model: Model) -> RuleViolation | None:
        if model.tags[:1] != [model.schema_name]:
            return self.violation(f"The first tag is not '{model.schema_name}'.")
        return None


class NoMissingOwner(Rule):
    """A model has an owner.

    Reason to flag: when an audit fails, someone has to be told.

    How to remediate: set `owner`, or `model_defaults.owner` in config.py for all.
    """

    def check_model(self, model: Model) -> RuleViolation | None:
        return None if model.owner else self.violation("The owner is missing.")


class NoEngineInSql(Rule):
    """A model and its audits name no engine and no reader that only one engine has.

    Reason to flag: the same SQL runs on every engine; whoever reads it should meet the logic of the
    business and nothing of where it runs, comments and header included.

    How to remediate: move what differs into a macro (macros/), as `@delivery` does for reading
    files.
    """

    def check_model(self, model: Model) -> list[RuleViolation]:
        written = (model, *model.audit_definitions.values())
        files = sorted(filter(None, set(map(file_of, written))))
        return [
            self.violation(f"{path.name}, line {number}, names an engine: {found[0]}.")
            for path in files
            for number, line in enumerate(_text(path).splitlines(), start=1)
            if (found := ENGINE.search(line))
        ]


class NoUngatedGold(Rule):
    """A model of gold waits for the gates.

    Reason to flag: a failing audit stops what is downstream of the audited model and nothing else.
    A gold model that is not downstream of the gates is published from a delivery that they refuse.

    How to remediate: add `depends_on (quality.deliveries, quality.reconciliation)`.
    """

    def check_model(self, model: Model) -> RuleViolation | None:
        parents = {f"{table.db}.{table.name}" for table in map(exp.to_table, model.depends_on)}
        missing = sorted(GATES - parents) if model.schema_name == "gold" else []
        return self.violation(f"Does not depend on {', '.join(missing)}.") if missing else None


class NoViewBelowTable(Rule):
    """What is stored is never computed from a view.

    Reason to flag: SQLMesh makes a view anew after any change above it, and then computes every
    table below the view anew as well, in the environment that shows the change. A new column of
    one model would cost the whole of silver and gold.

    How to remediate: read the tables that the view reads, or store the view's rows.
    """

    def check_model(self, model: Model) -> RuleViolation | None:
        if model.kind.is_view:
            return None
        parents = filter(None, map(self.context.get_model, sorted(model.depends_on)))
        views = [parent.name for parent in parents if parent.kind.is_view]
        return self.violation(f"Reads the view {', '.join(views)}.") if views else None


class NoModelAheadOfDeliveries(Rule):
    """A model that reads deliveries, has a unique key or keeps versions has the signal.

    Reason to flag: a delivery without it is loaded before the others of its day. The other two may
    be computed for a day that was left out above them (a restatement computes what has a unique
    key up to now); the day then counts as done, and its rows never come.

    How to remediate: add `signals (day_is_delivered())`.
    """

    def check_model(self, model: Model) -> RuleViolation | None:
        kind = model.kind
        needs_it = (
            kind.is_incremental_by_unique_key
            or kind.is_scd_type_2
            or model.view_name.startswith(MODEL)
        )
        if needs_it and SIGNAL not in (name for name, _ in model.signals):
            return self.violation(f"The signal {SIGNAL} is missing.")
        return None


class NoUntaggedPersonalData(Rule):
    """What is stored and may hold personal data is tagged.

    Reason to flag: the policies of a workspace mask tagged columns and no others.

    How to remediate: end the file with `@PERSONAL_DATA(name, email)`, naming the columns.
    """

    def check_model(self, model: Model) -> RuleViolation | None:
        marked = {column for _, column in tagged({model.fqn: model})}
        held = [name for name in model.columns_to_types or {} if name in PERSONAL]
        missing = [] if model.kind.is_view else [name for name in held if name not in marked]
        return self.violation(f"Not tagged: {', '.join(missing)}.") if missing else None


class NoMisplacedModel(Rule):
    """A model stands in the file of its name, in the folder of its schema.

    Reason to flag: who sees `gold.fct_watches` in a query opens models/gold/fct_watches.sql.

    How to remediate: rename the file or the model.
    """

    def check_model(self, model: Model) -> RuleViolation | None:
        path = file_of(model)
        if path and (path.parent.name, path.stem) != (model.schema_name, model.view_name):
            return self.violation(f"{model.name} stands in {path.parent.name}/{path.name}.")
        return None


def _columns(names: exp.Expr) -> frozenset[str]:
    """The columns that a grain or an audit's argument names: `a`, `(a)` or `(a, b)`."""
    return frozenset(column.name for column in names.find_all(exp.Column))


def _audited_keys(model: Model) -> set[frozenset[str]]:
    """The sets of columns that an audit of the model says to be unique."""
    keys = set()
    for name, arguments in model.audits:
        if name in GRAIN_AUDITS:
            columns = _columns(arguments[GRAIN_AUDITS[name]])
            # unique_values judges each of its columns alone
            keys |= {frozenset([c]) for c in columns} if name == "unique_values" else {columns}
    return keys


def _text(path: Path) -> str:
    """The text of a file of the project."""
    return path.read_text(encoding="utf-8")
