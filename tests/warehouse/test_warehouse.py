"""The stand-in of a warehouse itself: what a client of Databricks may rely on in other tests."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from databricks import sql
from databricks.sql.client import Connection
from databricks.sql.exc import DatabaseError, Error
from urllib3.exceptions import MaxRetryError

from tests.warehouse import Warehouse

CSV = "format => 'csv', header => true, mode => 'FAILFAST', rescuedDataColumn => 'unread'"
Run = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def started(running_warehouse: Warehouse) -> Iterator[Warehouse]:
    running = running_warehouse.emptied("one", "two")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment.items():
            patch.setenv(name, value)
        yield running


def connect(started: Warehouse, **settings: Any) -> Connection:
    given = started.environment
    defaults = {
        "server_hostname": given["DATABRICKS_HOST"],
        "http_path": given["DATABRICKS_HTTP_PATH"],
        "access_token": given["DATABRICKS_TOKEN"],
        "catalog": "one",
    }
    return sql.connect(**defaults | settings)


@pytest.fixture
def run(started: Warehouse, request: pytest.FixtureRequest) -> Iterator[Run]:
    """Runs a statement in a schema of the test's own and gives its rows."""
    with connect(started, query_tags={"test": request.node.name}) as connection:

        def run(statement: str, *arguments: Any) -> list[tuple[Any, ...]]:
            with connection.cursor() as cursor:
                cursor.execute(statement, *arguments)
                return [tuple(row) for row in cursor.fetchall()]

        schema = request.node.name.partition("[")[0]
        run(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        run(f"USE SCHEMA {schema}")
        yield run


def test_delta_tables_and_views_of_other_catalogs(run: Run) -> None:
    run("CREATE TABLE t (id INT, v STRING) CLUSTER BY AUTO")
    run("INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    run("MERGE INTO t USING (SELECT 2 AS id, 'c' AS v) AS s ON t.id = s.id "
        "WHEN MATCHED THEN UPDATE SET *")  # fmt: skip
    run("INSERT INTO t REPLACE WHERE id = 1 VALUES (1, 'z')")
    run("CREATE OR REPLACE VIEW two.default.v (id COMMENT 'key', v) AS SELECT * FROM t")
    assert run("SELECT * FROM two.default.v ORDER BY id") == [(1, "z"), (2, "c")]
    assert run("SELECT * FROM t VERSION AS OF 1 ORDER BY id") == [(1, "a"), (2, "b")]
    run("CREATE TABLE cloned SHALLOW CLONE t")
    run("RESTORE TABLE t TO VERSION AS OF 1")
    assert run("SELECT * FROM t ORDER BY id") == [(1, "a"), (2, "b")]
    assert run("SELECT * FROM cloned ORDER BY id") == [(1, "z"), (2, "c")]


def test_information_schema(run: Run) -> None:
    run("CREATE TABLE t (id BIGINT NOT NULL COMMENT 'key', n DECIMAL(9, 2), PRIMARY KEY (id) RELY)")
    run("CREATE VIEW v AS SELECT id FROM t")
    where = "table_catalog = 'one' AND table_schema = 'test_information_schema'"
    tables = "SELECT table_name, table_type FROM system.information_schema.tables"
    assert run(f"{tables} WHERE {where} ORDER BY 1") == [("t", "MANAGED"), ("v", "VIEW")]
    columns = "SELECT columns.column_name, full_data_type, comment FROM information_schema.columns"
    assert run(f"{columns} WHERE {where} AND table_name = 't' ORDER BY ordinal_position") == [
        ("id", "bigint", "key"),
        ("n", "decimal(9,2)", None),
    ]
    run("ALTER TABLE t ALTER COLUMN n COMMENT 'how many', id COMMENT 'an id'")
    run("COMMENT ON COLUMN t.id IS 'the key'")
    assert run(f"{columns} WHERE {where} AND table_name = 't' ORDER BY ordinal_position") == [
        ("id", "bigint", "the key"),
        ("n", "decimal(9,2)", "how many"),
    ]
    keys = "SELECT constraint_type FROM one.information_schema.table_constraints"
    assert run(f"{keys} WHERE {where}") == [("PRIMARY KEY",)]


def test_what_is_recorded_is_answered_and_dropped_with_its_table(run: Run) -> None:
    run("CREATE TABLE t (id INT, secret STRING)")
    run("GRANT SELECT ON TABLE t TO `someone else`")
    run("ALTER TABLE t SET TAGS ('layer' = 'gold')")
    run("ALTER TABLE t ALTER COLUMN secret SET TAGS ('pii')")
    grants = "SELECT grantee, privilege_type FROM information_schema.table_privileges"
    grants += " WHERE grantor = current_user() AND inherited_from = 'NONE'"
    tags = "SELECT tag_name, tag_value FROM information_schema.table_tags"
    columns = "SELECT column_name, tag_name FROM information_schema.column_tags"
    assert run(grants) == [("someone else", "SELECT")]
    assert run(tags) == [("layer", "gold")]
    assert run(columns) == [("secret", "pii")]
    run("DROP TABLE t")
    assert [run(grants), run(tags), run(columns)] == [[], [], []]


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("GRANT SELECT ON TABLE nothing TO someone", "TABLE_OR_VIEW_NOT_FOUND"),
        ("ALTER TABLE nothing SET TAGS ('a' = 'b')", "TABLE_OR_VIEW_NOT_FOUND"),
        ("USE CATALOG nothing", "NO_SUCH_CATALOG_EXCEPTION"),
        ("SET nothing = 1", "CONFIG_NOT_AVAILABLE"),
        ("LIST '/Volumes/one/no/thing'", "PATH_NOT_FOUND"),
        ("LIST '/nothing'", "neither with /Volumes/ nor with a scheme"),
        ("LIST 'Volumes/one/a/b'", "neither with /Volumes/ nor with a scheme"),
        (
            "SELECT * FROM read_files('{/Volumes/a,/Volumes/b}', format => 'csv')",
            "nor with a scheme",
        ),
        (
            "CREATE TABLE t (a INT) PARTITIONED BY (a) CLUSTER BY (a)",
            "partitioning cannot both",
        ),
        ("CREATE TABLE t (a INT) TBLPROPERTIES ('owner' = 'x')", "SET_TABLE_PROPERTY"),
        ("CREATE TABLE t (a INT) TBLPROPERTIES ('location' = 'x')", "SET_TABLE_PROPERTY"),
        ("CREATE TABLE t (a INT) TBLPROPERTIES ('provider' = 'x')", "SET_TABLE_PROPERTY"),
        ("CREATE TABLE t (a INT) TBLPROPERTIES ('external' = 'x')", "SET_TABLE_PROPERTY"),
        ("CREATE TABLE blank (`a b` INT)", "DELTA_INVALID_CHARACTERS_IN_COLUMN_NAME"),
        (f"CREATE TABLE {'t' * 256} (a INT)", "longer than 255"),
        (f"CREATE TABLE t ({'a' * 256} INT)", "longer than 255"),
        ("CREATE SCHEMA `a b`", "with a blank"),
        ("CREATE VIEW `a/b` AS SELECT 1 AS one", "a slash"),
        ("CREATE MATERIALIZED VIEW m AS SELECT 1", "NOT_KNOWN_TO_STAND_IN"),
        ("GRANT SELECT ON TABLE", "NOT_KNOWN_TO_STAND_IN"),
        ("CREATE SHARE s", "local stand-in does not know"),
        ("SELECT CAST('x' AS INT)", "CAST_INVALID_INPUT"),
    ],
)
def test_refused(run: Run, statement: str, error: str) -> None:
    with pytest.raises(Error, match=error):
        run(statement)


@pytest.fixture
def run_as(run: Run, started: Warehouse) -> Run:
    """Runs a statement as a user, in a session of its own; `run` is the admin's."""

    def run_as(user: str, statement: str) -> list[tuple[Any, ...]]:
        with connect(started.as_user(user)) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return [tuple(row) for row in cursor.fetchall()]

    return run_as


def test_privileges_come_from_above_and_with_the_use_of_it(run: Run, run_as: Run) -> None:
    run("CREATE TABLE t AS SELECT 1 AS id")
    schema = "one.test_privileges_come_from_above_and_with_the_use_of_it"
    read = f"SELECT * FROM {schema}.t"
    for lacking, granted in {
        "USE CATALOG": "CATALOG one",
        "USE SCHEMA": f"SCHEMA {schema}",
        "SELECT": f"SCHEMA {schema}",
    }.items():
        with pytest.raises(Error, match=f"'engineer' does not have {lacking} on"):
            run_as("engineer", read)
        run(f"GRANT {lacking} ON {granted} TO engineers")
    assert run_as("engineer", read) == [(1,)]
    with pytest.raises(Error, match="does not have MODIFY"):
        run_as("engineer", f"INSERT INTO {schema}.t VALUES (2)")
    tables = (
        "SELECT table_name FROM one.information_schema.tables WHERE table_schema LIKE 'test_p%'"
    )
    assert run_as("engineer", tables) == [("t",)]
    run(f"REVOKE SELECT ON SCHEMA {schema} FROM engineers")
    assert run_as("engineer", tables) == []


def test_a_view_is_its_owners(run: Run, run_as: Run) -> None:
    run("GRANT USE CATALOG ON CATALOG one TO `account users`")
    run("GRANT USE SCHEMA, CREATE TABLE ON SCHEMA test_a_view_is_its_owners TO another")
    run("GRANT USE SCHEMA, MANAGE ON SCHEMA test_a_view_is_its_owners TO engineers")
    run("CREATE TABLE t AS SELECT 1 AS id")
    run("GRANT SELECT ON TABLE t TO another")
    view = "one.test_a_view_is_its_owners.v"
    replaced = f"CREATE OR REPLACE VIEW {view} AS SELECT * FROM one.test_a_view_is_its_owners.t"
    run_as("another", replaced)
    for user in ("engineer", "someone@example.com"):
        with pytest.raises(Error, match="CREATE TABLE|is not an owner"):
            run_as(user, replaced)
    run("GRANT CREATE TABLE ON SCHEMA test_a_view_is_its_owners TO engineers")
    with pytest.raises(Error, match="'engineer' is not an owner"):
        run_as("engineer", replaced)
    run_as("another", replaced)

    run_as("another", f"GRANT SELECT ON VIEW {view} TO engineers")
    assert run_as("engineer", f"SELECT current_user(), id FROM {view}") == [("engineer", 1)]
    run("REVOKE SELECT ON TABLE t FROM another")
    with pytest.raises(Error, match="'another' does not have SELECT"):
        run_as("engineer", f"SELECT * FROM {view}")

    with pytest.raises(Error, match="may not give a view"):
        run_as("engineer", f"ALTER VIEW {view} SET OWNER TO platform")
    run_as("engineer", f"ALTER VIEW {view} SET OWNER TO engineers")
    owner = "SELECT table_owner FROM system.information_schema.tables WHERE table_name = 'v'"
    assert run_as("engineer", owner) == [("engineers",)]


def test_governed_tags_and_their_policies(run: Run, run_as: Run) -> None:
    schema = "one.test_governed_tags_and_their_policies"
    run("GRANT USE CATALOG ON CATALOG one TO `account users`")
    run(f"GRANT USE SCHEMA, SELECT, APPLY TAG ON SCHEMA {schema} TO `account users`")
    run("CREATE TABLE t AS SELECT 'Ann' AS name, 1 AS id")
    run("CREATE VIEW v AS SELECT * FROM t")
    run("CREATE FUNCTION hidden(value STRING) RETURNS STRING RETURN CONCAT(LEFT(value, 1), '*')")
    policy = (
        f"CREATE POLICY p ON SCHEMA {schema} COLUMN MASK {schema}.hidden TO `account users` "
        "EXCEPT engineers FOR TABLES MATCH COLUMNS has_tag('secret') AS s ON COLUMN s"
    )
    with pytest.raises(Error, match="'secret' is not governed"):
        run(policy)
    with pytest.raises(Error, match="may not CREATE GOVERNED TAG"):
        run_as("platform", "CREATE GOVERNED TAG secret")
    run("CREATE GOVERNED TAG secret")
    run(policy)
    tag = f"SET TAG ON COLUMN {schema}.t.name secret"
    with pytest.raises(Error, match="'another' does not have ASSIGN"):
        run_as("another", tag)
    with pytest.raises(Error, match="not an allowed value"):
        run_as("platform", f"{tag} = name")
    run_as("platform", tag)
    with pytest.raises(Error, match="is there already"):
        run_as("platform", tag)
    for relation in ("t", "v"):
        read = f"SELECT {relation}.name FROM {schema}.{relation} WHERE id = 1"
        assert run(read) == run_as("analyst", read) == [("A*",)]
        assert run_as("engineer", read) == [("Ann",)]


def test_csv_is_read_by_name(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('a,b\n1,"x,y"\n')
    (tmp_path / "b.csv").write_text("c,b\nz,2\n")
    (tmp_path / "empty.csv").touch()
    rows = run(
        f"SELECT *, _metadata.file_path FROM read_files('{tmp_path}/{{a,b,empty}}.csv', {CSV}, "
        "schema => 'a STRING, b STRING') ORDER BY b"
    )
    rescued = f'{{"c":"z","_file_path":"file:{tmp_path}/b.csv"}}'
    assert rows == [
        (None, "2", rescued, f"file:{tmp_path}/b.csv"),
        ("1", "x,y", None, f"file:{tmp_path}/a.csv"),
    ]


@pytest.mark.parametrize("line", ["1", "1,2,3", '1,"2'])
def test_malformed_csv_names_its_file(run: Run, tmp_path: Path, line: str) -> None:
    (tmp_path / "bad.csv").write_text(f"a,b\n{line}\n")
    with pytest.raises(DatabaseError, match=f"(?s)FAILED_READ_FILE.*{tmp_path}/bad.csv"):
        run(f"SELECT a FROM read_files('{tmp_path}/*.csv', {CSV}, schema => 'a STRING')")


def test_json_and_parquet(run: Run, started: Warehouse) -> None:
    run("CREATE VOLUME v")
    assert run("LIST '/Volumes/one/test_json_and_parquet/v'") == []
    volume = started.folder / "volumes" / "one" / "test_json_and_parquet" / "v"
    (volume / "a.json").write_text('{"n": 1.10, "s": null}\n')
    path = "dbfs:/Volumes/one/test_json_and_parquet/v/a.json"
    read = f"read_files('{path}', format => 'json', schema => 'n STRING, s STRING')"
    assert run(f"SELECT n, s, _metadata.file_path FROM {read}") == [("1.10", None, path)]
    listed = run("LIST '/Volumes/one/test_json_and_parquet/v'")
    assert [row[:2] for row in listed] == [(path, "a.json")]
    run("CREATE TABLE t AS SELECT 1 AS a, 'x' AS b")
    table = f"{started.folder}/tables/one__test_json_and_parquet.db/t"
    described = run(f"DESCRIBE QUERY SELECT * FROM read_files('{table}', format => 'parquet')")
    assert [row[:2] for row in described] == [("a", "int"), ("b", "string")]


def test_parameters_are_bound(run: Run) -> None:
    assert run("SELECT :n + 1, :s, parse_json(:j):a", {"n": 1, "s": "it's", "j": '{"a":2}'}) == [
        (2, "it's", "2")
    ]


def test_statements_run_at_once_and_are_cancelled(started: Warehouse) -> None:
    with connect(started) as connection, connection.cursor() as cursor:
        # One partition, so that one of Spark's two threads is left.
        cursor.execute_async("SELECT count(*) FROM range(0, 1000000000000, 1, 1) WHERE id % 7 = 3")
        with connect(started) as other, other.cursor() as quick:
            quick.execute("SELECT 1")
            assert quick.fetchall()
        assert cursor.is_query_pending()
        threading.Timer(1, cursor.cancel).start()
        with pytest.raises(Error, match="cancelled|CANCELLED"):
            cursor.get_async_execution_result()


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"access_token": "another"}, "Invalid access token"),
        ({"http_path": "/sql/1.0/warehouses/another"}, "not found"),
        ({"catalog": "another"}, "NO_SUCH_CATALOG_EXCEPTION"),
        ({"session_configuration": {"another": "1"}}, "CONFIG_NOT_AVAILABLE.*another"),
    ],
)
def test_no_session(started: Warehouse, settings: dict[str, Any], error: str) -> None:
    with pytest.raises(Error, match=error):
        connect(started, **settings)


def test_certificate_is_verified(started: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", ssl.get_default_verify_paths().openssl_cafile)
    with pytest.raises(MaxRetryError, match="certificate verify failed"):
        connect(started, _retry_stop_after_attempts_count=1)


def test_log(run: Run, started: Warehouse) -> None:
    run("CREATE TABLE t (id INT) CLUSTER BY AUTO")
    statement = started.statements()[-1]
    assert statement.sent == "CREATE TABLE t (id INT) CLUSTER BY AUTO"
    assert statement.run.strip() == "CREATE TABLE t (id INT)"
    assert (statement.error, statement.query_tags) == (None, "test:test_log")
