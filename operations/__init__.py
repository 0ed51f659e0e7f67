"""What people, jobs and workflows do beyond SQLMesh's own commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlmesh import Context

PROJECT = Path(__file__).parent.parent


class CommandError(Exception):
    """A command cannot do what it was asked: the message says why, and what to do instead."""


@contextmanager
def project(gateway: str | None = None, load: bool = True) -> Iterator[Context]:
    """SQLMesh's context of this project; its files and connections are free at the end.

    Args:
        gateway: One of config.py; None: the default.
        load: Whether the models are read from their files.
    """
    from sqlmesh import Context

    context = Context(paths=PROJECT, gateway=gateway, load=load)
    with freed(context):
        yield context


@contextmanager
def freed(context: Context) -> Iterator[None]:
    """A context's files and connections are free after the block; it can be used again."""
    try:
        yield
    finally:
        context.close()
        context.engine_adapter.close()
