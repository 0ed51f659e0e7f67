"""Builds the site with MkDocs, and serves it on this machine."""

from __future__ import annotations

import http.server
from functools import partial
from pathlib import Path

from operations import PROJECT, CommandError


def build(folder: Path) -> None:
    """Makes the site in a folder.

    Raises:
        CommandError: MkDocs cannot make it.
    """
    from mkdocs.commands.build import build as build_site
    from mkdocs.config import load_config
    from mkdocs.exceptions import Abort

    config = load_config(str(PROJECT / "mkdocs.yml"), site_dir=str(folder))
    try:
        build_site(config)
    except Abort as error:  # what MkDocs makes of an error that it explains
        raise CommandError(str(error)) from error


def serve(folder: Path, port: int) -> None:
    """Serves the site of a folder on 127.0.0.1 until Ctrl-C.

    Raises:
        CommandError: There is none.
    """
    if not (folder / "index.html").exists():
        raise CommandError(f"There is no site in {folder} yet. Make it: streaming docs")
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        print(f"http://127.0.0.1:{server.server_port}/ until Ctrl-C", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass
