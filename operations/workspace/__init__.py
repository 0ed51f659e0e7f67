"""The acceptance test of a workspace: what its documentation promises, tried there (`check.py`).

An item is data: what is tried, where it is documented, what is expected, and a function that looks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from operations.workspace.room import Room


class Verdict(str, Enum):
    """What became of an item."""

    AS_EXPECTED = "as expected"
    DIFFERS = "differs"
    NOT_ALLOWED = "not allowed"
    NOT_POSSIBLE = "not possible here"
    BY_HAND = "by hand"


@dataclass(frozen=True)
class Item:
    """One thing to try.

    Args:
        name: Never changed: docs/assumptions.md and reports name it.
        what: What is so if the documentation is right, as a sentence.
        source: The page that says so, below SOURCES where it has no scheme.
        otherwise: What to do if it is not so; of an item by hand, the command to type.
        look: Looks in the check's own room; what it gives is compared with `expected`. None: by
            hand.
        right: What the principal needs for it beyond resources/databricks.sql.
    """

    name: str
    what: str
    source: str
    otherwise: str
    look: Look | None = None
    expected: Any = None
    right: str = ""

    @property
    def documented(self) -> str:
        """The address of the page."""
        return self.source if "://" in self.source else SOURCES + self.source


def tried(source: str, otherwise: str, expected: Any, right: str = "") -> Callable[[Look], Item]:
    """Makes a look an item: its name is the function's, and its docstring says what is so."""

    def item(look: Look) -> Item:
        name, what = look.__name__.replace("_", "-"), look.__doc__ or ""
        return Item(name, what, source, otherwise, look, expected, right)

    return item


Look = Callable[["Room"], Any]
SOURCES = "https://docs.databricks.com/aws/en/"


class NotPossible(Exception):
    """An item cannot be tried here; says what it lacks."""
