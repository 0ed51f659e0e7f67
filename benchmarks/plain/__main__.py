"""Loads what a landing has new, with every check: `python -m benchmarks.plain`.

It reads the same variables as the dbt project: BENCHMARK_LANDING (a folder), BENCHMARK_FORMAT (csv
or parquet), BENCHMARK_DATABASE (a file, which is made if it is not there) and BENCHMARK_RESTATE (a
day that is loaded again, if any).
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from benchmarks.plain.project import Model, NotSet, Project, variable

DBT_PROJECT = Path(__file__).parent.parent / "dbt"
SETTINGS = "SET TimeZone = 'UTC'; SET preserve_insertion_order = false"


class Failed(Exception):
    """A check found rows; says which and how many."""


def write(connection: duckdb.DuckDBPyConnection, project: Project, model: Model, now: str) -> None:
    """Makes a model's table or view, or adds to its table what came since."""
    kind, table = model.config["materialized"], model.table
    if kind == "view":
        connection.execute(f"CREATE OR REPLACE VIEW {table} AS {project.sql(model, False)}")
        return
    schema, name = table.split(".")
    exists = connection.execute(
        "SELECT COUNT(*) FROM duckdb_tables() WHERE schema_name = ? AND table_name = ?",
        [schema, name],
    ).fetchone() != (0,)
    added = exists and kind != "table"
    if before := project.before(model, added):
        connection.execute(before)
    query = project.sql(model, added)
    if kind == "snapshot":
        _snapshot(connection, model, query, now, exists)
    elif not added:
        connection.execute(f"CREATE OR REPLACE TABLE {table} AS {query}")
    elif model.config["incremental_strategy"] == "append":
        connection.execute(f"INSERT INTO {table} {query}")
    else:
        key = model.config["unique_key"]
        connection.execute(f"CREATE OR REPLACE TEMP TABLE arrived AS {query}")
        connection.execute(f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM arrived)")
        connection.execute(f"INSERT INTO {table} FROM arrived")


def _snapshot(
    connection: duckdb.DuckDBPyConnection, model: Model, query: str, now: str, exists: bool
) -> None:
    """Closes the versions that are no longer what the query shows, and opens those that are."""
    table, key, columns = model.table, model.config["unique_key"], model.config["check_cols"]
    shown = f"SELECT *, {now} AS valid_from, NULL::TIMESTAMP AS valid_to FROM ({query})"
    if not exists:
        connection.execute(f"CREATE TABLE {table} AS {shown}")
        return
    changed = " OR ".join(f"now.{column} IS DISTINCT FROM was.{column}" for column in columns)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE arrived AS SELECT now.* FROM ({shown}) AS now "
        f"LEFT JOIN {table} AS was ON was.{key} = now.{key} AND was.valid_to IS NULL "
        f"WHERE was.{key} IS NULL OR {changed}"
    )
    connection.execute(
        f"UPDATE {table} SET valid_to = {now} FROM arrived "
        f"WHERE arrived.{key} = {table}.{key} AND {table}.valid_to IS NULL"
    )
    connection.execute(f"INSERT INTO {table} FROM arrived")


def check(connection: duckdb.DuckDBPyConnection, sql: str, fatal: bool = True) -> None:
    """Counts the rows of a check.

    Raises:
        Failed: there are some, and they are `fatal`.
    """
    ((rows,),) = connection.execute(f"SELECT COUNT(*) FROM ({sql})").fetchall()
    if rows and fatal:
        raise Failed(f"{rows} rows fail a check, look at them with: {sql}")


def load(database: str) -> None:
    """Brings the database up to what the landing has."""
    with duckdb.connect(database) as connection:
        connection.execute(SETTINGS)
        project = Project(DBT_PROJECT, lambda sql: connection.execute(sql).fetchall())
        now = f"TIMESTAMP '{project.run_started_at:%Y-%m-%d %H:%M:%S.%f}'"
        models = project.models()
        for schema in sorted({model.table.split(".")[0] for model in models}):
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        for model in models:
            write(connection, project, model, now)
            for sql in model.checks:
                check(connection, sql)
        for sql, fatal in project.singular_tests().values():
            check(connection, sql, fatal)


if __name__ == "__main__":
    try:
        load(variable("BENCHMARK_DATABASE"))
    except (Failed, NotSet) as error:
        sys.exit(f"benchmarks.plain: {error}")
