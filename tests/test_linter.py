"""The project's rules for models: each flags what it says, and nothing in the project."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from shutil import copy, copytree
from types import SimpleNamespace
from typing import Any

import pytest
from harness import PROJECT, Platform
from sqlmesh import Context
from sqlmesh.core.audit import ModelAudit, load_audit
from sqlmesh.core.dialect import parse
from sqlmesh.core.linter.rule import Rule
from sqlmesh.core.model import Model, load_sql_based_model

from linter import models as rules
from operations.environment.lineage import Column, parents
from operations.environment.personal_data import PERSONAL, tagged

RULES = {
    value.name: value
    for value in vars(rules).values()
    if isinstance(value, type) and issubclass(value, Rule) and value is not Rule
}

MODEL = """
MODEL (
  name gold.sales,
  kind FULL,
  owner someone,
  description 'What was sold. Grain: shop and day.',
  grain (shop, day),
  tags (gold, money),
  depends_on (quality.deliveries, quality.reconciliation),
  audits (
    unique_combination_of_columns(columns := (shop, day)),
    is_paid
  )
);

SELECT
  shop::INT, /* Identifies the shop. */
  day::DATE, /* Day of the sale. */
  SUM(paid)::DOUBLE AS paid /* Euros. */
FROM silver.sales
GROUP BY
  ALL
"""
DESCRIPTION = "description 'What was sold. Grain: shop and day.',"
GATES = "depends_on (quality.deliveries, quality.reconciliation),"
VIEW = {"gold.sales": "gold.last_sales", "kind FULL": "kind VIEW"}
AUDIT = "AUDIT (name is_paid); SELECT * FROM @this_model WHERE paid IS NULL"
ONE_KEY = {"grain (shop, day)": "grain shop", "unique_combination_of_columns": "unique_values"}
KEYED = {"kind FULL": "kind INCREMENTAL_BY_UNIQUE_KEY (unique_key (shop, day))"}
DELIVERED = {
    "gold.sales": "bronze.sales",
    "tags (gold": "tags (bronze, deliveries",
    "grain (shop, day),": "",
    "Grain: shop and day.": "Grain: one delivered row.",
    "unique_combination_of_columns(columns := (shop, day))": "not_null(columns := shop)",
}


def changed(text: str, changes: dict[str, str]) -> str:
    """The text with each of the changes made."""
    for old, new in changes.items():
        assert old in text, f"{old} is not in the text to change"
        text = text.replace(old, new)
    return text


@pytest.fixture
def flagged(tmp_path: Path) -> Callable[..., dict[str, list[str]]]:
    """Writes a model and its audit, and says which rules flag it, with their messages."""

    def write(path: str, text: str) -> Path:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def load(text: str, audit: str, file: str) -> Model:
        path = write("audits/is_paid.sql", audit)
        loaded = load_audit(parse(audit, "databricks"), path=path, dialect="databricks")
        assert isinstance(loaded, ModelAudit)
        return load_sql_based_model(
            parse(text, "databricks"),
            path=write(file, text),
            dialect="databricks",
            default_catalog="streaming_prod",
            audit_definitions={loaded.name: loaded},
        )

    def lint(text: str, audit: str = AUDIT, file: str = "models/gold/sales.sql") -> Any:
        view = load(changed(MODEL, VIEW), AUDIT, "models/gold/last_sales.sql")
        model = load(text, audit, file)
        context = SimpleNamespace(get_model={view.fqn: view}.get)
        found = {}
        for name, rule in RULES.items():
            violations = rule(context).check_model(model) or []  # type: ignore[arg-type]
            violations = violations if isinstance(violations, list) else [violations]
            if violations:
                found[name] = [violation.violation_msg for violation in violations]
        return found

    return lint


Lint = Callable[..., dict[str, list[str]]]


def test_flags_nothing_in_a_model_that_keeps_the_rules(flagged: Lint) -> None:
    assert flagged(MODEL) == {}


@pytest.mark.parametrize(
    ("rule", "changes", "message"),
    [
        ("nomissingdescription", {DESCRIPTION: ""}, "is missing"),
        ("nomissingdescription", {" Grain: shop and day.": ""}, "does not say 'Grain:'"),
        ("nomissingdescription", {"Grain: shop and day.": "Grain: shop."}, "leaves out day"),
        ("nomissingcolumndescription", {"/* Euros. */": ""}, "Not described: paid."),
        (
            "nomissingcolumndescription",
            {"tags (": "column_descriptions (paid = 'Euros.'), tags ("},
            "Not described: shop, day.",
        ),
        ("nounauditedgrain", {"grain (shop, day),": ""}, "grain is missing"),
        ("nounauditedgrain", {"unique_combination_of_columns": "not_null"}, "day, shop"),
        ("nounauditedgrain", {"unique_combination_of_columns": "unique_values"}, "day, shop"),
        ("nounauditedgrain", {"columns := (shop, day)": "columns := (shop, paid)"}, "day, shop"),
        ("nounauditedgrain", {"grain (shop, day)": "grain shop"}, "unique: shop"),
        ("nounauditedgrain", {"grain (shop, day)": "grains (shop, day)"}, "unique: shop; day"),
        ("nomissinglayertag", {"tags (gold, money),": ""}, "not 'gold'"),
        ("nomissinglayertag", {"tags (gold, money)": "tags (money, gold)"}, "not 'gold'"),
        ("nomissingowner", {"owner someone,": ""}, "owner"),
        ("noengineinsql", {"someone,": "someone, dialect duckdb,"}, "sales.sql, line 5"),
        ("noengineinsql", {"FROM silver.sales": "FROM read_csv('a')"}, "read_csv"),
        ("noengineinsql", {"FROM silver.sales": "FROM READ_PARQUET('a')"}, "READ_PARQUET"),
        ("noengineinsql", {"FROM silver.sales": "FROM read_json_auto('a')"}, "read_json"),
        ("noengineinsql", {"FROM silver.sales": "FROM read_files('a')"}, "read_files"),
        ("noengineinsql", {"Euros.": "Euros, as Spark rounds."}, "Spark"),
        ("noengineinsql", {"Euros.": "Euros, as Databricks rounds."}, "Databricks"),
        ("noungatedgold", {GATES: ""}, "quality.deliveries, quality.reconciliation"),
        ("noungatedgold", {"(quality.deliveries, ": "("}, "Does not depend on quality.deliveries."),
        ("noviewbelowtable", {"silver.sales": "gold.last_sales"}, "Reads the view gold.last_sales"),
        ("nomodelaheadofdeliveries", KEYED, "day_is_delivered is missing"),
        ("nountaggedpersonaldata", {"AS paid": "AS device"}, "Not tagged: device."),
        ("nomisplacedmodel", {"gold.sales": "gold.sale"}, "gold.sale stands in gold/sales.sql"),
    ],
)  # fmt: skip
def test_flags(flagged: Lint, rule: str, changes: dict[str, str], message: str) -> None:
    found = flagged(changed(MODEL, changes))
    assert list(found) == [rule]
    assert len(found[rule]) == 1
    assert message in found[rule][0]


def test_every_rule_flags_something_here_and_is_documented() -> None:
    parameters = test_flags.pytestmark[0].args[1]
    assert {rule for rule, _, _ in parameters} == set(RULES)
    for rule in RULES.values():
        assert "Reason to flag:" in rule.__doc__
        assert "How to remediate:" in rule.__doc__


@pytest.mark.parametrize(
    "changes",
    [
        ONE_KEY,
        {**ONE_KEY, "unique_values(columns := (shop, day))": "unique_values(columns := shop)"},
        {"columns := (shop, day)": "columns := (day, shop)"},
        {"FROM silver.sales": "FROM silver.sparkling_sales"},
    ],
)
def test_does_not_flag(flagged: Lint, changes: dict[str, str]) -> None:
    first, rest = dict(list(changes.items())[:2]), dict(list(changes.items())[2:])
    assert flagged(changed(changed(MODEL, first), rest)) == {}


def test_a_grain_of_one_column_may_be_audited_where_it_changed(flagged: Lint) -> None:
    audit = "AUDIT (name grain_is_unique); SELECT @key FROM @this_model"
    changes = {
        "grain (shop, day)": "grain shop",
        "unique_combination_of_columns(columns := (shop, day))": "grain_is_unique(key := shop)",
        "is_paid": "not_null(columns := day)",
    }
    assert flagged(changed(MODEL, changes), audit) == {}
    assert list(flagged(changed(MODEL, {**changes, "key := shop": "key := day"}), audit)) == [
        "nounauditedgrain"
    ]


def test_what_reads_deliveries_has_the_signal(flagged: Lint) -> None:
    changes = {**DELIVERED, "gold.sales": "bronze.delivered_sales"}
    file = "models/bronze/delivered_sales.sql"
    assert list(flagged(changed(MODEL, changes), file=file)) == ["nomodelaheadofdeliveries"]


def test_delivered_rows_need_no_grain(flagged: Lint) -> None:
    file = "models/bronze/sales.sql"
    assert flagged(changed(MODEL, DELIVERED), file=file) == {}
    for tag in ("seed", "other"):
        text = changed(MODEL, {**DELIVERED, "tags (gold": f"tags (bronze, {tag}"})
        assert list(flagged(text, file=file)) == ([] if tag == "seed" else ["nounauditedgrain"])
    text = changed(MODEL, {**DELIVERED, "Grain: shop and day.": "Grain: one row."})
    assert list(flagged(text, file=file)) == ["nounauditedgrain"]


def test_gold_is_never_delivered_rows(flagged: Lint) -> None:
    gold = {"gold.sales": "gold.sales", "tags (gold": "tags (gold, deliveries"}
    text = changed(MODEL, {**DELIVERED, **gold})
    assert list(flagged(text)) == ["nounauditedgrain"]


def test_the_folder_is_the_schema(flagged: Lint) -> None:
    assert list(flagged(MODEL, file="models/silver/sales.sql")) == ["nomisplacedmodel"]


def test_an_engine_is_found_in_an_audit(flagged: Lint) -> None:
    found = flagged(MODEL, audit=AUDIT.replace("IS NULL", "IS NULL /* not on DuckDB */"))
    assert found == {"noengineinsql": ["is_paid.sql, line 1, names an engine: DuckDB."]}


def test_a_view_may_read_a_view(flagged: Lint) -> None:
    assert (
        flagged(changed(MODEL, {"kind FULL": "kind VIEW", "silver.sales": "gold.last_sales"})) == {}
    )


def test_personal_data_is_tagged_where_it_is_stored(flagged: Lint) -> None:
    text = changed(MODEL, {"AS paid": "AS device"})
    assert flagged(changed(text, {"  ALL": "  ALL;\n\n@PERSONAL_DATA(device)"})) == {}
    assert flagged(changed(text, {"kind FULL": "kind VIEW"})) == {}


def test_only_gold_waits_for_the_gates(flagged: Lint) -> None:
    silver = {"gold.sales": "silver.sales", "tags (gold": "tags (silver", GATES: ""}
    assert flagged(changed(MODEL, silver), file="models/silver/sales.sql") == {}


def test_config_runs_every_rule_as_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy(PROJECT / "config.py", tmp_path)
    copytree(PROJECT / "linter", tmp_path / "linter")
    model = tmp_path / "models" / "silver" / "bad.sql"
    model.parent.mkdir(parents=True)
    model.write_text(
        "MODEL (name gold.bad, kind INCREMENTAL_BY_UNIQUE_KEY (unique_key spark), owner ''); "
        "SELECT spark, 'x' AS device FROM gold.view"
    )
    model.with_name("view.sql").write_text("MODEL (name gold.view, kind VIEW); SELECT 1 AS spark")
    monkeypatch.setenv("STREAMING_DATA_DIR", str(tmp_path))
    context = Context(paths=tmp_path)
    violations = context.lint_models(raise_on_error=False)
    context.close()
    assert set(RULES) <= {v.rule.name for v in violations if v.violation_type == "error"}
    assert not [v for v in violations if v.violation_type != "error"]


def test_what_is_computed_from_personal_data_is_tagged(tmp_path: Path) -> None:
    """Whatever it is called: the rule goes by names."""
    # Hashes and reasons
    of_no_text = {"_row_hash", "_hash_before", "_version", "_broken_rules", "_rejected_for"}
    with Platform(tmp_path).context() as context:
        models = dict(context.models)
        stored = [model for model in models.values() if not model.kind.is_view]
        computed = {
            (model.fqn, column)
            for model in stored
            for column in set(model.columns_to_types) - of_no_text
            if {name for _, name in sources(models, (model.fqn, column))} & set(PERSONAL)
        }
    assert computed == tagged(models)


def sources(models: Mapping[str, Model], column: Column) -> set[Column]:
    """A column and all that it is computed from."""
    found, ahead = set(), {column}
    while ahead:
        found.add(name := ahead.pop())
        model = models.get(name[0])
        if model and model.is_sql:
            ahead |= (parents(model, name[1]) or set()) - found
    return found


def test_the_project_keeps_the_rules(tmp_path: Path) -> None:
    with Platform(tmp_path).context() as context:
        violations = context.lint_models(raise_on_error=False)
        assert len(context.models) > 30
    assert [f"{v.model.name}: {v.rule.name}: {v.violation_msg}" for v in violations] == []
