"""The rules that an edit changes, read from SQLMesh's diff of a model.

In that diff all rules of a feed stand in one line, which is the tuple of macros/rules.py.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

RULES = re.compile(r"^([-+])(\w+) = (\(\('.*\)\))$", re.MULTILINE)


@dataclass(frozen=True)
class RuleChange:
    """A rule, by the reason that it gives a row; None: there is no such rule then."""

    reason: str
    before: str | None
    after: str | None


def changed_rules(diff: str) -> tuple[RuleChange, ...]:
    """The rules that differ in a diff of a model."""
    sides: dict[str, dict[str, str]] = {"-": {}, "+": {}}
    for side, _, written in RULES.findall(diff):
        sides[side] |= _conditions(written)
    before, after = sides["-"], sides["+"]
    return tuple(
        RuleChange(reason, before.get(reason), after.get(reason))
        for reason in {**before, **after}
        if before.get(reason) != after.get(reason)
    )


def with_rules_alone(diff: str) -> str:
    """A diff of a model that shows the rules that differ, and not all of their feed."""
    rules: list[str] = []
    for rule in changed_rules(diff):
        rules += [f"-{rule.reason}: {rule.before}"] if rule.before else []
        rules += [f"+{rule.reason}: {rule.after}"] if rule.after else []
    shown: list[str] = []
    for line in diff.splitlines():
        if not _is_rules(line):
            shown.append(line)
        elif rules:  # in the place of the first line of all rules
            shown += rules
            rules = []
    return "\n".join(shown)


def _is_rules(line: str) -> bool:
    found = RULES.match(line)
    return bool(found and _conditions(found[3]))


def _conditions(written: str) -> dict[str, str]:
    """The condition of each reason, of the tuple of a feed's rules; none of another tuple."""
    values = ast.literal_eval(written)
    if not all(isinstance(value, tuple) and len(value) == 3 for value in values):
        return {}
    return {f"{column}_{what}": condition for column, what, condition in values}
