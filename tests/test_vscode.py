"""What SQLMesh's extension for VS Code starts: the language server of this environment.

The server is asked here as the extension asks it. VS Code itself is not there.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from harness import PROJECT, Platform, checkout
from lsprotocol import types
from pygls.lsp.client import BaseLanguageClient

FACT = "models/gold/fct_watches.sql"
WITHIN = 240  # seconds, for what takes twenty


class Editor:
    """A folder that is open in an editor, with the language server of the project."""

    def __init__(self, folder: Path, client: BaseLanguageClient) -> None:
        self.folder = folder
        self.client = client

    def open(self, name: str) -> None:
        """Opens a file."""
        text = (self.folder / name).read_text()
        document = types.TextDocumentItem(self.uri(name), "sql", 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(document))

    def save(self, name: str, text: str) -> None:
        """Changes a file and saves it."""
        (self.folder / name).write_text(text)
        whole = types.TextDocumentContentChangeEvent_Type2(text)
        version = types.VersionedTextDocumentIdentifier(2, self.uri(name))
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(version, [whole]))
        self.client.text_document_did_save(types.DidSaveTextDocumentParams(self.identifier(name)))

    async def faults(self, name: str) -> list[str]:
        """What the editor underlines in a file."""
        found = await self.client.text_document_diagnostic_async(
            types.DocumentDiagnosticParams(self.identifier(name))
        )
        return [each.message for each in found.items]

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def identifier(self, name: str) -> types.TextDocumentIdentifier:
        return types.TextDocumentIdentifier(self.uri(name))

    def place(self, name: str, line: str, word: str) -> types.Position:
        """The first place of a word in the first line that holds some text."""
        rows = (self.folder / name).read_text().splitlines()
        number = next(number for number, row in enumerate(rows) if line in row)
        return types.Position(number, rows[number].index(word) + 1)


@asynccontextmanager
async def editor(folder: Path, environment: dict[str, str]) -> AsyncIterator[Editor]:
    """An editor in which a folder is opened, with the abilities of VS Code that matter here."""
    client = BaseLanguageClient("test", "1")
    for request in (types.WORKSPACE_DIAGNOSTIC_REFRESH, types.WORKSPACE_INLAY_HINT_REFRESH):
        client.feature(request)(lambda *_: None)
    await client.start_io(
        str(Path(sys.executable).with_name("sqlmesh_lsp")), cwd=folder, env=environment
    )
    pulls = types.TextDocumentClientCapabilities(diagnostic=types.DiagnosticClientCapabilities())
    try:
        await client.initialize_async(
            types.InitializeParams(
                capabilities=types.ClientCapabilities(text_document=pulls),
                workspace_folders=[types.WorkspaceFolder(folder.as_uri(), "project")],
            )
        )
        client.initialized(types.InitializedParams())
        yield Editor(folder, client)
    finally:
        await client.shutdown_async(None)
        client.exit(None)
        await client.stop()


Session = Callable[[Callable[[Editor], Awaitable[None]]], None]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """Does something in an editor that has a checkout open."""
    folder = checkout(tmp_path / "project")
    copytree(PROJECT / "tests" / "unit", folder / "tests" / "unit")  # which the linter asks for
    environment = Platform(tmp_path / "platform").environment()

    async def whole(work: Callable[[Editor], Awaitable[None]]) -> None:
        async with editor(folder, environment) as opened:
            await work(opened)

    return lambda work: asyncio.run(asyncio.wait_for(whole(work), WITHIN))


def test_the_language_server_knows_the_models(session: Session) -> None:
    async def look(editor: Editor) -> None:
        editor.open(FACT)
        assert await editor.faults(FACT) == []
        identifier = editor.identifier(FACT)
        place = editor.place(FACT, "FROM silver.watches", "watches")
        found = await editor.client.text_document_definition_async(
            types.DefinitionParams(identifier, place)
        )
        assert "models/silver/watches.sql" in json.dumps(str(found))
        hover = await editor.client.text_document_hover_async(types.HoverParams(identifier, place))
        said = "A row is a watch, as its newest acceptable delivery shows it"
        assert said in str(hover)

    session(look)


def test_a_cte_is_renamed_wherever_it_is_read(session: Session) -> None:
    async def rename(editor: Editor) -> None:
        editor.open(FACT)
        place = editor.place(FACT, "), ratings AS (", "ratings")
        change = await editor.client.text_document_rename_async(
            types.RenameParams(editor.identifier(FACT), place, "rated_last")
        )
        assert change and change.changes
        [(uri, edits)] = change.changes.items()
        assert uri == editor.uri(FACT)
        assert {edit.new_text for edit in edits} == {"rated_last"}
        lines = (editor.folder / FACT).read_text().splitlines()
        changed = [lines[edit.range.start.line] for edit in edits]
        assert "), ratings AS (" in changed and "LEFT JOIN ratings" in changed

    session(rename)


def test_a_file_is_looked_through_when_it_is_saved(session: Session) -> None:
    """What the linter finds, what is no SQL, and that nothing is left when it is mended."""

    async def save(editor: Editor) -> None:
        editor.open(FACT)
        sound = (editor.folder / FACT).read_text()
        assert await editor.faults(FACT) == []
        editor.save(FACT, sound.replace(" /* The status is completed. */", "", 1))
        assert await editor.faults(FACT) == ["Not described: is_completed."]
        editor.save(FACT, sound.replace("FROM watches", "FROM FROM watches", 1))
        [fault] = await editor.faults(FACT)
        assert "'watch_id' could not be resolved" in fault
        editor.save(FACT, sound)
        assert await editor.faults(FACT) == []

    session(save)


def shown(name: str) -> list[dict[str, Any]]:
    """What VS Code offers of the project's tasks or ways to debug."""
    file = {"tasks": "tasks.json", "configurations": "launch.json"}[name]
    return json.loads((PROJECT / ".vscode" / file).read_text())[name]


def typed(offered: dict[str, Any]) -> list[str]:
    """What VS Code starts."""
    start = [offered["command"]] if "command" in offered else [sys.executable]
    start += ["-m", offered["module"]] if "module" in offered else []
    start += [offered["program"]] if "program" in offered else []
    return [word.replace("${workspaceFolder}", str(PROJECT)) for word in [*start, *offered["args"]]]


@pytest.mark.parametrize(
    "offered",
    [*shown("tasks"), *shown("configurations")],
    ids=lambda offered: offered.get("label") or offered["name"],
)
def test_what_is_offered_can_be_started(offered: dict[str, Any]) -> None:
    """Each command is known with its arguments; instead of doing it, it tells what it would do."""
    words = [str(Path(__file__)) if word == "${file}" else word for word in typed(offered)]
    if words[0] == "bash":
        words = ["bash", "setup.sh", "help"]
    else:
        words.append("--collect-only" if "pytest" in words else "--help")
    done = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_loads_do_not_add_up(tmp_path: Path) -> None:
    """The server loads the project at every save: five loads leave as many objects as two."""
    code = """
import gc
from sqlmesh import Context

context = Context(paths=".")
for _ in range(5):
    print(gc.get_freeze_count() + len(gc.get_objects()))
    context.load()
"""
    counted = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env=Platform(tmp_path).environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    objects = list(map(int, counted.stdout.split()))
    assert len(objects) == 5 and max(objects) < 1.05 * objects[1], objects
