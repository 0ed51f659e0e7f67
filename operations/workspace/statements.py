"""Items: each kind of statement that a first plan sends, out of the test that keeps them."""

from __future__ import annotations

import re
from collections.abc import Callable

from operations import PROJECT
from operations.workspace import Item, NotPossible
from operations.workspace.room import Room

# What a first plan sends, without comments and queries. A test of this project writes it.
KEPT = PROJECT / "tests" / "on_databricks" / "statements.sql"
TABLE = re.compile(r"`\w+`\.`\w+`\.`(\w+)`")
COLUMNS = re.compile(
    r"(?:ALTER COLUMN |CLUSTER BY |PRIMARY KEY |`\.(?=\w))\(?([\w`, ]+?)\)?"
    r"(?= [A-Z]| personal_data|$)"
)
COMMENTED = re.compile(r"(?<=ALTER COLUMN )`[^A-Z]*$")  # of which the text is not kept


def run_each(beginning: str) -> Callable[[Room], list[str]]:
    """A look: the kinds of statements with this beginning that are refused, each with the words."""

    def look(room: Room) -> list[str]:
        refused = []
        for statement in of_each_kind(beginning):
            try:
                for sql in prepared(room, statement):
                    room.run(sql)
            except Exception as error:
                refused.append(f"{statement[:200]}: {' '.join(str(error).split())}")
        return refused

    return look


def of_each_kind(beginning: str) -> list[str]:
    """One kept statement of each kind: those that differ by names alone are of one kind."""
    kinds: dict[str, str] = {}
    for statement in _kept():
        if statement.startswith(beginning):
            names = re.sub(r"`[^`]*`|(?<=ALTER COLUMN )\w+|(?<=`\.)\w+", "name", statement)
            kinds.setdefault(re.sub("name(, name)+", "names", names), statement)
    if not kinds:
        raise NotPossible(f"{KEPT.relative_to(PROJECT)} has no statement that begins so.")
    return sorted(kinds.values(), key=lambda statement: "ADD CONSTRAINT" in statement)


def prepared(room: Room, statement: str) -> list[str]:
    """The statement in the check's own schema, after those that it needs there."""
    if statement.startswith("GRANT"):
        if " ON SCHEMA " not in statement:
            return []  # of a catalog: the item grants-of-groups
        on_schema = re.sub(r"ON SCHEMA \S+", f"ON SCHEMA {room.schema}", statement)
        return [re.sub(r"TO `.*`", f"TO `{room.me}`", on_schema)]
    own = TABLE.sub(lambda match: room.table(match[1]), statement)
    (table,) = TABLE.search(statement).groups()  # type: ignore[union-attr]
    columns = _columns(table)
    if statement.startswith("CREATE"):
        nothing = ", ".join(f"CAST(NULL AS STRING) AS `{column}`" for column in columns)
        filled = not re.search(r"` \(`", own)  # as SELECT, of which the query is not kept
        return [own + (f" AS SELECT {nothing} WHERE FALSE" if filled else "")]
    creation = next(s for s in _kept() if s.startswith("CREATE TABLE") and f"`{table}`" in s)
    before = [] if statement == creation else prepared(room, creation)
    if "ADD CONSTRAINT" in statement:
        before += [
            f"ALTER TABLE {room.table(table)} ALTER COLUMN {name} SET NOT NULL"
            for name in re.findall(r"`\w+`", statement.split("PRIMARY KEY")[1])
        ]
    return [*before, COMMENTED.sub(_with_comments, own)]


def _with_comments(columns: re.Match[str]) -> str:
    return ", ".join(f"{column} COMMENT 'of the check'" for column in columns[0].split(", "))


def _kept() -> list[str]:
    if not KEPT.exists():
        raise NotPossible(f"It needs {KEPT.relative_to(PROJECT)}: run it in a checkout.")
    return KEPT.read_text(encoding="utf-8").splitlines()


def _columns(table: str) -> list[str]:
    """The columns of a table that the kept statements name; it is made with no others."""
    names = [
        name.strip(" `")
        for statement in _kept()
        if (found := TABLE.search(statement)) and found[1] == table
        for match in COLUMNS.finditer(statement)
        for name in match[1].split(",")
    ]
    return list(dict.fromkeys(names)) or ["nothing"]


ITEMS = [
    Item(
        f"statements-{name}",
        f"Every kind of {beginning} that a first plan sends is taken, in the check's own schema.",
        source,
        "The words name the statement: adapt the model or macro that it comes from.",
        run_each(beginning),
        [],
    )
    for name, beginning, source in (
        ("create", "CREATE TABLE", "sql/language-manual/sql-ref-syntax-ddl-create-table-using"),
        ("alter", "ALTER TABLE", "sql/language-manual/sql-ref-syntax-ddl-alter-table"),
        ("tag", "SET TAG", "sql/language-manual/sql-ref-syntax-ddl-set-tag"),
        ("grant", "GRANT", "sql/language-manual/security-grant"),
    )
]
