"""The catalogs, and what is in them: for statements and for the information schema."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql.types import StructType

from .records import Record, Records
from .rights import Rights
from .sql import Name, Refused, Token, quoted

SPARK_CATALOG = "warehouse.UnityCatalog"
SYSTEM = "system"
# The columns of the information schema that name what a row is about.
NAMING = {f"{kind}_name" for kind in ("catalog", "schema", "table", "specific", "volume")}
NAMING |= {
    f"{kind}_{part}" for kind in ("table", "specific", "volume") for part in ("catalog", "schema")
}


def no_such_catalog(name: str) -> Refused:
    return Refused("NO_SUCH_CATALOG_EXCEPTION", f"Catalog '{name}' was not found.", "42704")


def no_such_schema(name: Name) -> Refused:
    return Refused(
        "SCHEMA_NOT_FOUND",
        f"The schema {quoted(*name)} cannot be found. Verify the spelling and correctness of the "
        "schema and catalog.",
        "42704",
    )


class Catalogs:
    """The names of all catalogs; Spark has to be told of them in each session."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._names))

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def add(self, spark: SparkSession, name: str) -> None:
        with self._lock:
            self._names.add(name)
        self.register(spark)
        spark.sql(f"CREATE SCHEMA IF NOT EXISTS {quoted(name, 'default')}")

    def remove(self, spark: SparkSession, name: str) -> None:
        for schema in plugin(spark, name).schemaNames():
            spark.sql(f"DROP SCHEMA {quoted(name, schema)} CASCADE")
        with self._lock:
            self._names.discard(name)

    def register(self, spark: SparkSession) -> None:
        for name in self:
            spark.conf.set(f"spark.sql.catalog.{name}", SPARK_CATALOG)


def activate(spark: SparkSession) -> None:
    """Makes it this thread's session: what the JVM knows of catalogs is the active session's."""
    sessions = getattr(spark._jvm, "org.apache.spark.sql.classic.SparkSession$")
    getattr(sessions, "MODULE$").setActiveSession(spark._jsparkSession)


def plugin(spark: SparkSession, catalog: str) -> Any:
    """The catalog's object in the JVM: a UnityCatalog."""
    return spark._jsparkSession.sessionState().catalogManager().catalog(catalog)


class SessionObjects:
    """What there is, named as one session names it."""

    def __init__(self, spark: SparkSession, catalogs: Catalogs) -> None:
        self.spark = spark
        self.catalogs = catalogs

    def qualify(self, name: Name, parts: int = 3) -> Name:
        if len(name) < parts:
            current = self.spark.catalog
            defaults = (current.currentCatalog(), current.currentDatabase())[: parts - len(name)]
            if parts == 3 and len(name) == 1:
                return (*defaults, *name)
            return (defaults[0], *name)
        return name

    def exists(self, name: Name) -> bool:
        try:
            return self.kind(name) is not None
        except Refused:
            return False

    def kind(self, name: Name) -> str | None:
        """CATALOG, SCHEMA, TABLE or VIEW; None for a relation that does not exist."""
        if name[0] not in self.catalogs:
            raise no_such_catalog(name[0])
        catalog = plugin(self.spark, name[0])
        if len(name) == 1:
            return "CATALOG"
        if name[1] not in list(catalog.schemaNames()):
            raise no_such_schema(name[:2])
        return "SCHEMA" if len(name) == 2 else catalog.kind(name[1], name[2])

    def columns(self, name: Name) -> dict[str, bool]:
        return {field.name.lower(): field.nullable for field in self.schema(name)}

    def schema(self, name: Name) -> StructType:
        return StructType.fromJson(json.loads(plugin(self.spark, name[0]).columnsAsJson(*name[1:])))

    def relations(self, wanted: Wanted) -> Iterator[Name]:
        for catalog, schema in self.schemas(wanted):
            for name in plugin(self.spark, catalog).relations(schema):
                if wanted.allows(name=name):
                    yield catalog, schema, name

    def schemas(self, wanted: Wanted) -> Iterator[Name]:
        for catalog in self.catalogs:
            if wanted.allows(catalog=catalog):
                for schema in plugin(self.spark, catalog).schemaNames():
                    if wanted.allows(schema=schema):
                        yield catalog, schema


@dataclass(frozen=True)
class Wanted:
    """The names that a query's conditions leave; None is any."""

    catalogs: frozenset[str] | None = None
    schemas: frozenset[str] | None = None
    names: frozenset[str] | None = None
    comments: bool = True

    def allows(self, *, catalog: str = "", schema: str = "", name: str = "") -> bool:
        return (
            (not catalog or self.catalogs is None or catalog in self.catalogs)
            and (not schema or self.schemas is None or schema in self.schemas)
            and (not name or self.names is None or name in self.names)
        )

    @classmethod
    def by(cls, tokens: list[Token], after: int, catalog: str) -> Wanted:
        """Reads the conditions behind a FROM, if they are plain enough to be sure of them."""
        only = None if catalog == SYSTEM else frozenset([catalog])
        rest = tokens[after:]
        text = {token.text.lower() for token in tokens if token.kind in ("word", "quoted", "sign")}
        comments = bool({"comment", "*"} & text)
        unsure = {"OR", "NOT", "CASE", "JOIN", "UNION", "SELECT", "EXISTS", "<>", "!="}
        if unsure & {token.word for token in rest}:
            return cls(only, comments=comments)
        return cls(
            only or _equal(rest, "table_catalog") or _equal(rest, "catalog_name"),
            _equal(rest, "table_schema") or _equal(rest, "schema_name"),
            _equal(rest, "table_name"),
            comments,
        )


def _equal(tokens: list[Token], column: str) -> frozenset[str] | None:
    """The strings of `column = '...'` or `column IN ('...', ...)`."""
    for at, token in enumerate(tokens):
        if token.kind == "string" or token.text.lower() != column:
            continue
        rest = tokens[at + 1 :]
        if len(rest) > 1 and rest[0].text == "=" and rest[1].kind == "string":
            return frozenset([rest[1].text])
        if len(rest) > 2 and rest[0].word == "IN" and rest[1].text == "(":
            end = next(place for place, sign in enumerate(rest) if sign.text == ")")
            listed = [sign for sign in rest[2:end] if sign.text != ","]
            if all(sign.kind == "string" for sign in listed):
                return frozenset(sign.text for sign in listed)
    return None


class InformationSchema:
    """The views of `information_schema` that the stand-in has, as Arrow tables.

    They show a user what the user has a privilege on.
    """

    def __init__(self, objects: SessionObjects, records: Records, rights: Rights) -> None:
        self.objects = objects
        self.records = records
        self.rights = rights
        self._views: dict[str, tuple[str, Callable[[Wanted], Iterator[tuple]]]] = {
            "catalogs": ("catalog_name catalog_owner", self._catalogs),
            "schemata": ("catalog_name schema_name schema_owner comment", self._schemata),
            "tables": (
                "table_catalog table_schema table_name table_owner table_type comment",
                self._tables,
            ),
            "columns": (
                "table_catalog table_schema table_name column_name ordinal_position is_nullable "
                "full_data_type data_type comment",
                self._columns,
            ),
            "table_privileges": (
                "grantor grantee table_catalog table_schema table_name privilege_type "
                "is_grantable inherited_from",
                self._privileges(3),
            ),
            "schema_privileges": (
                "grantor grantee catalog_name schema_name privilege_type is_grantable "
                "inherited_from",
                self._privileges(2),
            ),
            "catalog_privileges": (
                "grantor grantee catalog_name privilege_type is_grantable inherited_from",
                self._privileges(1),
            ),
            "table_tags": (
                "catalog_name schema_name table_name tag_name tag_value",
                self._recorded("TAG", lambda r: (r.key, r.value), lambda r: not r.column),
            ),
            "column_tags": (
                "catalog_name schema_name table_name column_name tag_name tag_value",
                self._recorded("TAG", lambda r: (r.column, r.key, r.value), lambda r: r.column),
            ),
            "schema_tags": (
                "catalog_name schema_name tag_name tag_value",
                self._recorded("TAG", lambda r: (r.key, r.value), parts=2),
            ),
            "table_constraints": (
                "constraint_catalog constraint_schema constraint_name table_catalog table_schema "
                "table_name constraint_type is_deferrable initially_deferred enforced",
                self._constraints,
            ),
            "column_masks": (
                "table_catalog table_schema table_name column_name mask_name",
                self._recorded("MASK", lambda r: (r.column, r.value)),
            ),
            "row_filters": (
                "table_catalog table_schema table_name filter_name target_columns",
                self._recorded("ROW FILTER", lambda r: (r.value, r.key)),
            ),
            "volumes": (
                "volume_catalog volume_schema volume_name volume_type",
                self._recorded("VOLUME", lambda r: ("MANAGED",)),
            ),
            "routines": (
                "specific_catalog specific_schema specific_name routine_type",
                self._recorded("FUNCTION", lambda r: ("FUNCTION",)),
            ),
        }

    def __contains__(self, view: str) -> bool:
        return view in self._views

    def table(self, view: str, wanted: Wanted) -> pa.Table:
        columns, rows = self._views[view]
        names = columns.split()
        kinds = [pa.int32() if name == "ordinal_position" else pa.string() for name in names]
        fields = pa.schema(list(zip(names, kinds, strict=True)))
        places = [place for place, name in enumerate(names) if name in NAMING]
        seen = (row for row in rows(wanted) if self.rights.sees(tuple(row[at] for at in places)))
        return pa.Table.from_pylist(
            [dict(zip(names, row, strict=True)) for row in seen], schema=fields
        )

    def _catalogs(self, wanted: Wanted) -> Iterator[tuple]:
        for name in self.objects.catalogs:
            if wanted.allows(catalog=name):
                yield name, self.rights.owner((name,))

    def _schemata(self, wanted: Wanted) -> Iterator[tuple]:
        for catalog, schema in self.objects.schemas(wanted):
            comment = plugin(self.objects.spark, catalog).schemaComment(schema)
            yield catalog, schema, self.rights.owner((catalog, schema)), comment

    def _tables(self, wanted: Wanted) -> Iterator[tuple]:
        for name in self.objects.relations(wanted):
            catalog = plugin(self.objects.spark, name[0])
            kind = "VIEW" if catalog.kind(*name[1:]) == "VIEW" else "MANAGED"
            comment = catalog.comment(*name[1:]) if wanted.comments else None
            yield *name, self.rights.owner(name), kind, comment

    def _columns(self, wanted: Wanted) -> Iterator[tuple]:
        commented = {(r.on, r.column): r.value for r in self.records.of("COMMENT")}
        for name in self.objects.relations(wanted):
            for place, field in enumerate(self.objects.schema(name)):
                kind = field.dataType.simpleString()
                nullable = "YES" if field.nullable else "NO"
                short = kind.split("(")[0].split("<")[0].upper()
                as_created = field.metadata.get("comment")
                comment = commented.get((name, field.name.lower()), as_created)
                yield *name, field.name, place, nullable, kind, short, comment

    def _privileges(self, parts: int) -> Callable[[Wanted], Iterator[tuple]]:
        def rows(wanted: Wanted) -> Iterator[tuple]:
            for record in self.records.of("GRANT"):
                # Grants on volumes and functions have views of their own.
                if len(record.on) == parts and record.value not in ("VOLUME", "FUNCTION"):
                    yield self.rights.user, record.grantee, *record.on, record.key, "NO", "NONE"

        return rows

    def _recorded(
        self,
        kind: str,
        values: Callable[[Record], tuple],
        which: Callable[[Record], Any] = lambda record: True,
        parts: int = 3,
    ) -> Callable[[Wanted], Iterator[tuple]]:
        def rows(wanted: Wanted) -> Iterator[tuple]:
            for record in self.records.of(kind):
                if len(record.on) == parts and which(record):
                    yield *record.on, *values(record)

        return rows

    def _constraints(self, wanted: Wanted) -> Iterator[tuple]:
        for record in self.records.of("CONSTRAINT"):
            yield *record.on[:2], record.key, *record.on, record.value, "NO", "NO", "NO"
