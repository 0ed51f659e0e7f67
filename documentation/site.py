"""Builds the site with MkDocs, and serves it on this machine."""

from __future__ import annotations

from pathlib import Path

from operations import PROJECT, CommandError, local_server


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
    """Serves the site of a folder on this machine until Ctrl-C.

    Raises:
        CommandError: There is none, or the port cannot be had.
    """
    from starlette.staticfiles import StaticFiles

    if not (folder / "index.html").exists():
        raise CommandError(f"There is no site in {folder} yet. Make it: streaming docs")
    local_server.serve(StaticFiles(directory=folder, html=True), port)
