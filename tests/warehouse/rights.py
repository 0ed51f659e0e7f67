"""Who may do what: users, groups, owners and privileges, checked before a statement runs.

After Databricks' documentation as read on 2026-11-30: the privileges reference, ALTER TABLE, DROP
VIEW, SET TAG, "Create views", "Manage object ownership" and "Manage permissions on governed tags".
Where it is silent, the owner is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cache

from sqlglot import exp, parse_one
from sqlglot.errors import ParseError

from .records import Objects, Record, Records
from .sql import Name, NotKnown, Reader, Refused, Statement, literal, quoted

EVERYONE = "account users"
# What needs which privileges on the table that it changes, and reads its sources.
CHANGES: dict[tuple[str, ...], tuple[str, ...]] = {
    ("INSERT", "INTO"): ("MODIFY",),
    ("INSERT", "OVERWRITE"): ("MODIFY",),
    ("MERGE", "INTO"): ("MODIFY", "SELECT"),
    ("DELETE", "FROM"): ("MODIFY", "SELECT"),
    ("UPDATE",): ("MODIFY", "SELECT"),
    ("TRUNCATE",): ("MODIFY",),
    ("OPTIMIZE",): ("MODIFY",),
    ("VACUUM",): ("MODIFY",),
    ("REORG", "TABLE"): ("MODIFY",),
    ("RESTORE",): ("MODIFY",),
    ("DESC",): ("SELECT",),
    ("DESCRIBE",): ("SELECT",),
}
# The changes of a table that need MODIFY; every other needs its owner.
MODIFIED = (
    *(("ADD", "COLUMN"), ("ADD", "COLUMNS"), ("ALTER",), ("CHANGE",), ("DROP", "COLUMN")),
    *(("DROP", "COLUMNS"), ("SET", "TBLPROPERTIES"), ("UNSET", "TBLPROPERTIES")),
)
# By how many parts its name has: the privileges that show an object to who may use what it is in.
SHOWN_BY = {
    1: ("USE_CATALOG",),
    2: ("USE_SCHEMA",),
    3: ("SELECT", "MODIFY", "MANAGE", "EXECUTE", "READ_VOLUME"),
}
QUERIES = ("SELECT", "WITH", "(", "FROM", "VALUES", "EXPLAIN", "CREATE", "INSERT", "MERGE")
QUERIES += ("DELETE", "UPDATE")


@dataclass(frozen=True)
class Account:
    """Who there is. This is kept above the workspace, where no SQL statement reaches."""

    users: dict[str, str]  # by token
    groups: dict[str, list[str]]  # the members of each
    assigners: list[str]  # have ASSIGN on all governed tags
    admin: str  # of account and metastore

    @classmethod
    def of(cls, text: str) -> Account:
        return cls(**json.loads(text))

    def principals(self, user: str) -> frozenset[str]:
        """A user and all groups that the user is in."""
        groups = (group for group, members in self.groups.items() if user in members)
        return frozenset([user, EVERYONE, *groups])


@dataclass(frozen=True)
class Policy:
    """A mask of the columns with a tag, and for whom it is; no other policies are known."""

    function: Name
    to: list[str]
    excepted: list[str]
    tag: str

    @classmethod
    def read(cls, reader: Reader) -> Policy:
        """The body of CREATE POLICY."""
        if reader.takes("COMMENT"):
            reader.string()
        reader.needs("COLUMN", "MASK")
        function = reader.name()
        reader.needs("TO")
        to = _principals(reader)
        excepted = _principals(reader) if reader.takes("EXCEPT") else []
        reader.needs("FOR", "TABLES", "MATCH", "COLUMNS", "HAS_TAG", "(")
        tag = reader.string()
        reader.needs(")")
        reader.takes("AS")
        alias = reader.identifier()
        reader.needs("ON", "COLUMN")
        if reader.identifier() != alias:
            raise NotKnown("a policy whose column is not the one it matches")
        return cls(function, to, excepted, tag)

    def text(self) -> str:
        return json.dumps(asdict(self))

    def applies_to(self, principals: frozenset[str]) -> bool:
        return bool(principals & set(self.to)) and not principals & set(self.excepted)


class Rights:
    """What one user may do. The admin may do all but change a view of another owner."""

    def __init__(self, records: Records, account: Account, user: str, objects: Objects) -> None:
        self.records = records
        self.account = account
        self.user = user
        self.objects = objects
        self.principals = account.principals(user)
        self.is_admin = user == account.admin

    def of(self, user: str) -> Rights:
        return Rights(self.records, self.account, user, self.objects)

    # Owners and privileges

    def owner(self, on: Name) -> str:
        owner = self.records.get(Record("OWNER", on))
        return owner.value if owner else self.account.admin

    def owns(self, on: Name) -> bool:
        return self.owner(on) in self.principals

    def holds(self, privilege: str, on: Name) -> bool:
        """Whether it was granted on the object or what it is in, or comes with owning the object.

        Owners of a schema or catalog can grant themselves what is in it, but do not have it.
        """
        enough = {privilege} if privilege == "MANAGE" else {privilege, "ALL_PRIVILEGES"}
        granted = any(
            grant.key in enough
            and grant.grantee in self.principals
            and grant.on == on[: len(grant.on)]
            for grant in self.records.of("GRANT")
        )
        return granted or self.owns(on)

    def sees(self, on: Name) -> bool:
        """Whether the information schema shows it."""
        if self.is_admin or self.holds("BROWSE", on):
            return True
        shown_by = SHOWN_BY[len(on)]
        return self._lacks_use(on) is None and any(self.holds(each, on) for each in shown_by)

    def _lacks_use(self, on: Name) -> tuple[str, Name] | None:
        for parts, privilege in ((1, "USE_CATALOG"), (2, "USE_SCHEMA")):
            if len(on) > parts and not self.holds(privilege, on[:parts]):
                return privilege, on[:parts]
        return None

    def needs(self, privilege: str, on: Name) -> None:
        """Refuses who lacks a privilege on an object, or the use of what the object is in."""
        if self.is_admin:
            return
        lacks = self._lacks_use(on)
        if lacks is None and not self.holds(privilege, on):
            lacks = (privilege, on)
        if lacks:
            self._refuse(f"User '{self.user}' does not have {lacks[0].replace('_', ' ')}", lacks[1])

    def needs_manager(self, on: Name) -> None:
        """Refuses who neither has MANAGE on it nor owns it or what it is in."""
        if not any(self.owns(on[:parts]) for parts in range(1, len(on))):
            self.needs("MANAGE", on)

    def needs_owner(self, on: Name) -> None:
        if not (self.owns(on) or (self.is_admin and self.objects.kind(on) != "VIEW")):
            self._refuse(f"User '{self.user}' is not an owner (which is '{self.owner(on)}')", on)

    def needs_tag(self, tag: str, on: Name) -> None:
        """Refuses who may not put a tag on an object. Owning the object is no ASSIGN."""
        self.needs("APPLY_TAG", on)
        if self.records.get(Record("GOVERNED TAG", (tag,))) and not (
            self.is_admin or self.principals & set(self.account.assigners)
        ):
            self._refuse(f"User '{self.user}' does not have ASSIGN", (tag,))

    def needs_admin(self, what: str) -> None:
        if not self.is_admin:
            self._refuse(f"User '{self.user}' may not {what}", ("metastore",))

    def needs_to_be(self, owner: str) -> None:
        """Refuses to hand a view to others than oneself or a group that one is in."""
        if not self.is_admin and owner not in self.principals:
            self._refuse(f"User '{self.user}' may not give a view", (owner,))

    def _refuse(self, text: str, on: Name) -> None:
        raise Refused("INSUFFICIENT_PERMISSIONS", f"{text} on '{'.'.join(on)}'.", "42501")

    # Statements that Spark runs

    def before(self, statement: Statement) -> list[Record]:
        """Refuses what the user may not do; else, what is to be recorded once it is done."""
        reader = statement.reader()
        made: list[Record] = []
        if reader.takes("CREATE"):
            made = self._create(reader, statement)
        elif reader.takes("DROP"):
            self._drop(reader)
        elif reader.takes("ALTER"):
            self._alter(reader)
        elif reader.takes("USE"):
            reader.takes_any("SCHEMA", "DATABASE")
            self.needs("USE_SCHEMA", self.objects.qualify(reader.name(), 2))
        else:
            self._change(reader)
        if not self.is_admin:
            for source in self.sources(statement):
                self.needs_read(source)
        return made

    def _create(self, reader: Reader, statement: Statement) -> list[Record]:
        replaces = reader.takes("OR", "REPLACE")
        kind = reader.takes_any("SCHEMA", "DATABASE", "TABLE", "VIEW")
        if kind is None:  # of the session, or not known
            return []
        reader.takes("IF", "NOT", "EXISTS")
        on = self.objects.qualify(reader.name(), 3 if kind in ("TABLE", "VIEW") else 2)
        if len(on) == 2:
            self.needs("CREATE_SCHEMA", on[:1])
            is_there = self.objects.exists(on)
        else:
            self.needs("CREATE_TABLE", on[:2])
            is_there = self.objects.exists(on)
            if replaces and is_there:
                self.needs_owner(on)
        made = [] if is_there else [Record("OWNER", on, value=self.user)]
        if kind == "VIEW":
            made.append(Record("VIEW", on, value=self._qualified(_query(reader, statement))))
        return made

    def _drop(self, reader: Reader) -> None:
        reader.takes("MATERIALIZED")
        kind = reader.takes_any("TABLE", "VIEW", "SCHEMA", "DATABASE")
        reader.takes("IF", "EXISTS")
        if kind:
            on = self.objects.qualify(reader.name(), 3 if kind in ("TABLE", "VIEW") else 2)
            if self.objects.exists(on):
                self.needs_manager(on)

    def _alter(self, reader: Reader) -> None:
        kind = reader.takes_any("TABLE", "VIEW", "SCHEMA", "DATABASE", "CATALOG")
        parts = {"TABLE": 3, "VIEW": 3, "CATALOG": 1}.get(kind or "", 2)
        on = self.objects.qualify(reader.name(), parts)
        if kind == "TABLE" and any(reader.sees(*words) for words in MODIFIED):
            self.needs("MODIFY", on)
        else:
            self.needs_owner(on)
            if reader.takes("RENAME", "TO"):
                self.needs("CREATE_TABLE", self.objects.qualify(reader.name())[:2])

    def _change(self, reader: Reader) -> None:
        for words, privileges in CHANGES.items():
            if reader.takes(*words):
                while reader.takes_any("TABLE", "EXTENDED", "FORMATTED", "DETAIL", "HISTORY"):
                    pass
                if reader.takes_any("QUERY", "SCHEMA", "DATABASE", "CATALOG", "SELECT", "WITH"):
                    return
                on = self.objects.qualify(reader.name())
                for privilege in privileges:
                    self.needs(privilege, on)
                return

    # What is read

    def needs_read(self, on: Name) -> None:
        """Refuses who may not read a relation. What a view stands on its owner has to read."""
        self.needs("SELECT", on)
        view = self.records.get(Record("VIEW", on))
        if view:
            owner = self.of(self.owner(on))
            for source in self._named(view.value):
                owner.needs_read(source)

    def sources(self, statement: Statement) -> list[Name]:
        """The relations that a statement reads, but for those of the information schema."""
        reader = statement.reader()
        for word in ("DESC", "DESCRIBE"):
            if reader.takes(word, "QUERY"):
                return self._named(statement.sql[reader.next().start :])
        return self._named(statement.sql) if is_query(statement) else []

    def _named(self, sql: str) -> list[Name]:
        return [self.objects.qualify(name) for name, *_ in _sources(sql)]

    def _qualified(self, sql: str) -> str:
        """A query with the full names of what it reads, whatever session runs it."""
        for name, start, end, _ in sorted(_sources(sql), key=lambda source: -source[1]):
            sql = f"{sql[:start]}{quoted(*self.objects.qualify(name))}{sql[end:]}"
        return sql

    def shown(self, statement: Statement, mask: Callable[[Name], str]) -> Statement:
        """A statement that reads no more than this user may see."""
        if not is_query(statement) or not self._policies():
            return statement
        return Statement(self.masked(statement.sql, mask))

    def masked(self, sql: str, mask: Callable[[Name], str]) -> str:
        """A query as this user may see its rows: policies count for who asks, views or not.

        `mask` makes a function callable and says by which name.
        """
        for name, start, end, has_alias in sorted(_sources(sql), key=lambda source: -source[1]):
            shown = self._shown(self.objects.qualify(name), mask)
            if shown:
                alias = "" if has_alias else f" AS {quoted(name[-1])}"
                sql = f"{sql[:start]}({shown}){alias}{sql[end:]}"
        return sql

    def _shown(self, on: Name, mask: Callable[[Name], str]) -> str | None:
        """The query that stands for a relation of which something is masked."""
        if view := self.records.get(Record("VIEW", on)):
            shown = self.masked(view.value, mask)
            if shown == view.value:
                return None
            listed = ", ".join(map(quoted, self.objects.columns(on)))
            return f"SELECT * FROM ({shown}) AS v({listed})"
        hidden = dict(self._hidden(on))
        if not hidden:
            return None
        columns = (
            f"{mask(hidden[name])}({quoted(name)}) AS {quoted(name)}"
            if name in hidden
            else quoted(name)
            for name in self.objects.columns(on)
        )
        return f"SELECT {', '.join(columns)} FROM {quoted(*on)}"

    def _policies(self) -> list[tuple[Name, Policy]]:
        """The policies that mask something for this user, and what they are on."""
        read = ((r.on, Policy(**json.loads(r.value))) for r in self.records.of("POLICY"))
        return [(on, policy) for on, policy in read if policy.applies_to(self.principals)]

    def _hidden(self, on: Name) -> Iterator[tuple[str, Name]]:
        """The columns of a table that a policy masks for this user, each with the function."""
        for above, policy in self._policies():
            if above == on[: len(above)]:
                for tag in self.records.of("TAG"):
                    if tag.on == on and tag.column and tag.key == policy.tag:
                        yield tag.column, tuple(policy.function)


def is_query(statement: Statement) -> bool:
    return any(statement.reader().sees(word) for word in QUERIES)


@cache
def _sources(sql: str) -> tuple[tuple[Name, int, int, bool], ...]:
    """The relations that a statement reads: name, place in the text, whether it has an alias."""
    try:
        tree = parse_one(sql, dialect="databricks")
    except ParseError as error:
        raise NotKnown(f"what this statement reads: {error}") from None
    written = (exp.Create, exp.Insert, exp.Merge, exp.Update, exp.Delete)
    target = tree.this.find(exp.Table) if isinstance(tree, written) and tree.this else None
    of_query = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    found = []
    for table in tree.find_all(exp.Table):
        parts = table.parts
        name = tuple(part.name.lower() for part in parts)
        if table is target or not isinstance(table.this, exp.Identifier):
            continue
        if (len(name) == 1 and name[0] in of_query) or "information_schema" in name[:-1]:
            continue
        places = [(part.meta["start"], part.meta["end"] + 1) for part in parts]
        found.append((name, places[0][0], places[-1][1], bool(table.alias)))
    return tuple(found)


def _query(reader: Reader, statement: Statement) -> str:
    """The text of a view's query: what stands behind its AS."""
    while not reader.ended():
        if reader.sees("("):
            reader.items()
        elif reader.next().word == "AS":
            return statement.sql[reader.next().start :]
    raise NotKnown("a view without a query")


def _principals(reader: Reader) -> list[str]:
    names = [reader.next().text]
    while reader.takes(","):
        names.append(reader.next().text)
    return names


def personal(statement: Statement, rights: Rights) -> None:
    """Puts the user in the place of functions that ask who it is: Spark knows one user only."""
    for function in ("current_user", "session_user"):
        for at in statement.find(function, "(", ")"):
            statement.replace(statement.tokens[at : at + 3], literal(rights.user))
    for at in statement.find("is_account_group_member", "("):
        groups = ", ".join(map(literal, sorted(rights.principals - {rights.user})))
        statement.replace(statement.tokens[at : at + 2], f"array_contains(array({groups}), ")
