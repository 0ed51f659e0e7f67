"""The warehouse's own process: Thrift over HTTPS, behind a proxy that leads nowhere else."""

from __future__ import annotations

import argparse
import json
import re
import secrets
import shutil
import ssl
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TextIO

from databricks.sql.thrift_api.TCLIService import TCLIService
from databricks.sql.thrift_api.TCLIService import ttypes as T
from pyspark.sql import SparkSession
from pyspark.sql.types import DecimalType, StructField
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TTransport import TMemoryBuffer

from . import certificate, install
from .catalogs import Catalogs
from .records import Records
from .rights import Account
from .session import Result, Session, Shared, explained
from .sql import Parameter, bind, literal

PROTOCOL = T.TProtocolVersion.SPARK_CLI_SERVICE_PROTOCOL_V7
OK = T.TStatus(statusCode=T.TStatusCode.SUCCESS_STATUS)
DIRECT_WAIT = 5  # seconds until a statement is answered with "still running"
POLL_WAIT = 1
STATEMENTS_AT_ONCE = 16
CANCELLED = "Query was cancelled."
TYPES = {  # Spark's names that differ from Thrift's type ids; the rest travels as text
    "timestamp_ntz": "TIMESTAMP",
    "void": "NULL",
    **{
        name: name.upper()
        for name in "boolean tinyint smallint int bigint float double string binary date timestamp "
        "decimal array map struct".split()
    },
}


def spark_session(folder: Path, memory: str, conf: dict[str, str]) -> SparkSession:
    settings = {
        "spark.driver.memory": memory,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        # The first compiler alone has room for less code than Spark comes to, and starts over.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m "
        "-XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError -Duser.timezone=UTC",
        "spark.driver.extraClassPath": ":".join(str(jar) for jar in install.jars()),
        "spark.local.dir": str(folder / "spark"),
        "spark.sql.warehouse.dir": str(folder / "tables"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.sources.default": "delta",
        "spark.hadoop.fs.file.impl": "warehouse.PlainFiles",
        "spark.hadoop.fs.AbstractFileSystem.file.impl": "warehouse.PlainFiles$Abstract",
        # As on a SQL warehouse
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        # Otherwise csv lines with too few or too many fields go unseen
        "spark.sql.csv.parser.columnPruning.enabled": "false",
        # Small data: planning and compiling cost more than running
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
        "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.databricks.delta.incremental.commit.verify": "false",
        # What a page that is not shown would say of every query
        "spark.sql.ui.explainMode": "simple",
    }
    builder = SparkSession.builder.master("local[2]").appName("warehouse")
    for name, value in (settings | conf).items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    return spark


def message(error: Exception) -> str:
    """What went wrong, without the classes and stacks of the JVM."""
    text = str(error).split("\n\nJVM stacktrace")[0]
    if text.startswith("An error occurred while calling"):
        causes = re.findall(r"^(?:: |Caused by: )[\w.$]+: (.*)$", text, re.MULTILINE)
        text = "\n".join(dict.fromkeys(cause for cause in causes if cause[:1] == "[")) or text
    text = re.sub(r"\n(\s+at |\s*\.\.\. \d+ more).*", "", text)
    # As UnityCatalog names schemas
    return re.sub(r"`spark_catalog`\.`(\w+?)__", r"`\1`.`", text).strip()


def sqlstate(error: Exception) -> str | None:
    state = getattr(error, "sqlstate", None)
    return state or (error.getSqlState() if hasattr(error, "getSqlState") else None)


def failed(error: Exception) -> T.TStatus:
    return T.TStatus(
        statusCode=T.TStatusCode.ERROR_STATUS, errorMessage=message(error), sqlState=sqlstate(error)
    )


def handle_id() -> T.THandleIdentifier:
    return T.THandleIdentifier(guid=secrets.token_bytes(16), secret=secrets.token_bytes(16))


def column_description(place: int, column: StructField) -> T.TColumnDesc:
    name = re.split(r"[(<]", column.dataType.simpleString())[0]
    entry = T.TPrimitiveTypeEntry(type=getattr(T.TTypeId, TYPES.get(name, "STRING") + "_TYPE"))
    if isinstance(column.dataType, DecimalType):
        precision = T.TTypeQualifierValue(i32Value=column.dataType.precision)
        scale = T.TTypeQualifierValue(i32Value=column.dataType.scale)
        entry.typeQualifiers = T.TTypeQualifiers({"precision": precision, "scale": scale})
    described = T.TTypeDesc(types=[T.TTypeEntry(primitiveEntry=entry)])
    return T.TColumnDesc(columnName=column.name, position=place + 1, typeDesc=described)


class Log:
    """One JSON line for every statement that has ended."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._lock = threading.Lock()

    def write(self, entry: dict[str, Any]) -> None:
        line = json.dumps({name: value for name, value in entry.items() if value is not None})
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()


@dataclass
class Operation:
    """One statement under way, and then its rows, read from `read` on."""

    future: Future[Result] | None = None
    read: int = 0
    cancelled: bool = False
    handle: T.TOperationHandle = field(
        default_factory=lambda: T.TOperationHandle(
            operationId=handle_id(),
            operationType=T.TOperationType.EXECUTE_STATEMENT,
            hasResultSet=True,
        )
    )

    @property
    def key(self) -> bytes:
        return self.handle.operationId.guid

    @property
    def result(self) -> Result:
        assert self.future
        return self.future.result()

    def status(self, wait: float) -> T.TGetOperationStatusResp:
        states, response = T.TOperationState, T.TGetOperationStatusResp
        assert self.future
        try:
            result = self.future.result(wait)
        except NotYet:
            return response(status=OK, operationState=states.RUNNING_STATE)
        except Exception as error:
            state = states.CANCELED_STATE if self.cancelled else states.ERROR_STATE
            text = CANCELLED if self.cancelled else message(error)
            return response(
                status=OK,
                operationState=state,
                errorMessage=text,
                displayMessage=text,
                sqlState=sqlstate(error),
            )
        return response(
            status=OK,
            operationState=states.FINISHED_STATE,
            hasResultSet=True,
            numModifiedRows=result.modified,
        )

    def metadata(self) -> T.TGetResultSetMetadataResp:
        fields = self.result.schema.fields
        columns = [column_description(place, column) for place, column in enumerate(fields)]
        return T.TGetResultSetMetadataResp(
            status=OK,
            schema=T.TTableSchema(columns=columns),
            arrowSchema=self.result.table.schema.serialize().to_pybytes(),
            resultFormat=T.TSparkRowSetType.ARROW_BASED_SET,
            lz4Compressed=False,
            isStagingOperation=False,
        )

    def fetch(self, limit: int) -> T.TFetchResultsResp:
        table = self.result.table
        part = table.slice(self.read, limit)
        batches = [
            T.TSparkArrowBatch(batch=batch.serialize().to_pybytes(), rowCount=batch.num_rows)
            for batch in part.to_batches()
        ]
        rows = T.TRowSet(startRowOffset=self.read, rows=[], arrowBatches=batches)
        self.read += part.num_rows
        return T.TFetchResultsResp(
            status=OK,
            hasMoreRows=self.read < table.num_rows,
            results=rows,
            resultSetMetadata=self.metadata(),
        )


class Service:
    """The methods of TCLIService that the connector calls."""

    def __init__(self, spark: SparkSession, shared: Shared, log: Log) -> None:
        self.spark = spark
        self.shared = shared
        self.log = log
        self.pool = ThreadPoolExecutor(STATEMENTS_AT_ONCE, thread_name_prefix="statement")
        self.caller = threading.local()  # who sends the request that a thread answers
        self.sessions: dict[bytes, Session] = {}
        self.operations: dict[bytes, Operation] = {}

    def OpenSession(self, req: T.TOpenSessionReq) -> T.TOpenSessionResp:
        try:
            session = Session(self.spark.newSession(), self.shared, self.caller.user)
            for name, value in (req.configuration or {}).items():
                session.configure(name, value)
            namespace = req.initialNamespace
            if namespace and namespace.catalogName:
                session.run(f"USE CATALOG `{namespace.catalogName}`", lambda _: None)
            if namespace and namespace.schemaName:
                session.run(f"USE SCHEMA `{namespace.schemaName}`", lambda _: None)
        except Exception as error:
            return T.TOpenSessionResp(status=failed(error), serverProtocolVersion=PROTOCOL)
        handle = T.TSessionHandle(sessionId=handle_id(), serverProtocolVersion=PROTOCOL)
        self.sessions[handle.sessionId.guid] = session
        return T.TOpenSessionResp(
            status=OK,
            serverProtocolVersion=PROTOCOL,
            sessionHandle=handle,
            configuration=req.configuration,
            initialNamespace=namespace,
            canUseMultipleCatalogs=True,
        )

    def CloseSession(self, req: T.TCloseSessionReq) -> T.TCloseSessionResp:
        self.sessions.pop(req.sessionHandle.sessionId.guid, None)
        return T.TCloseSessionResp(status=OK)

    def ExecuteStatement(self, req: T.TExecuteStatementReq) -> T.TExecuteStatementResp:
        parameters = [
            Parameter(each.name, each.type, each.value.stringValue if each.value else None)
            for each in req.parameters or []
        ]
        tags = {name.lower(): v for name, v in (req.confOverlay or {}).items()}.get("query_tags")
        return self._start(T.TExecuteStatementResp, req, req.statement, parameters, tags)

    def GetOperationStatus(self, req: T.TGetOperationStatusReq) -> T.TGetOperationStatusResp:
        operation = self._operation(req)
        if not operation:
            return T.TGetOperationStatusResp(status=NO_SUCH_OPERATION)
        return operation.status(POLL_WAIT)

    def GetResultSetMetadata(self, req: T.TGetResultSetMetadataReq) -> T.TGetResultSetMetadataResp:
        operation = self._operation(req)
        if not operation:
            return T.TGetResultSetMetadataResp(status=NO_SUCH_OPERATION)
        try:
            return operation.metadata()
        except Exception as error:
            status = failed(Exception(CANCELLED) if operation.cancelled else error)
            return T.TGetResultSetMetadataResp(status=status)

    def FetchResults(self, req: T.TFetchResultsReq) -> T.TFetchResultsResp:
        operation = self._operation(req)
        if not operation:
            return T.TFetchResultsResp(status=NO_SUCH_OPERATION)
        try:
            return operation.fetch(req.maxRows)
        except Exception as error:
            status = failed(Exception(CANCELLED) if operation.cancelled else error)
            return T.TFetchResultsResp(status=status)

    def CloseOperation(self, req: T.TCloseOperationReq) -> T.TCloseOperationResp:
        if operation := self._operation(req):
            del self.operations[operation.key]
        return T.TCloseOperationResp(status=OK)

    def CancelOperation(self, req: T.TCancelOperationReq) -> T.TCancelOperationResp:
        if operation := self._operation(req):
            operation.cancelled = True
            jobs = self.spark.sparkContext._jsc.sc()
            jobs.cancelJobGroupAndFutureJobs(operation.key.hex())
        return T.TCancelOperationResp(status=OK)

    def GetCatalogs(self, req: T.TGetCatalogsReq) -> T.TGetCatalogsResp:
        sql = "SELECT catalog_name AS TABLE_CAT FROM system.information_schema.catalogs ORDER BY 1"
        return self._start(T.TGetCatalogsResp, req, sql)

    def GetSchemas(self, req: T.TGetSchemasReq) -> T.TGetSchemasResp:
        where = like(catalog_name=req.catalogName, schema_name=req.schemaName)
        sql = (
            "SELECT schema_name AS TABLE_SCHEM, catalog_name AS TABLE_CATALOG FROM "
            f"system.information_schema.schemata WHERE {where} ORDER BY 2, 1"
        )
        return self._start(T.TGetSchemasResp, req, sql)

    def GetTables(self, req: T.TGetTablesReq) -> T.TGetTablesResp:
        where = like(
            table_catalog=req.catalogName, table_schema=req.schemaName, table_name=req.tableName
        )
        sql = (
            "SELECT table_catalog AS TABLE_CAT, table_schema AS TABLE_SCHEM, table_name AS "
            "TABLE_NAME, table_type AS TABLE_TYPE, comment AS REMARKS FROM "
            f"system.information_schema.tables WHERE {where} ORDER BY 1, 2, 3"
        )
        return self._start(T.TGetTablesResp, req, sql)

    def GetColumns(self, req: T.TGetColumnsReq) -> T.TGetColumnsResp:
        where = like(
            table_catalog=req.catalogName,
            table_schema=req.schemaName,
            table_name=req.tableName,
            column_name=req.columnName,
        )
        sql = (
            "SELECT table_catalog AS TABLE_CAT, table_schema AS TABLE_SCHEM, table_name AS "
            "TABLE_NAME, column_name AS COLUMN_NAME, full_data_type AS TYPE_NAME, "
            "ordinal_position AS ORDINAL_POSITION, comment AS REMARKS FROM "
            f"system.information_schema.columns WHERE {where} ORDER BY 1, 2, 3, 6"
        )
        return self._start(T.TGetColumnsResp, req, sql)

    def _operation(self, req: Any) -> Operation | None:
        return self.operations.get(req.operationHandle.operationId.guid)

    def _start(
        self,
        response: Callable[..., Any],
        req: Any,
        sql: str,
        parameters: list[Parameter] | None = None,
        query_tags: str | None = None,
    ) -> Any:
        session = self.sessions.get(req.sessionHandle.sessionId.guid)
        if session is None:
            return response(status=NO_SUCH_SESSION)
        operation = Operation()
        self.operations[operation.key] = operation
        tags = query_tags or session.query_tags
        operation.future = self.pool.submit(
            self._run, operation, session, sql, parameters or [], tags
        )
        direct = None
        if req.getDirectResults:
            direct = T.TSparkDirectResults(operationStatus=operation.status(DIRECT_WAIT))
            if direct.operationStatus.operationState == T.TOperationState.FINISHED_STATE:
                direct.resultSetMetadata = operation.metadata()
                direct.resultSet = operation.fetch(req.getDirectResults.maxRows)
                if not direct.resultSet.hasMoreRows:
                    direct.closeOperation = T.TCloseOperationResp(status=OK)
                    del self.operations[operation.key]
        return response(status=OK, operationHandle=operation.handle, directResults=direct)

    def _run(
        self,
        operation: Operation,
        session: Session,
        sql: str,
        parameters: list[Parameter],
        query_tags: str | None,
    ) -> Result:
        began, start = time.time(), time.monotonic()
        ran, failure = [sql], None
        context = self.spark.sparkContext
        context.setJobGroup(operation.key.hex(), "statement", interruptOnCancel=True)
        try:
            if operation.cancelled:
                raise RuntimeError(CANCELLED)
            return session.run(bind(sql, parameters), ran.append)
        except Exception as error:
            failure = CANCELLED if operation.cancelled else message(error)
            failure = session.files.shown(explained(failure))
            described = RuntimeError(failure)
            described.sqlstate = sqlstate(error)  # type: ignore[attr-defined]
            raise described from error
        finally:
            entry = {"sent": sql, "run": ran[-1] if ran[-1] != sql else None}
            seconds = round(time.monotonic() - start, 3)
            self.log.write(
                entry
                | {"began": began, "seconds": seconds, "error": failure, "query_tags": query_tags}
                | {"user": session.user}
            )


NO_SUCH_OPERATION = T.TStatus(
    statusCode=T.TStatusCode.INVALID_HANDLE_STATUS, errorMessage="Invalid OperationHandle"
)
NO_SUCH_SESSION = T.TStatus(
    statusCode=T.TStatusCode.INVALID_HANDLE_STATUS, errorMessage="Invalid SessionHandle"
)


def like(**patterns: str | None) -> str:
    conditions = [f"{name} LIKE {literal(p)}" for name, p in patterns.items() if p]
    return " AND ".join(conditions) or "true"


@dataclass(frozen=True)
class Endpoint:
    """What is served, to whom and where."""

    service: Service
    host: str
    http_path: str
    tls: ssl.SSLContext


def request_handler(endpoint: Endpoint) -> type[BaseHTTPRequestHandler]:
    processor = TCLIService.Processor(endpoint.service)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            user = endpoint.service.shared.account.users.get(token)
            endpoint.service.caller.user = user
            if user is None:
                self._refuse(403, "403", "Invalid access token.")
            elif self.path.split("?")[0].strip("/") == endpoint.http_path.strip("/"):
                answer = TMemoryBuffer()
                asked = TBinaryProtocol(
                    TMemoryBuffer(body), string_length_limit=None, container_length_limit=None
                )
                processor.process(asked, TBinaryProtocol(answer))
                self._answer(200, "application/x-thrift", answer.getvalue())
            elif "/warehouses/" in self.path:
                name = self.path.rstrip("/").rpartition("/")[2]
                self._refuse(404, "RESOURCE_DOES_NOT_EXIST", f"SQL warehouse {name} not found.")
            else:
                self._refuse(404, "ENDPOINT_NOT_FOUND", f"No API found for 'POST {self.path}'")

        def do_GET(self) -> None:  # the connector's feature flags
            self._refuse(404, "ENDPOINT_NOT_FOUND", f"No API found for 'GET {self.path}'")

        def do_CONNECT(self) -> None:
            if self.path.partition(":")[0] != endpoint.host:
                return self.send_error(403, f"This proxy leads to {endpoint.host} only")
            self.send_response(200, "Connection established")
            self.end_headers()
            try:
                self.connection = endpoint.tls.wrap_socket(self.connection, server_side=True)
            except (ssl.SSLError, OSError):  # a client that trusts another authority
                self.close_connection = True
                return None
            self.rfile = self.connection.makefile("rb", -1)
            self.wfile = self.connection.makefile("wb", 0)
            self.close_connection = False
            return None

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def _refuse(self, code: int, error: str, text: str) -> None:
            body = json.dumps({"error_code": error, "message": text}).encode()
            self._answer(code, "application/json", body, {"x-databricks-reason-phrase": text})

        def _answer(
            self, code: int, kind: str, body: bytes, headers: dict[str, str] | None = None
        ) -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    return Handler


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--catalogs", default="")
    parser.add_argument("--memory", required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--http-path", required=True)
    parser.add_argument("--account", required=True, type=Account.of)
    parser.add_argument("--mounted", action="append", default=[])
    parser.add_argument("--conf", action="append", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()

    for left in ("tables", "spark"):  # of an earlier run, whose catalogs are gone
        shutil.rmtree(options.folder / left, ignore_errors=True)
    conf = dict(each.split("=", 1) for each in options.conf)
    spark = spark_session(options.folder, options.memory, conf)
    mounted = tuple(options.mounted)
    shared = Shared(Catalogs(), Records(), options.folder, options.account, mounted)
    for name in filter(None, ["main", *options.catalogs.split(",")]):
        shared.catalogs.add(spark, name)
    log = Log((options.folder / "statements.jsonl").open("w"))
    authority, key = certificate.make(options.folder, options.host)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority, key)
    service = Service(spark, shared, log)
    endpoint = Endpoint(service, options.host, options.http_path, tls)
    server = Server(("127.0.0.1", 0), request_handler(endpoint))
    threading.Thread(target=server.serve_forever, daemon=True).start()

    ready = {"proxy_port": server.server_port, "certificate": str(authority)}
    written = options.folder / "ready.part"
    written.write_text(json.dumps(ready))
    written.rename(options.folder / "ready.json")

    sys.stdin.read()  # until the process that started this one closes it, or ends
    service.pool.shutdown(wait=False, cancel_futures=True)
    spark.stop()


if __name__ == "__main__":
    main()
