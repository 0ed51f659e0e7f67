"""Runs the statements that only record something in Unity Catalog: grants, tags, keys, policies."""

from __future__ import annotations

import json
from collections.abc import Callable

from .records import Objects, Record, Records, no_such_table
from .rights import Policy, Rights
from .sql import Name, Reader, Refused, Token, literal, quoted

# Objects that have names of their own; the rest is about tables, views, schemas and catalogs.
OBJECTS = ("VOLUME", "FUNCTION")
KINDS = ("MATERIALIZED VIEW", "TABLE", "VIEW", "SCHEMA", "DATABASE", "CATALOG", *OBJECTS)


class Governance:
    """Runs the statements that only record something, for one session."""

    def __init__(self, records: Records, objects: Objects, rights: Rights) -> None:
        self.records = records
        self.objects = objects
        self.rights = rights

    def runs(self, reader: Reader) -> bool:
        """Whether it is such a statement; if so, it is recorded now."""
        statement = self._statement(reader)
        if statement is None:
            return False
        statement(reader)
        reader.needs_end()
        return True

    def _statement(self, reader: Reader) -> Callable[[Reader], None] | None:
        leading: dict[tuple[str, ...], Callable[[Reader], None]] = {
            ("GRANT",): self._grant,
            ("REVOKE",): self._revoke,
            ("COMMENT", "ON", "COLUMN"): self._comment_on_column,
            ("CREATE", "GOVERNED", "TAG"): self._create_governed_tag,
            ("DROP", "GOVERNED", "TAG"): self._drop_governed_tag,
            ("SET", "TAG", "ON"): self._set_tag_on,
            ("UNSET", "TAG", "ON"): self._unset_tag_on,
            ("CREATE", "VOLUME"): self._create_object("VOLUME"),
            ("CREATE", "FUNCTION"): self._create_object("FUNCTION"),
            ("CREATE", "OR", "REPLACE", "FUNCTION"): self._create_object("FUNCTION", True),
            ("DROP", "VOLUME"): self._drop_object("VOLUME"),
            ("DROP", "FUNCTION"): self._drop_object("FUNCTION"),
            ("CREATE", "POLICY"): self._create_policy,
            ("CREATE", "OR", "REPLACE", "POLICY"): self._create_policy,
            ("DROP", "POLICY"): self._drop_policy,
        }
        for words, run in leading.items():
            if reader.takes(*words):
                return run
        return self._alter(reader)

    # Grants

    def _grant(self, reader: Reader) -> None:
        for record in self._grants(reader, "TO"):
            self.records.add(record)

    def _revoke(self, reader: Reader) -> None:
        for record in self._grants(reader, "FROM"):
            self.records.remove(record)

    def _grants(self, reader: Reader, preposition: str) -> list[Record]:
        privileges: list[str] = [""]
        while not reader.takes("ON"):
            if reader.takes(","):
                privileges.append("")
            else:
                privileges[-1] = f"{privileges[-1]}_{reader.next().word}".strip("_")
        kind, on = self.object(reader)
        self.rights.needs_manager(on)
        reader.needs(preposition)
        grantee = reader.next().text
        return [
            Record("GRANT", on, key=privilege, value=kind, grantee=grantee)
            for privilege in privileges
        ]

    # Tags

    def _create_governed_tag(self, reader: Reader) -> None:
        on = (reader.next().text,)
        self.rights.needs_admin("CREATE GOVERNED TAG")
        if self.records.has("GOVERNED TAG", on):
            raise Refused("ALREADY_EXISTS", f"Tag policy '{on[0]}' already exists.", "42710")
        if reader.takes("DESCRIPTION"):
            reader.string()
        values = reader.items() if reader.takes("VALUES") else []
        allowed = [Reader(item).string() for item in values]
        self.records.add(Record("GOVERNED TAG", on, value=json.dumps(allowed)))

    def _drop_governed_tag(self, reader: Reader) -> None:
        on = (reader.next().text,)
        self.rights.needs_admin("DROP GOVERNED TAG")
        if not self.records.remove(Record("GOVERNED TAG", on)):
            raise Refused("NOT_FOUND", f"Tag policy '{on[0]}' does not exist.", "42704")

    def _set_tag_on(self, reader: Reader) -> None:
        on, column = self._tagged(reader)
        key = reader.next().text
        value = reader.next().text if reader.takes("=") else ""
        if self.records.get(Record("TAG", on, key, column=column)):
            raise Refused("TAG_ALREADY_EXISTS", f"The tag '{key}' is there already.", "42710")
        self._tag(on, column, key, value)

    def _tag(self, on: Name, column: str, key: str, value: str) -> None:
        self.rights.needs_tag(key, on)
        governed = self.records.get(Record("GOVERNED TAG", (key,)))
        if governed and value not in (json.loads(governed.value) or [""]):
            raise Refused(
                "INVALID_PARAMETER_VALUE",
                f"Tag value '{value}' is not an allowed value for tag policy key '{key}'.",
                "22023",
            )
        self.records.add(Record("TAG", on, key, value, column))

    def _unset_tag_on(self, reader: Reader) -> None:
        on, column = self._tagged(reader)
        self._untag(on, column, reader.next().text)

    def _untag(self, on: Name, column: str, key: str) -> None:
        self.rights.needs_tag(key, on)
        self.records.remove(Record("TAG", on, key, column=column))

    def _tagged(self, reader: Reader) -> tuple[Name, str]:
        if not reader.takes("COLUMN"):
            return self.object(reader)[1], ""
        *table, column = reader.name()
        on = self._relation(tuple(table))
        self._column(on, column)
        return on, column

    def _set_tags(self, reader: Reader, on: Name, column: str) -> None:
        for item in reader.items():
            pair = Reader(item)
            key = pair.string()
            value = pair.string() if pair.takes("=") else ""
            pair.needs_end()
            self._tag(on, column, key, value)

    def _unset_tags(self, reader: Reader, on: Name, column: str) -> None:
        for item in reader.items():
            self._untag(on, column, Reader(item).string())

    # Comments on columns: for Delta Lake each would be a version of the table

    def _comment_on_column(self, reader: Reader) -> None:
        *table, column = reader.name()
        on = self._relation(tuple(table))
        self._column(on, column)
        reader.needs("IS")
        self._comment(reader, on, column)

    def _comment(self, reader: Reader, on: Name, column: str) -> None:
        text = "" if reader.takes("NULL") else reader.string()
        if self.objects.kind(on) == "VIEW":
            self.rights.needs_owner(on)
        self.rights.needs("MODIFY", on)
        self.records.add(Record("COMMENT", on, value=text, column=column))

    def _comments(self, reader: Reader, on: Name, column: str) -> None:
        """Those of several columns, which one ALTER COLUMN may set."""
        self._comment(reader, on, column)
        while reader.takes(","):
            column = ".".join(reader.name())
            self._column(on, column)
            reader.needs("COMMENT")
            self._comment(reader, on, column)

    # ALTER

    def _alter(self, reader: Reader) -> Callable[[Reader], None] | None:
        """The change that an ALTER asks for, if it is one to record."""
        start = reader.at
        if reader.takes("ALTER") and (kind := self._kind(reader)):
            named = reader.name()
            column = ""
            if kind == "TABLE" and reader.takes("ALTER"):
                reader.takes("COLUMN")
                column = ".".join(reader.name())
            change = self._column_change(reader) if column else self._object_change(reader)
            if change:
                on = self._existing(kind, named)
                if column:
                    self._column(on, column)
                return lambda rest: change(rest, on, column)
        reader.at = start
        return None

    def _column_change(self, reader: Reader) -> Callable[[Reader, Name, str], None] | None:
        if reader.takes("SET", "TAGS"):
            return self._set_tags
        if reader.takes("UNSET", "TAGS"):
            return self._unset_tags
        if reader.takes("COMMENT"):
            return self._comments
        if reader.takes("SET", "MASK"):
            return self._set_mask
        if reader.takes("DROP", "MASK"):
            return lambda _, on, column: self._drop("MASK", on, column)
        if reader.takes("SET", "NOT", "NULL"):  # open-source Delta cannot, on a table that is there
            return self._set_not_null
        return None

    def _set_not_null(self, reader: Reader, on: Name, column: str) -> None:
        self.rights.needs("MODIFY", on)
        self.records.add(Record("NOT NULL", on, column=column))

    def _object_change(self, reader: Reader) -> Callable[[Reader, Name, str], None] | None:
        if reader.takes("SET", "TAGS"):
            return self._set_tags
        if reader.takes("UNSET", "TAGS"):
            return self._unset_tags
        if reader.takes("SET", "ROW", "FILTER"):
            return self._set_row_filter
        if reader.takes("DROP", "ROW", "FILTER"):
            return lambda _, on, column: self._drop("ROW FILTER", on, column)
        if reader.takes("SET", "OWNER", "TO") or reader.takes("OWNER", "TO"):
            return self._set_owner
        return self._constraint_change(reader)

    def _set_owner(self, reader: Reader, on: Name, column: str) -> None:
        owner = reader.next().text
        self.rights.needs_manager(on)
        if self.objects.kind(on) == "VIEW":
            self.rights.needs_to_be(owner)
        self.records.add(Record("OWNER", on, value=owner))

    def _set_mask(self, reader: Reader, on: Name, column: str) -> None:
        self.rights.needs_owner(on)
        function = self._function(reader)
        if reader.takes("USING", "COLUMNS"):
            reader.items()
        self.records.add(Record("MASK", on, value=function, column=column))

    def _set_row_filter(self, reader: Reader, on: Name, column: str) -> None:
        self.rights.needs_owner(on)
        function = self._function(reader)
        reader.needs("ON")
        columns = [Reader(item).identifier() for item in reader.items()]
        for each in columns:
            self._column(on, each)
        self.records.add(Record("ROW FILTER", on, key=", ".join(columns), value=function))

    def _drop(self, kind: str, on: Name, column: str) -> None:
        self.rights.needs_owner(on)
        for record in self.records.of(kind):
            if record.on == on and record.column == column:
                self.records.remove(record)

    # Constraints

    def _constraint_change(self, reader: Reader) -> Callable[[Reader, Name, str], None] | None:
        start = reader.at
        if reader.takes("ADD"):
            name = reader.identifier() if reader.takes("CONSTRAINT") else ""
            if reader.sees("PRIMARY", "KEY") or reader.sees("FOREIGN", "KEY"):
                return lambda rest, on, _: self._add_constraint(rest, on, name)
        elif reader.takes("DROP"):
            for kind in ("PRIMARY KEY", "FOREIGN KEY"):
                if reader.takes(*kind.split()):
                    return lambda rest, on, _, kind=kind: self._drop_key(rest, on, kind)
            if reader.takes("CONSTRAINT"):
                exists = reader.takes("IF", "EXISTS")
                name = reader.identifier()
                if any(record.key == name for record in self.records.of("CONSTRAINT")) or exists:
                    return lambda rest, on, _: self._drop_constraint(rest, on, name)
        reader.at = start
        return None

    def _add_constraint(self, reader: Reader, on: Name, name: str) -> None:
        self.rights.needs_owner(on)
        record = constraint(reader, on, name)
        columns = self.objects.columns(on)
        required = {r.column for r in self.records.of("NOT NULL") if r.on == on}
        for column in record.column.split(", "):
            self._column(on, column)
            if record.value == "PRIMARY KEY" and columns[column] and column not in required:
                raise Refused(
                    "INVALID_PARAMETER_VALUE",
                    f"Cannot create the primary key `{record.key}` because its child column(s) "
                    f"`{column}` is nullable. Please change the column nullability and retry.",
                    "22023",
                )
        self.records.add(record)

    def _drop_key(self, reader: Reader, on: Name, kind: str) -> None:
        self.rights.needs_owner(on)
        columns = [Reader(item).identifier() for item in reader.items()] if reader.sees("(") else []
        reader.takes("IF", "EXISTS")
        reader.takes_any("CASCADE", "RESTRICT")
        for record in self.records.of("CONSTRAINT"):
            meant = not columns or record.column == ", ".join(columns)
            if record.on == on and record.value == kind and meant:
                self.records.remove(record)

    def _drop_constraint(self, reader: Reader, on: Name, name: str) -> None:
        self.rights.needs_owner(on)
        reader.takes_any("CASCADE", "RESTRICT")
        for record in self.records.of("CONSTRAINT"):
            if record.on == on and record.key == name:
                self.records.remove(record)

    # Volumes, functions and policies

    def _create_object(self, kind: str, replaces: bool = False) -> Callable[[Reader], None]:
        def create(reader: Reader) -> None:
            exists = reader.takes("IF", "NOT", "EXISTS")
            on = self._in_schema(reader.name())
            self.rights.needs(f"CREATE_{kind}", on[:2])
            if replaces and self.records.has(kind, on):
                self.rights.needs_owner(on)
            if self.records.has(kind, on) and not replaces and not exists:
                raise Refused(
                    f"{'ROUTINE' if kind == 'FUNCTION' else kind}_ALREADY_EXISTS",
                    f"{kind.capitalize()} `{'`.`'.join(on)}` already exists.",
                    "42723" if kind == "FUNCTION" else "42000",
                )
            if kind == "VOLUME" and not reader.takes("COMMENT"):
                reader.needs_end()
            # A function's parameters and body are run by masks alone.
            text = " ".join(map(_as_written, reader.rest()))
            self.records.add(Record(kind, on, value=text))
            self.records.add(Record("OWNER", on, value=self.rights.user))

        return create

    def _drop_object(self, kind: str) -> Callable[[Reader], None]:
        def drop(reader: Reader) -> None:
            exists = reader.takes("IF", "EXISTS")
            on = self.objects.qualify(reader.name())
            if not self.records.has(kind, on) and not exists:
                raise self._no_such_object(kind, on)
            self.rights.needs_manager(on)
            self.records.forget(on)

        return drop

    def _create_policy(self, reader: Reader) -> None:
        name = reader.identifier()
        reader.needs("ON")
        _, on = self.object(reader)
        self.rights.needs_manager(on)
        body = Policy.read(reader)
        function = self.objects.qualify(body.function)
        if not self.records.has("FUNCTION", function):
            raise self._no_such_object("FUNCTION", function)
        self.rights.needs("EXECUTE", function)
        if not self.records.has("GOVERNED TAG", (body.tag,)):
            raise Refused(
                "INVALID_PARAMETER_VALUE",
                f"A policy matches governed tags only: '{body.tag}' is not governed.",
                "22023",
            )
        self.records.add(Record("POLICY", on, key=name, value=body.text()))

    def _drop_policy(self, reader: Reader) -> None:
        name = reader.identifier()
        reader.needs("ON")
        _, on = self.object(reader)
        self.rights.needs_manager(on)
        if not self.records.remove(Record("POLICY", on, key=name)):
            raise Refused("POLICY_NOT_FOUND", f"Policy `{name}` was not found.", "42704")

    # What statements are about

    def _kind(self, reader: Reader) -> str | None:
        return next((kind for kind in KINDS if reader.takes(*kind.split())), None)

    def object(self, reader: Reader) -> tuple[str, Name]:
        kind = self._kind(reader) or "TABLE"
        return kind, self._existing(kind, reader.name())

    def _existing(self, kind: str, name: Name) -> Name:
        if kind == "CATALOG":
            on = self.objects.qualify(name, 1)
        elif kind in ("SCHEMA", "DATABASE"):
            on = self.objects.qualify(name, 2)
        elif kind in OBJECTS:
            on = self.objects.qualify(name)
            if not self.records.has(kind, on):
                raise self._no_such_object(kind, on)
            return on
        else:
            return self._relation(name)
        self.objects.kind(on)  # refuses what does not exist
        return on

    def _relation(self, name: Name) -> Name:
        on = self.objects.qualify(name)
        if self.objects.kind(on) is None:
            raise no_such_table(on)
        return on

    def _in_schema(self, name: Name) -> Name:
        on = self.objects.qualify(name)
        self.objects.kind(on[:2])
        return on

    def _column(self, on: Name, column: str) -> None:
        if column not in self.objects.columns(on):
            raise Refused(
                "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION",
                f"A column, variable, or function parameter with name `{column}` cannot be "
                "resolved.",
                "42703",
            )

    def _function(self, reader: Reader) -> str:
        on = self.objects.qualify(reader.name())
        if not self.records.has("FUNCTION", on):
            raise self._no_such_object("FUNCTION", on)
        return ".".join(on)

    def _no_such_object(self, kind: str, on: Name) -> Refused:
        error = "ROUTINE_NOT_FOUND" if kind == "FUNCTION" else "VOLUME_DOES_NOT_EXIST"
        shown = "`.`".join(on)
        return Refused(error, f"The {kind.lower()} `{shown}` cannot be found.", "42704")


def constraint(reader: Reader, on: Name, name: str = "") -> Record:
    """Reads `PRIMARY KEY (...)` or `FOREIGN KEY (...) REFERENCES ...` with its options."""
    kind = f"{reader.next().word} {reader.next().word}"
    columns = []
    for item in reader.items():
        column = Reader(item)
        columns.append(column.identifier())
        column.takes("TIMESERIES")
        column.needs_end()
    if kind == "FOREIGN KEY":
        reader.needs("REFERENCES")
        reader.name()
        if reader.sees("("):
            reader.items()
    skip_constraint_options(reader)
    name = name or f"{on[-1]}_{'pk' if kind == 'PRIMARY KEY' else 'fk'}"
    return Record("CONSTRAINT", on, key=name, value=kind, column=", ".join(columns))


def skip_constraint_options(reader: Reader) -> list[Token]:
    start = reader.at
    while (
        reader.takes("NOT", "ENFORCED")
        or reader.takes("INITIALLY", "DEFERRED")
        or reader.takes("MATCH", "FULL")
        or reader.takes("ON", "UPDATE", "NO", "ACTION")
        or reader.takes("ON", "DELETE", "NO", "ACTION")
        or reader.takes_any("DEFERRABLE", "RELY", "NORELY")
    ):
        pass
    return list(reader.tokens[start : reader.at])


def _as_written(token: Token) -> str:
    if token.kind == "string":
        return literal(token.text)
    return quoted(token.text) if token.kind == "quoted" else token.text
