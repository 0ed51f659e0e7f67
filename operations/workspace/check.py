"""Runs the acceptance test of a workspace, and reports (`streaming check --workspace`)."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from operations import CommandError
from operations.connection import without_secrets
from operations.workspace import (
    Item,
    NotPossible,
    Verdict,
    by_hand,
    catalog,
    files,
    project,
    state,
    statements,
)
from operations.workspace.room import CATALOG, Room, opened

ITEMS: tuple[Item, ...] = (
    *statements.ITEMS,
    *files.ITEMS,
    *project.ITEMS,
    *catalog.ITEMS,
    *state.ITEMS,
    *by_hand.ITEMS,
)
REFUSED = r"PERMISSION_DENIED|INSUFFICIENT_(PERMISSIONS|PRIVILEGES)|does not have|not authorized"
# What the refusals of Unity Catalog name: `User does not have USE CATALOG on Catalog 'x'.`
RIGHT = (
    r"(?:does not have|lacks|requires?)(?: the)?(?: (?:permission|privilege))? '?"
    r"([A-Z][A-Z_ ]+[A-Z])(?: on ([^.;]+))?"
)
MOST = 2_000  # characters of what was seen


@dataclass(frozen=True)
class Finding:
    """What was seen of an item, and what to do about it."""

    name: str
    what: str
    documented: str
    verdict: Verdict
    seen: str
    to_do: str
    seconds: float

    def line(self) -> str:
        """The finding for people."""
        seen = f" Seen: {self.seen}." if self.seen else ""
        to_do = f" To do: {self.to_do}." if self.to_do else ""
        return (
            f"{self.verdict.value}: {self.name}. {self.what}{seen}{to_do} ({self.documented})"
        ).replace("..", ".")


def check(items: Sequence[Item], say: Callable[[str], None]) -> list[Finding]:
    """Tries each item in a room of its own, which is removed at the end, and says what it came to.

    Raises:
        CommandError: The room cannot be made, and which right is missing; or not be removed.
    """
    findings = []
    with ExitStack() as stack:
        try:
            room = stack.enter_context(opened())
        except Exception as error:
            words = without_secrets(error)
            right = missing_right(words) or f"CREATE SCHEMA on the catalog {CATALOG}"
            raise CommandError(
                f"The check has no schema to work in: grant {right}. {words}"
            ) from error
        for item in items:
            findings.append(judged(item, room))
            say(findings[-1].line())
    return findings


def judged(item: Item, room: Room) -> Finding:
    """Looks, and compares what is seen with what is expected."""
    began = time.monotonic()
    verdict, seen, to_do = _look(item, room)
    seconds = round(time.monotonic() - began, 1)
    return Finding(item.name, item.what, item.documented, verdict, seen, to_do, seconds)


def _look(item: Item, room: Room) -> tuple[Verdict, str, str]:
    """The verdict, what was seen if it is not what was expected, and what to do."""
    if item.look is None:
        return Verdict.BY_HAND, "", item.otherwise
    try:
        seen = item.look(room)
    except NotPossible as error:
        return Verdict.NOT_POSSIBLE, "", str(error)
    except Exception as error:
        words = without_secrets(error)[:MOST]
        if "local stand-in" in words:
            return Verdict.NOT_POSSIBLE, words, ""
        if re.search(REFUSED, words):
            right = missing_right(words) or item.right or "what resources/databricks.sql grants"
            return Verdict.NOT_ALLOWED, words, f"Grant {right}"
        return Verdict.DIFFERS, words, item.otherwise
    if seen == item.expected:
        return Verdict.AS_EXPECTED, "", ""
    return Verdict.DIFFERS, f"{seen!r}, not {item.expected!r}"[:MOST], item.otherwise


def missing_right(words: str) -> str | None:
    """The right that a refusal names, if it names one."""
    found = re.search(RIGHT, words)
    return found and " on ".join(filter(None, found.groups()))


def counted(findings: Sequence[Finding]) -> str:
    """How many items came to which verdict."""
    counts = Counter(finding.verdict for finding in findings)
    return ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict)


def differing(findings: Sequence[Finding]) -> list[str]:
    """The names of the items that are not as expected."""
    return [finding.name for finding in findings if finding.verdict is Verdict.DIFFERS]
