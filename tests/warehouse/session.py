"""One session: runs statements on Spark, those worded anew that only Databricks knows."""

from __future__ import annotations

import fnmatch
import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import (
    DayTimeIntervalType,
    StructType,
    VariantType,
    YearMonthIntervalType,
)

from .catalogs import (
    SYSTEM,
    Catalogs,
    InformationSchema,
    SessionObjects,
    Wanted,
    activate,
    no_such_catalog,
)
from .files import Call, Files, volume_of
from .governance import Governance, constraint, skip_constraint_options
from .records import DROPPED_WITH_TABLE, Record, Records
from .rights import Account, Rights, personal
from .sql import Name, NotKnown, Reader, Refused, Statement, Token, quoted

# Settings that a session of a SQL warehouse takes, and Spark's for them.
SETTINGS: dict[str, str | None] = {
    "ansi_mode": "spark.sql.ansi.enabled",
    "timezone": "spark.sql.session.timeZone",
    "legacy_time_parser_policy": "spark.sql.legacy.timeParserPolicy",
    "max_file_partition_bytes": "spark.sql.files.maxPartitionBytes",
    # Taken, and of no effect here.
    "enable_photon": None,
    "query_tags": None,
    "read_only_external_metastore": None,
    "statement_timeout": None,
    "use_cached_result": None,
}
# What the connector itself sends.
CONNECTOR_SETTINGS = ("spark.thriftserver.", "spark.sql.thriftserver.")
# Properties of Delta tables on Databricks that Delta Lake refuses to know.
DATABRICKS_PROPERTIES = {
    "delta.enablepredictiveoptimization",
    "delta.targetfilesize",
    "delta.tunefilesizesforrewrites",
    "delta.enabledeletionvectorsbydefault",
    "delta.universalformat.config.iceberg.enabled",
}
SENT_AS_TEXT = (DayTimeIntervalType, YearMonthIntervalType, VariantType)
LONGEST_NAME = 255
CASE_SENSITIVE = "spark.sql.caseSensitive"
view_numbers = itertools.count(1)


@dataclass(frozen=True)
class Result:
    schema: StructType
    table: pa.Table
    modified: int | None = None


@dataclass(frozen=True)
class Shared:
    """What all sessions share."""

    catalogs: Catalogs
    records: Records
    folder: Path
    account: Account
    mounted: tuple[str, ...]  # folders that may be read like those of volumes


@dataclass
class Session:
    spark: SparkSession
    shared: Shared
    user: str
    query_tags: str | None = None

    def __post_init__(self) -> None:
        self.objects = SessionObjects(self.spark, self.shared.catalogs)
        self.rights = Rights(self.shared.records, self.shared.account, self.user, self.objects)
        self.governance = Governance(self.shared.records, self.objects, self.rights)
        self.files = Files(self.spark, self.shared.folder / "volumes", self.shared.mounted)
        self.information = InformationSchema(self.objects, self.shared.records, self.rights)

    def configure(self, name: str, value: str) -> None:
        setting = name.lower()
        if setting.startswith(CONNECTOR_SETTINGS):
            return
        if setting not in SETTINGS:
            raise Refused(
                "CONFIG_NOT_AVAILABLE", f"Configuration {name} is not available.", "42K0I"
            )
        if setting == "query_tags":
            self.query_tags = value or None
        elif spark_name := SETTINGS[setting]:
            self.spark.conf.set(spark_name, value)

    def run(self, sql: str, note: Callable[[str], None]) -> Result:
        """Runs a statement; `note` is told the text that Spark gets."""
        activate(self.spark)
        self.shared.catalogs.register(self.spark)
        statement = Statement(sql)
        refuse_names(statement)
        if (answer := self._answer(statement)) is not None:
            return answer
        made = self.rights.before(statement)
        statement = self.rights.shown(statement, self._masking)
        views: list[str] = []
        try:
            records = made + self._reword(statement, views)
            text = statement.edited()
            note(text)
            return self._spark(text, statement, records)
        finally:
            self.spark.conf.unset(CASE_SENSITIVE)
            for view in views:
                self.spark.catalog.dropTempView(view)

    def _spark(self, text: str, statement: Statement, records: Sequence[Record]) -> Result:
        after = self._afterwards(statement)
        frame = self.spark.sql(text)
        table = collect(frame)
        for change in after:
            change()
        for record in records:
            self.shared.records.add(record)
        modified = None
        if "num_affected_rows" in table.column_names and table.num_rows == 1:
            modified = table["num_affected_rows"][0].as_py()
        return Result(frame.schema, table, modified)

    # Statements that the stand-in answers itself

    def _answer(self, statement: Statement) -> Result | None:
        reader = statement.reader()
        if reader.takes("USE", "CATALOG") or reader.takes("SET", "CATALOG"):
            return self._use_catalog(reader)
        if reader.takes("CREATE", "CATALOG"):
            return self._create_catalog(reader)
        if reader.takes("DROP", "CATALOG"):
            return self._drop_catalog(reader)
        if reader.takes("SHOW", "CATALOGS"):
            return self._show_catalogs(reader)
        if reader.takes("SHOW", "GOVERNED", "TAGS"):
            return self._show_governed_tags(reader)
        if reader.takes("SHOW", "GRANTS"):
            return self._show_grants(reader)
        if [token.word for token in reader.tokens] == ["SELECT", "CURRENT_CATALOG", "(", ")"]:
            # SQLMesh asks before every second statement, and Spark would make a job of it.
            return answer({"current_catalog()": [self.spark.catalog.currentCatalog()]})
        if reader.takes("LIST"):
            return self._list(reader)
        if reader.sees("SET"):
            return self._set(reader)
        return self._governed(reader)

    def _use_catalog(self, reader: Reader) -> Result:
        name = reader.next().text.lower()
        reader.needs_end()
        if name not in self.shared.catalogs:
            raise no_such_catalog(name)
        self.rights.needs("USE_CATALOG", (name,))
        self.spark.catalog.setCurrentCatalog(name)
        return NOTHING

    def _create_catalog(self, reader: Reader) -> Result:
        exists = reader.takes("IF", "NOT", "EXISTS")
        name = reader.identifier()
        if reader.takes("MANAGED", "LOCATION"):
            reader.string()
        if reader.takes("COMMENT"):
            reader.string()
        reader.needs_end()
        self.rights.needs_admin("CREATE CATALOG")
        if name not in self.shared.catalogs:
            self.shared.catalogs.add(self.spark, name)
        elif not exists:
            raise Refused("CATALOG_ALREADY_EXISTS", f"Catalog '{name}' already exists.", "42P04")
        return NOTHING

    def _drop_catalog(self, reader: Reader) -> Result:
        exists = reader.takes("IF", "EXISTS")
        name = reader.identifier()
        cascade = reader.takes_any("CASCADE", "RESTRICT") == "CASCADE"
        reader.needs_end()
        if name not in self.shared.catalogs:
            if exists:
                return NOTHING
            raise no_such_catalog(name)
        self.rights.needs_manager((name,))
        schemas = {schema for _, schema in self.objects.schemas(Wanted(frozenset([name])))}
        if schemas - {"default"} and not cascade:
            raise Refused("CATALOG_NOT_EMPTY", f"Catalog '{name}' is not empty.", "2BP01")
        self.shared.catalogs.remove(self.spark, name)
        self.shared.records.forget((name,))
        return NOTHING

    def _show_catalogs(self, reader: Reader) -> Result:
        reader.takes("LIKE")
        pattern = "*" if reader.ended() else reader.string()
        reader.needs_end()
        names = [n for n in self.shared.catalogs if fnmatch.fnmatch(n, pattern.lower())]
        return answer({"catalog": [name for name in names if self.rights.sees((name,))]})

    def _show_governed_tags(self, reader: Reader) -> Result:
        reader.needs_end()
        return answer({"Tag Key": [tag.on[0] for tag in self.shared.records.of("GOVERNED TAG")]})

    def _show_grants(self, reader: Reader) -> Result:
        principal = None if reader.sees("ON") else reader.next().text
        reader.needs("ON")
        _, on = self.governance.object(reader)
        reader.needs_end()
        grants = [
            grant
            for grant in self.shared.records.of("GRANT")
            if grant.on == on and principal in (None, grant.grantee)
        ]
        return answer(
            {
                "Principal": [grant.grantee for grant in grants],
                "ActionType": [grant.key for grant in grants],
                "ObjectType": [grant.value for grant in grants],
                "ObjectKey": [".".join(grant.on) for grant in grants],
            }
        )

    def _list(self, reader: Reader) -> Result:
        path = reader.string()
        limit = int(reader.next().text) if reader.takes("LIMIT") else None
        reader.needs_end()
        self._needs_volume(path)
        paths, names, sizes, times = [], [], [], []
        for row in self.files.list(path)[:limit]:
            paths.append(row[0])
            names.append(row[1])
            sizes.append(row[2])
            times.append(int(row[3].timestamp() * 1000))
        return answer(
            {"path": paths, "name": names, "size": sizes, "modification_time": times},
            integers=("size", "modification_time"),
        )

    def _set(self, reader: Reader) -> Result | None:
        if reader.takes("SET", "TIME", "ZONE") or reader.takes("SET", "TAG"):
            return self._governed(reader)
        reader.needs("SET")
        if reader.ended() or reader.takes_any("VAR", "VARIABLE"):
            return None
        start = reader.at
        name = ".".join(reader.name())
        if not reader.takes("="):
            if reader.at == start + 1 and not reader.ended():
                raise NotKnown("this SET statement")
            raise NotKnown("asking for one setting")
        self.configure(name, " ".join(token.text for token in reader.rest()))
        return NOTHING

    def _governed(self, reader: Reader) -> Result | None:
        reader.at = 0
        if not self.governance.runs(reader):
            return None
        for volume in self.shared.records.of("VOLUME"):
            self.files.volumes.joinpath(*volume.on).mkdir(parents=True, exist_ok=True)
        return NOTHING

    # Statements that Spark runs, worded anew

    def _reword(self, statement: Statement, views: list[str]) -> list[Record]:
        reader = statement.reader()
        if reader.takes("DROP", "MATERIALIZED", "VIEW"):  # there are none; SQLMesh drops both kinds
            statement.replace([statement.tokens[1]], "")
        if reader.takes("CREATE"):
            reader.takes("OR", "REPLACE")
            if reader.sees("MATERIALIZED") or reader.sees("STREAMING"):
                raise NotKnown("materialized views and streaming tables")
        if any(statement.find("ai_query")):
            raise NotKnown("ai_query")
        personal(statement, self.rights)
        self._strip(statement)
        for at in statement.find("information_schema", "."):
            self._information_view(statement, at, views)
        for at in statement.find("read_files", "("):
            self._read_files(statement, at, views)
        return self._created_constraints(statement)

    def _strip(self, statement: Statement) -> None:
        """Takes out what the service itself would see to."""
        for at in statement.find("cluster", "by", "auto"):
            statement.replace(statement.tokens[at : at + 3], "")
        for at in statement.find("tblproperties", "("):
            self._strip_properties(statement, at)

    def _strip_properties(self, statement: Statement, at: int) -> None:
        reader = statement.reader(at + 1)
        items = reader.items()
        names = [Reader(item).next().text.lower() for item in items if item]
        if not DATABRICKS_PROPERTIES & set(names):
            return
        kept = [
            statement.sql[item[0].start : item[-1].end]
            for item, name in zip(items, names, strict=True)
            if name not in DATABRICKS_PROPERTIES
        ]
        if not kept and statement.reader().sees("ALTER"):
            raise NotKnown(f"the table property {names[0]}")
        text = f"TBLPROPERTIES ({', '.join(kept)})" if kept else ""
        statement.replace(statement.tokens[at : reader.at], text)

    def _information_view(self, statement: Statement, at: int, views: list[str]) -> None:
        tokens = statement.tokens
        name = [tokens[at], *tokens[at + 1 : at + 3]]
        catalog = self.spark.catalog.currentCatalog()
        if at > 1 and tokens[at - 1].text == ".":
            catalog = tokens[at - 2].text.lower()
            name = [*tokens[at - 2 : at], *name]
        view = name[-1].text.lower()
        following = tokens[at + 3] if at + 3 < len(tokens) else None
        if following and following.text == ".":  # a column, named in full
            statement.replace(name, quoted(view))
            return
        if view not in self.information:
            raise NotKnown(f"the view information_schema.{view}")
        if catalog != SYSTEM and catalog not in self.shared.catalogs:
            raise no_such_catalog(catalog)
        self._refuse_view_over(statement, "the information schema")
        wanted = Wanted.by(tokens, at + 3, catalog)
        frame = self.spark.createDataFrame(self.information.table(view, wanted))
        alias = "" if _is_alias(following) else f" AS {quoted(view)}"
        statement.replace(name, quoted(self._view(frame, views)) + alias)

    def _read_files(self, statement: Statement, at: int, views: list[str]) -> None:
        if at and statement.tokens[at - 1].word == "STREAM":
            raise NotKnown("streaming with read_files")
        self._refuse_view_over(statement, "read_files")
        reader = statement.reader(at + 1)
        path, *options = reader.items()
        given: dict[str, str] = {}
        for option in options:
            if len(option) < 3 or option[1].text != "=>":
                raise NotKnown("an option of read_files without its name")
            given[option[0].text] = self._constant(statement, option[2:])
        call = Call.of(self._constant(statement, path), given)
        self._needs_volume(call.path)
        if call.is_case_sensitive:
            self.spark.conf.set(CASE_SENSITIVE, True)
        with_metadata = statement.mentions("_metadata")
        frame = self.files.read(call, with_metadata)
        statement.replace(statement.tokens[at : reader.at], quoted(self._view(frame, views)))
        if with_metadata:
            _hide_metadata(statement, at)

    def _needs_volume(self, path: str) -> None:
        if volume := volume_of(path):
            self.rights.needs("READ_VOLUME", volume)

    def _masking(self, function: Name) -> str:
        """Makes a function of Unity Catalog one of this session, and says by which name."""
        name = "__".join(function)
        recorded = self.shared.records.get(Record("FUNCTION", function))
        if recorded is None:
            raise NotKnown(f"the function {'.'.join(function)}, which was dropped")
        self.spark.sql(f"CREATE OR REPLACE TEMPORARY FUNCTION {quoted(name)} {recorded.value}")
        return quoted(name)

    def _constant(self, statement: Statement, tokens: Sequence[Token]) -> str:
        if len(tokens) == 1 and tokens[0].kind in ("string", "number", "word"):
            return tokens[0].text
        text = statement.sql[tokens[0].start : tokens[-1].end]
        (row,) = self.spark.sql(f"SELECT {text}").collect()
        return str(row[0])

    def _refuse_view_over(self, statement: Statement, what: str) -> None:
        reader = statement.reader()
        if reader.takes("CREATE"):
            reader.takes("OR", "REPLACE")
            reader.takes_any("TEMPORARY", "TEMP")
            if reader.sees("VIEW"):
                raise NotKnown(f"views over {what}")

    def _view(self, frame: DataFrame, views: list[str]) -> str:
        name = f"stand_in_{next(view_numbers)}"
        frame.createTempView(name)
        views.append(name)
        return name

    def _created_constraints(self, statement: Statement) -> list[Record]:
        """Takes the keys out of CREATE TABLE's columns, to be recorded."""
        reader = statement.reader()
        if not reader.takes("CREATE"):
            return []
        replaces = reader.takes("OR", "REPLACE")
        if not reader.takes("TABLE"):
            return []
        reader.takes("IF", "NOT", "EXISTS")
        on = self.objects.qualify(reader.name())
        if replaces:
            self.shared.records.forget(on, ("COMMENT", "CONSTRAINT"))
        if not reader.sees("("):
            return []
        start = reader.at
        items = reader.items()
        found = [_constraint_of(item, on) for item in items]
        if not any(record for record, _ in found):
            return []
        kept = [
            " ".join(statement.sql[token.start : token.end] for token in rest)
            for _, rest in found
            if rest
        ]
        statement.replace(statement.tokens[start : reader.at], f"({', '.join(kept)})")
        return [record for record, _ in found if record]

    # What a statement changes besides

    def _afterwards(self, statement: Statement) -> list[Callable[[], None]]:
        reader = statement.reader()
        records = self.shared.records
        if reader.takes("DROP"):
            reader.takes("MATERIALIZED")
            kind = reader.takes_any("TABLE", "VIEW", "SCHEMA", "DATABASE")
            reader.takes("IF", "EXISTS")
            if kind in ("TABLE", "VIEW"):
                on = self.objects.qualify(reader.name())
                return [lambda: records.forget(on, DROPPED_WITH_TABLE)]
            if kind:
                on = self.objects.qualify(reader.name(), 2)
                return [lambda: records.forget(on)]
        if reader.takes("ALTER") and reader.takes_any("TABLE", "VIEW"):
            old = self.objects.qualify(reader.name())
            if reader.takes("RENAME", "TO"):
                new = self.objects.qualify(reader.name())
                return [lambda: records.rename(old, new)]
        return []


def refuse_names(statement: Statement) -> None:
    """Refuses names that Unity Catalog does not take."""
    for token in statement.tokens:
        if token.kind in ("word", "quoted") and len(token.text) > LONGEST_NAME:
            raise _bad_name(token.text, f"longer than {LONGEST_NAME} characters")
    reader = statement.reader()
    if reader.takes("CREATE"):
        reader.takes("OR", "REPLACE")
        if reader.takes_any("CATALOG", "SCHEMA", "DATABASE", "TABLE", "VIEW", "VOLUME", "FUNCTION"):
            reader.takes("IF", "NOT", "EXISTS")
            for part in reader.name():
                if re.search(r"[ ./\x00-\x1f\x7f]", part):
                    raise _bad_name(part, "with a blank, a period, a slash or a control character")


def _bad_name(name: str, what: str) -> Refused:
    return Refused("INVALID_PARAMETER_VALUE", f"Invalid name, {what}: '{name}'.", "22023")


NOTHING = Result(StructType(), pa.table({}))


def answer(columns: dict[str, list], integers: Sequence[str] = ()) -> Result:
    fields = [(name, pa.int64() if name in integers else pa.string()) for name in columns]
    kinds = {name: "BIGINT" if name in integers else "STRING" for name in columns}
    schema = StructType.fromDDL(", ".join(f"{quoted(name)} {kinds[name]}" for name in columns))
    return Result(schema, pa.table(columns, schema=pa.schema(fields)))


def collect(frame: DataFrame) -> pa.Table:
    """All rows; intervals and variants as text, as Databricks sends them."""
    fields = frame.schema.fields
    if not fields:
        return pa.table({})
    if any(isinstance(each.dataType, SENT_AS_TEXT) for each in fields):
        names = [f"_{place}" for place in range(len(fields))]
        renamed = frame.toDF(*names)
        columns = [
            F.to_json(name) if isinstance(each.dataType, VariantType)
            else F.col(name).cast("string")
            if isinstance(each.dataType, SENT_AS_TEXT)
            else F.col(name)
            for name, each in zip(names, fields, strict=True)
        ]  # fmt: skip
        frame = renamed.select(*columns).toDF(*[each.name for each in fields])
    return pa.Table.from_batches(frame._collect_as_arrow(empty_list_if_zero_records=False))


def _is_alias(token: Token | None) -> bool:
    if token is None:
        return False
    ends = {"WHERE", "JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "ON", "GROUP", "ORDER"}
    ends |= {"LIMIT", "UNION", "EXCEPT", "INTERSECT", "HAVING", "NATURAL", "ANTI", "SEMI"}
    return token.kind == "quoted" or (token.kind == "word" and token.word not in ends)


def _hide_metadata(statement: Statement, at: int) -> None:
    """Keeps `_metadata`, hidden on Databricks, out of the `*` of the SELECT around a call."""
    depth = 0
    stars = []
    for place in range(at - 1, -1, -1):
        token = statement.tokens[place]
        if token.kind == "sign" and token.text in "()":
            depth += 1 if token.text == ")" else -1
        if depth < 0:
            return
        if depth:
            continue
        if token.text == "*" and token.kind == "sign":
            stars.append(place)
        if token.word == "SELECT":
            break
    for place in stars:
        before, after = statement.tokens[place - 1], Reader(statement.tokens, place + 1)
        if before.word not in ("SELECT", "DISTINCT", "ALL", ",", "."):
            continue  # a product
        if after.takes("EXCEPT", "("):
            statement.insert_after(statement.tokens[place + 2], "`_metadata`, ")
        else:
            statement.insert_after(statement.tokens[place], " EXCEPT (`_metadata`)")


def _constraint_of(item: list[Token], on: tuple[str, ...]) -> tuple[Record | None, list[Token]]:
    """The key that a part of CREATE TABLE's list declares, and what is left of the part."""
    reader = Reader(item)
    name = reader.identifier() if reader.takes("CONSTRAINT") else ""
    if reader.sees("PRIMARY", "KEY") or reader.sees("FOREIGN", "KEY"):
        record = constraint(reader, on, name)
        reader.needs_end()
        return record, []
    for at in range(1, len(item) - 1):
        if [token.word for token in item[at : at + 2]] == ["PRIMARY", "KEY"]:
            named = at > 2 and item[at - 2].word == "CONSTRAINT"
            name = item[at - 1].text.lower() if named else f"{on[-1]}_pk"
            after = Reader(item, at + 2)
            skip_constraint_options(after)
            rest = [*item[: at - 2 * named], *after.rest()]
            column = item[0].text.lower()
            return Record("CONSTRAINT", on, name, "PRIMARY KEY", column), rest
    return None, item


def explained(error: str) -> str:
    """Says where an error of Spark may be the stand-in's lack, not the statement's."""
    for error_class, what in (("PARSE_SYNTAX_ERROR", "statement"), ("UNRESOLVED_ROUTINE", "name")):
        if error.startswith(f"[{error_class}"):
            return f"{error}\nThe local stand-in does not know this {what}; Databricks may."
    return error
