"""`streaming check --workspace` on the stand-in, and what it says where the stand-in cannot bring
it about.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.request import urlopen

import pytest
from databricks.sql.client import Cursor
from engines import Engines, engines
from harness import PROJECT, Platform
from postgres import postgres
from sqlmesh import EngineAdapter

from operations import CommandError, connection
from operations.workspace import Item, NotPossible, Verdict, check, room, state
from operations.workspace.catalog import of_admins
from operations.workspace.check import ITEMS
from tests.warehouse import Warehouse

# What the stand-in cannot do. Whoever teaches it one of these takes it out here.
NOT_ON_THE_STAND_IN = {
    "query-tags": "not allowed",
    "state-lock": "not possible here",  # without Postgres; a test of its own has it
    "state-reconnect": "not possible here",
}
SCHEMAS = (
    "SELECT schema_name FROM system.information_schema.schemata "
    "WHERE schema_name LIKE '%workspace%'"
)


@pytest.fixture(scope="module")
def workspace(running_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Engines:
    """The project as `platform` in a workspace made by resources/databricks.sql, with an analyst as
    the second principal.
    """
    second = running_warehouse.as_user("analyst").environment["DATABRICKS_TOKEN"]
    both = engines(
        running_warehouse,
        tmp_path_factory.mktemp("check"),
        catalogs=(),
        user="platform",
        DATABRICKS_SECOND_TOKEN=second,
    )
    both.warehouse.administer(*of_admins())
    return both


@pytest.fixture
def platform(workspace: Engines, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """The project with a seam for files: the stand-in knows no PUT, its volumes are a folder."""

    def put(adapter: EngineAdapter, path: str, content: bytes) -> None:
        target = workspace.warehouse.folder / "volumes" / path.removeprefix("/Volumes/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    monkeypatch.setattr(room, "put", put)
    return workspace.databricks


def checked(platform: Platform, folder: Path, *options: str) -> tuple[int, str, dict[str, Any]]:
    """Exit code, what was printed, and the findings by name."""
    out = folder / "findings.json"
    result = platform.streaming("check", "--workspace", "--out", str(out), *options)
    assert out.exists(), result.output
    findings = {each["name"]: each for each in json.loads(out.read_text(encoding="utf-8"))}
    return result.exit_code, result.output, findings


@pytest.mark.slow
def test_what_the_stand_in_can_do_is_as_expected(platform: Platform, tmp_path: Path) -> None:
    code, printed, findings = checked(platform, tmp_path)
    by_hand = {item.name: "by hand" for item in ITEMS if item.look is None}
    otherwise = {n: f["verdict"] for n, f in findings.items() if f["verdict"] != "as expected"}
    assert otherwise == by_hand | NOT_ON_THE_STAND_IN, printed
    assert list(findings) == [item.name for item in ITEMS]
    assert code == 0
    for item in ITEMS:
        assert re.search(
            rf"^[a-z ]+: {item.name}\. .*\({re.escape(item.documented)}\)$", printed, re.M
        )
    with platform.context() as context:
        assert context.engine_adapter.fetchall(SCHEMAS) == []


@pytest.mark.slow
def test_one_item_alone(platform: Platform, tmp_path: Path) -> None:
    """Also in a process that has called another address without a proxy before."""
    with suppress(OSError):
        urlopen("http://127.0.0.1:9", timeout=1)
    code, printed, findings = checked(platform, tmp_path, "--only", "primary-key")
    assert (code, list(findings)) == (0, ["primary-key"])
    assert "1 as expected, 0 differs, 0 not allowed, 0 not possible here, 0 by hand" in printed


@pytest.mark.slow
def test_an_item_that_differs(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = Item("an-item", "It is one.", "a/page", "Look there", lambda here: 2, 1)
    monkeypatch.setattr(check, "ITEMS", (item,))
    code, printed, findings = checked(platform, tmp_path)
    assert code == 1 and findings["an-item"]["verdict"] == "differs"
    assert printed.splitlines()[-1].startswith("Error: Not as expected: an-item.")


@pytest.mark.slow
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_it_removes_what_it_made(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    """Also after Ctrl-C, and what an item of the project made in other schemas."""
    made = []

    def look(here: room.Room) -> None:
        here.run(f"CREATE SCHEMA `{room.CATALOG}`.`{here.schemas[-1]}`")
        made.extend(here.rows(SCHEMAS))
        raise error

    with platform.context():
        monkeypatch.setattr(check, "judged", lambda item, here: look(here))
        with pytest.raises(error):
            check.check([ITEMS[0]], print)
    assert len(made) == 2
    with platform.context() as context:
        assert context.engine_adapter.fetchall(SCHEMAS) == []


def test_the_state_on_a_real_postgres(monkeypatch: pytest.MonkeyPatch) -> None:
    with postgres() as server:
        for name, value in server.settings().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("DATABRICKS_HOST", "nowhere.invalid")
        monkeypatch.setenv("DATABRICKS_TOKEN", "none")
        monkeypatch.setenv("DATABRICKS_HTTP_PATH", "/none")
        verdicts = {item.name: check.judged(item, HERE) for item in state.ITEMS}
    assert {n: f.verdict for n, f in verdicts.items()} == dict.fromkeys(
        ("state-lock", "state-reconnect"), Verdict.AS_EXPECTED
    ), verdicts


# ------------------------------------------------------------------ what is said

HERE = room.Room(None, "nowhere")  # type: ignore[arg-type]


def finding(look: Any, **more: Any) -> check.Finding:
    """What becomes of an item that should give 1."""
    return check.judged(
        Item("an-item", "It is one.", "a/page", "Look there", look, 1, **more), HERE
    )


def raising(words: str) -> Any:
    def look(here: room.Room) -> None:
        raise RuntimeError(words)

    return look


def test_verdicts() -> None:
    assert finding(lambda here: 1).verdict is Verdict.AS_EXPECTED
    differs = finding(lambda here: 2)
    assert (differs.verdict, differs.seen, differs.to_do) == (
        Verdict.DIFFERS,
        "2, not 1",
        "Look there",
    )
    assert differs.line() == (
        "differs: an-item. It is one. Seen: 2, not 1. To do: Look there. "
        "(https://docs.databricks.com/aws/en/a/page)"
    )
    assert finding(raising("[PARSE_SYNTAX_ERROR] near x")).verdict is Verdict.DIFFERS
    assert finding(raising("The local stand-in does not know it")).verdict is Verdict.NOT_POSSIBLE
    by_hand = finding(None)
    assert (by_hand.verdict, by_hand.to_do) == (Verdict.BY_HAND, "Look there")


@pytest.mark.parametrize(
    ("words", "right"),
    [
        (
            "[INSUFFICIENT_PERMISSIONS] User does not have USE CATALOG on Catalog 'streaming_dev'.",
            "USE CATALOG on Catalog 'streaming_dev'",
        ),
        ("PERMISSION_DENIED: User does not have permission CREATE SCHEMA. id 7", "CREATE SCHEMA"),
        ("PERMISSION_DENIED: no.", "ASSIGN on the tag"),
    ],
)
def test_the_right_that_is_missing_is_named(words: str, right: str) -> None:
    """Words made up after Databricks' documentation and the stand-in's."""
    refused = finding(raising(words), right="ASSIGN on the tag")
    assert refused.verdict is Verdict.NOT_ALLOWED
    assert refused.to_do == f"Grant {right}"


def test_a_second_principal_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABRICKS_SECOND_TOKEN", raising=False)
    alone = finding(lambda here: here.second)
    assert alone.verdict is Verdict.NOT_POSSIBLE
    assert "DATABRICKS_SECOND_TOKEN" in alone.to_do


def test_no_secret_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in connection.SECRETS:
        monkeypatch.setenv(name, f"secret-of-{name}")
    said = finding(raising(" ".join(f"secret-of-{name}" for name in connection.SECRETS)))
    assert "secret-of" not in said.line()


def test_a_file_is_put_as_the_driver_takes_it() -> None:
    """The stand-in knows no PUT, so this is held against the driver's own signature alone."""
    sent: list[inspect.BoundArguments] = []

    def execute(*arguments: Any, **named: Any) -> None:
        sent.append(inspect.signature(Cursor.execute).bind(None, *arguments, **named))

    adapter = SimpleNamespace(cursor=SimpleNamespace(execute=execute))
    room.put(adapter, "/Volumes/a/b/it's.csv", b"text")  # type: ignore[arg-type]
    (bound,) = sent
    assert bound.arguments["operation"] == (
        "PUT '__input_stream__' INTO '/Volumes/a/b/it\\'s.csv' OVERWRITE"
    )
    assert bound.arguments["input_stream"].read() == b"text"


def test_without_files_their_items_say_so() -> None:
    here = room.Room(None, "nowhere")  # type: ignore[arg-type]
    with pytest.raises(AttributeError):  # no cursor
        here.put("a", b"")
    with pytest.raises(NotPossible, match="put-and-list"):
        here.put("b", b"")


def test_a_room_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise RuntimeError("PERMISSION_DENIED: User does not have CREATE SCHEMA on Catalog 'x'.")

    monkeypatch.setattr(check, "opened", refuse)
    with pytest.raises(CommandError, match="grant CREATE SCHEMA on Catalog 'x'"):
        check.check(ITEMS, print)


# ------------------------------------------------------------------ what the pages say


def test_names_are_unique() -> None:
    names = [item.name for item in ITEMS]
    assert len(set(names)) == len(names)


def test_the_readme_says_how_many() -> None:
    tried = sum(item.look is not None for item in ITEMS)
    said = re.search(r"check --workspace`[^.]*?(\d+) items[^.]*?(\d+) more by hand", readme())
    assert said and said.groups() == (str(tried), str(len(ITEMS) - tried))


def readme() -> str:
    return " ".join((PROJECT / "README.md").read_text(encoding="utf-8").split())


def rows_of(page: str) -> Iterator[list[str]]:
    """The cells of the rows of tables whose last column is `item`."""
    named = False
    for line in (PROJECT / "docs" / page).read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")] if line[:1] == "|" else []
        named = cells[-1:] == ["item"] or (named and bool(cells))
        if named and cells[-1] != "item" and not cells[-1].startswith("--"):
            yield cells


@pytest.mark.parametrize("page", ["databricks.md", "assumptions.md"])
def test_the_items_that_a_page_names_are_there(page: str) -> None:
    named = {name for row in rows_of(page) for name in re.findall(r"`([a-z_*-]+)`", row[-1])}
    names = {item.name for item in ITEMS}
    unknown = {n for n in named if not any(re.fullmatch(n.replace("*", ".+"), x) for x in names)}
    assert named and not unknown
    missing = {x for x in names if not any(re.fullmatch(n.replace("*", ".+"), x) for n in named)}
    assert page != "assumptions.md" or not missing


def test_each_assumption_has_a_source_a_test_and_an_item() -> None:
    rows = list(rows_of("assumptions.md"))
    assert len(rows) > 30
    for what, source, tests, item in rows:
        assert "](https://" in source, what
        assert "`" in item, what
        for path in re.findall(r"`(tests/[\w/.]+)`(?:: `(\w+)`)?", tests):
            text = (PROJECT / path[0]).read_text(encoding="utf-8")
            assert not path[1] or f"def {path[1]}(" in text, path
        assert "`tests/" in tests or tests == "none", what
