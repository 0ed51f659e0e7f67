"""What SQLMesh's extension for VS Code starts: the language server of this environment."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from harness import PROJECT, Platform
from lsprotocol import types
from pygls.lsp.client import BaseLanguageClient

FACT = PROJECT / "models" / "gold" / "fct_watches.sql"
WITHIN = 120  # seconds, for what takes ten


async def asked(platform_environment: dict[str, str]) -> tuple[list[types.Diagnostic], str, str]:
    """The errors of a model that is opened, where a table of it leads to, and what it is."""
    client = BaseLanguageClient("test", "1")
    told: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()

    @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    def tell(diagnostics: types.PublishDiagnosticsParams) -> None:
        told.put_nowait(diagnostics)

    await client.start_io(
        str(Path(sys.executable).with_name("sqlmesh_lsp")), cwd=PROJECT, env=platform_environment
    )
    try:
        folder = types.WorkspaceFolder(PROJECT.as_uri(), "project")
        await client.initialize_async(
            types.InitializeParams(
                capabilities=types.ClientCapabilities(), workspace_folders=[folder]
            )
        )
        client.initialized(types.InitializedParams())
        text = FACT.read_text()
        document = types.TextDocumentItem(FACT.as_uri(), "sql", 1, text)
        client.text_document_did_open(types.DidOpenTextDocumentParams(document))
        line = next(n for n, row in enumerate(text.splitlines()) if "FROM silver.watches" in row)
        place = types.Position(line, text.splitlines()[line].index("watches") + 1)
        identifier = types.TextDocumentIdentifier(FACT.as_uri())
        found = await client.text_document_definition_async(
            types.DefinitionParams(identifier, place)
        )
        hover = await client.text_document_hover_async(types.HoverParams(identifier, place))
        diagnostics = await asyncio.wait_for(told.get(), WITHIN)
        return diagnostics.diagnostics, json.dumps(str(found)), str(hover)
    finally:
        await client.shutdown_async(None)
        client.exit(None)
        await client.stop()


def test_the_language_server_knows_the_models(tmp_path: Path) -> None:
    errors, leads_to, said = asyncio.run(
        asyncio.wait_for(asked(Platform(tmp_path).environment()), WITHIN)
    )
    assert not errors
    assert "models/silver/watches.sql" in leads_to
    assert "A row is a watch, as its newest acceptable delivery shows it" in said


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
