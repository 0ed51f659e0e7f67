"""How commands print: tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from typing import Any, TextIO

import click
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from operations.text import plain

# A table is as wide as what it says, also in a pipe or a narrow terminal: names are never cut.
WIDTH = 1_000


@dataclass(frozen=True)
class Table:
    """Rows under the names of their columns."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]

    def records(self) -> list[dict[str, Any]]:
        """Each row as a dict."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class _Console(Console):
    """Prints what is delivered as text, whatever it does to a terminal."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(plain(text), **options)


def console(file: TextIO | None = None) -> Console:
    """Prints on a file or, without one, on stdout; in colour only on a terminal, without NO_COLOR.

    Text is printed as it is, but for what `plain` says, and lines are not filled.
    """
    return _Console(
        file=file,
        width=WIDTH,
        soft_wrap=True,
        highlight=False,
        markup=False,
        emoji=False,
        force_jupyter=False,  # rich takes a task on Databricks for a notebook
    )


def show(table: Table, out: Console) -> None:
    """Prints a table and an empty line, if it has rows: text to the left, numbers to the right."""
    if not table.rows:
        return
    shown = RichTable(box=None, pad_edge=False, header_style="bold")
    for name, values in zip(table.columns, zip(*table.rows, strict=True), strict=True):
        is_text = any(isinstance(value, str) for value in values)
        shown.add_column(name, justify="left" if is_text else "right", no_wrap=True)
    for row in table.rows:
        shown.add_row(*(_text(value) for value in row))
    out.print(shown)
    out.print()


def watched(names: Sequence[str]) -> Iterator[str]:
    """Goes through names of models; one line on stderr says how far, on a terminal with a bar."""
    with click.progressbar(
        names, label=f"Comparing {counted(len(names), 'model')}", file=sys.stderr
    ) as bar:
        yield from bar


def counted(count: float, what: str) -> str:
    """How many there are of something, in words: `1 row`, `1,100 rows`."""
    return f"{int(count):,} {what}{'' if count == 1 else 's'}"


def first_of(names: Sequence[str], most: int) -> str:
    """The first of some names on one line, with a sign where there are more."""
    shown = [plain(name).replace("\n", "\\n") for name in names[:most]]
    return ", ".join([*shown, *(["..."] if len(names) > most else [])])


def short_name(full: str) -> str:
    """A model's name in its file, of its full name."""
    return full.replace('"', "").partition(".")[2]


def as_json(value: Any) -> str:
    """A dataclass or a dict as JSON; a table in it as a list of its rows, a date as its text."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=_plain)


def _text(value: Any) -> str:
    """A value in a cell; one that is absent is told."""
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value or "none")


def _plain(value: Any) -> Any:
    """What JSON knows in place of a value that it does not know."""
    if isinstance(value, Table):
        return value.records()
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return value.isoformat() if isinstance(value, date) else str(value)
