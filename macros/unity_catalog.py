"""What Unity Catalog knows of a table beyond its rows; on DuckDB nothing of it is said."""

from __future__ import annotations

from sqlglot import exp, parse_one
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator

READ_BY_ANALYSTS = ("gold", "analytics")


@macro()
def primary_key(evaluator: MacroEvaluator, *columns: exp.Expr) -> list[exp.Expr]:
    """Statements that declare the key of a model when its table is created.

    The key is informational: Databricks enforces none, and with RELY plans by it. What it relies
    on is the model's audit of its grain. No foreign key is declared: it would name the physical
    table of one version of another model, which that model leaves behind.
    """
    if not _creates_on_databricks(evaluator):
        return []
    table = evaluator.this_model
    names = [column.name for column in columns]
    key = f"pk_{exp.to_table(table, dialect='databricks').name}"
    statements = [f"ALTER TABLE {table} ALTER COLUMN {name} SET NOT NULL" for name in names]
    statements.append(
        f"ALTER TABLE {table} ADD CONSTRAINT {key} PRIMARY KEY ({', '.join(names)}) RELY"
    )
    return [exp.Command(this=statement) for statement in statements]


@macro()
def personal_data(evaluator: MacroEvaluator, *columns: exp.Expr) -> list[exp.Expr]:
    """Statements that tag columns as personal data when a model's table is created.

    The policy in resources/databricks.sql masks every column with the tag, which is governed and
    has no values.
    """
    if not _creates_on_databricks(evaluator):
        return []
    table = evaluator.this_model
    return [
        exp.Command(this=f"SET TAG ON COLUMN {table}.{column.name} personal_data")
        for column in columns
    ]


@macro()
def query_tags(evaluator: MacroEvaluator) -> exp.Expr:
    """What the query history of Databricks shows of a statement: whose it is, for which model.

    The environment is what STREAMING_ENVIRONMENT says: SQLMesh does not hand it over, since a
    table serves every environment that shows it.
    """
    from macros.settings import setting  # not above: see there

    table = exp.to_table(evaluator.this_model, dialect="databricks")
    model = (
        ".".join(table.name.split("__")[:2]) if "__" in table.name else f"{table.db}.{table.name}"
    )
    environment = setting("STREAMING_ENVIRONMENT")
    tags = {"project": "streaming-platform", "environment": environment, "model": model}
    texts = (exp.Literal.string(text).sql() for item in tags.items() for text in item)
    return parse_one(f"MAP({', '.join(texts)})", dialect="databricks")


@macro()
def grants_to_analysts(evaluator: MacroEvaluator) -> list[exp.Expr]:
    """Statements that let the group STREAMING_ANALYSTS read gold and analytics, and no more."""
    from macros.settings import setting

    analysts = setting("STREAMING_ANALYSTS")
    if not analysts or evaluator.engine_adapter.dialect != "databricks":
        return []
    group = exp.to_identifier(analysts, quoted=True).sql("databricks")
    views = (exp.to_table(view, dialect="databricks") for view in evaluator.views)
    schemas = {f"{view.catalog}.{view.db}" for view in views if _layer(view) in READ_BY_ANALYSTS}
    return [
        parse_one(f"GRANT USE SCHEMA, SELECT ON SCHEMA {schema} TO {group}", dialect="databricks")
        for schema in sorted(schemas)
    ]


def _layer(view: exp.Table) -> str:
    """The schema of a view without the suffix of its environment."""
    return view.db.split("__")[0]


def _creates_on_databricks(evaluator: MacroEvaluator) -> bool:
    """Whether the statement is rendered for a table that Databricks is just creating."""
    return (
        evaluator.locals["runtime_stage"] == "creating"
        and evaluator.engine_adapter.dialect == "databricks"
    )
