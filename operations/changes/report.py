"""What an environment changes, for people: markdown for a pull request, text for a terminal.

Both say the same in the same words. Names and values stand in `backticks`, which markdown keeps, so
that no value is taken for markup, and text drops.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from operations.changes.backfill import Backfill
from operations.changes.between import Changes
from operations.changes.models import AFFECTED, CHANGED, METADATA, NEW, Audit, ModelChange
from operations.changes.rejections import Rejections
from operations.changes.rows import AddedColumn, ColumnChange, Comparison
from operations.changes.rules import RuleChange

LONGEST = 65_000  # characters; a comment on GitHub holds 65,536
WIDTH = 100  # columns of a terminal
READ_BY_CONSUMERS = "gold."
LONGEST_RULE = 200
LONGEST_VALUE = 32  # characters: a phone shows some 45 in a line
HOW = {
    CHANGED: "changed",
    NEW: "new",
    AFFECTED: "affected by what it reads",
    METADATA: "changed in its metadata alone",
}


@dataclass(frozen=True)
class Item:
    """One of a list, with examples of it. A list and not a table: it fits a phone."""

    what: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Block:
    """What is said of a model or a topic: what was found, and what that rests on."""

    title: str
    finding: str
    notes: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()


def markdown(changes: Changes) -> str:
    """The report as GitHub's markdown, at most 65,000 characters, with the details folded.

    Of a longer one details are left out, of the last models first, then models, and it says so.
    """
    models, rest = _blocks(changes)
    head = f"**{_headline(changes)}**\n"
    whole = "\n".join([head, *map(_markdown_block, [*models, *rest])])
    if len(whole) <= LONGEST:
        return whole
    command = f"streaming changes {changes.environment}"
    head += f"\nThis is too long for a comment. For all of it: `{command}`\n"
    room = LONGEST - len(head)
    shown: list[str] = []
    for block in [*rest, *models]:
        for form in (_markdown_block(block), _markdown_block(Block(block.title, block.finding))):
            if len(form) + 1 <= room:
                shown.append(form)
                room -= len(form) + 1
                break
    return "\n".join([head, *shown])


def text(changes: Changes) -> str:
    """The report as plain text, at most 100 columns wide."""
    models, rest = _blocks(changes)
    parts = [_filled(_headline(changes)), *(_text_block(block) for block in [*models, *rest])]
    if changes.models:
        parts.append(f"Next: sqlmesh plan {changes.against} promotes this.")
    return "\n\n".join(parts) + "\n"


def _headline(changes: Changes) -> str:
    """The finding in one line."""
    name, against = changes.environment, changes.against
    other_data = [m for m in changes.models if m.how != METADATA]
    number = len(other_data) + len(changes.removed)
    if not (changes.models or changes.removed or changes.same):
        return f"`{name}` changes nothing: every model is as in `{against}`"
    if not number:
        return f"`{name}` changes no data: {_of('model', len(changes.models))} in metadata alone"
    direct = sum(m.how != AFFECTED for m in other_data) + len(changes.removed)
    verb = "changes" if number == 1 else "change"
    found = [f"{_of('model', number)} {verb}" + (f", {direct} directly" if direct < number else "")]
    compared = [m for m in other_data if m.comparison and m.comparison.touched]
    if compared:
        found.append(_touched(max(compared, key=_interest)))
    elif any(m.comparison for m in other_data):
        found.append("no row differs")
    came = sum(m.rejections.came for m in other_data if m.rejections)
    failed = sum(a.outcome == "failed" for m in changes.models for a in m.audits)
    found += [f"{_of('row', came)} newly in quarantine"] if came else []
    found += [f"{_of('audit', failed)} failed"] if failed else []
    if changes.left is not None:
        took = _time_in_all(changes.left, changes.seconds)
        computed = f"{_of('model', len(changes.left))} to backfill, {took}"
        found.append(computed if changes.left else "nothing to backfill")
    return "; ".join(found)


def _blocks(changes: Changes) -> tuple[list[Block], list[Block]]:
    """What is said of single models, and of all."""
    models = []
    quiet: dict[str, list[ModelChange]] = {}
    for model in changes.models:
        if any(audit.outcome == "failed" for audit in model.audits):
            models.append(_model_block(changes, model))
        elif model.why_not:
            quiet.setdefault(f"Not compared, {model.why_not}", []).append(model)
        elif model.how == METADATA:
            quiet.setdefault("Only metadata", []).append(model)
        elif model.how == AFFECTED and model.comparison and model.comparison.is_same:
            quiet.setdefault("No difference", []).append(model)
        else:
            models.append(_model_block(changes, model))
    rest = [
        Block(f"`{name}`", f"removed, with {_of('row', rows)} in `{changes.against}`")
        for name, rows in changes.removed
    ]
    for title, those in sorted(quiet.items()):
        audits = _audits([audit for model in those for audit in model.audits])
        rest.append(Block(title, f"{_names(m.name for m in those)} (audits: {audits})"))
    if changes.same:
        rest.append(Block(f"Same table as in `{changes.against}`", _names(changes.same)))
    if changes.left is not None and (models or rest):
        rest.append(_deployment(changes.left, changes.seconds))
    return models, rest


def _model_block(changes: Changes, model: ModelChange) -> Block:
    """What is said of a model."""
    findings: list[str] = []
    items: list[Item] = []
    items += map(_rule, model.rules)
    if model.how == NEW:
        findings.append(f"{_of('row', model.rows)}, {_of('column', len(model.columns))}")
        items += [Item(f"`{name} {type_}`") for name, type_ in model.columns]
    if model.comparison:
        findings += [_rows(model.comparison), *_columns(model.comparison)]
        items += _differences(model.comparison)
    if model.rejections and model.rejections.reasons:
        findings.append(_quarantine(model.rejections))
        items += _reasons(model.rejections)
    if failed := [audit for audit in model.audits if audit.outcome == "failed"]:
        findings.append(f"audit {_audits(failed)}")
    notes = _notes(changes, model)
    notes += [f"Audits: {_audits(model.audits)}."] if model.audits else []
    title = f"`{model.name}`, {HOW[model.how]}"
    return Block(title, "; ".join(findings), tuple(notes), tuple(items))


def _rows(comparison: Comparison) -> str:
    """How many rows differ."""
    c = comparison
    unknown = "removed rows not known"
    if c.removed == 0 and not c.touched:
        return f"no row differs, of {c.after:,}"
    if c.common is None or c.changed is None:  # both, where there is no key
        found = [f"{_of('row', c.added)} added"]
        found += [unknown] if c.removed is None else [f"{c.removed:,} removed"]
        return f"{', '.join(found)}, of {c.before:,}"
    changed = f"{c.changed:,} of {_of('row', c.common)} changed ({_share(c.changed, c.common)})"
    found = [changed if c.changed else f"none of {_of('row', c.common)} changed"]
    found += [f"{c.added:,} added"] if c.added else []
    found += [unknown] if c.removed is None else []
    found += [f"{c.removed:,} removed"] if c.removed else []
    return ", ".join(found)


def _interest(model: ModelChange) -> tuple[bool, bool, int]:
    """Sorts models by how much they say of a change: what consumers read, what was changed."""
    touched = model.comparison.touched if model.comparison else 0
    return model.name.startswith(READ_BY_CONSUMERS), model.how == CHANGED, touched


def _touched(model: ModelChange) -> str:
    """How many of a model's rows differ."""
    c = model.comparison
    assert c, "only models that were compared have rows that differ"
    if c.common is None:  # what was changed was removed and added
        touched, rows = max(c.added, c.removed or 0), max(c.before, c.after)
    else:
        touched, rows = c.touched, c.common + c.added + (c.removed or 0)
    return f"{touched:,} of {_of('row', rows)} of `{model.name}`"


def _columns(comparison: Comparison) -> list[str]:
    """Which columns are not the same."""
    c = comparison
    kinds = {
        "added": [column.name for column in c.added_columns],
        "removed": list(c.removed_columns),
        "of another type": [name for name, *_ in c.retyped_columns],
    }
    return [
        f"column{'s' * (len(names) > 1)} {_names(names)} {what}"
        for what, names in kinds.items()
        if names
    ]


def _notes(changes: Changes, model: ModelChange) -> list[str]:
    """What to know of how a model was compared."""
    notes = []
    name, against = f"`{changes.environment}`", f"`{changes.against}`"
    if model.days_lacking:
        lacks = f"{name} lacks {_of('day', model.days_lacking)} that {against} has"
        notes.append(
            f"{lacks}. Only days that both have are compared."
            if model.is_by_day
            else f"{lacks}, here or in what it reads: rows may differ for that alone."
        )
    if model.is_forward_only:
        notes.append(f"Forward-only: rows that are in {against} stay as they are.")
    if model.loses_history:
        notes.append(f"Built anew: the versions that {against} has are not taken over.")
    if model.comparison and model.comparison.repeated_keys:
        repeated = _of("row", model.comparison.repeated_keys)
        notes.append(f"The grain is missing or repeated in {repeated}: rows are compared whole.")
    return notes


def _differences(comparison: Comparison) -> list[Item]:
    """The columns that differ, with examples."""
    common, after = comparison.common or 0, comparison.after
    changed = [
        Item(
            f"`{c.name}`: {c.changed:,} changed ({_share(c.changed, common)}){_personal(c)}",
            tuple(
                f"{_value(s.before)} -> {_value(s.after)} ({_value(s.key, 60)})" for s in c.samples
            ),
        )
        for c in comparison.columns
    ]
    added = [
        Item(
            f"`{c.name} {c.type}`: new, {_share(c.filled, after)} filled{_personal(c)}",
            (", ".join(map(_value, c.values)),) if c.values else (),
        )
        for c in comparison.added_columns
    ]
    retyped = [
        Item(f"`{name}`: its type is `{new}` and was `{old}`; values are not compared")
        for name, old, new in comparison.retyped_columns
    ]
    return [*changed, *added, *retyped]


def _personal(column: ColumnChange | AddedColumn) -> str:
    return "; personal data, not shown" if column.is_personal else ""


def _quarantine(rejections: Rejections) -> str:
    left = "how many left not known" if rejections.left is None else f"{rejections.left:,} left"
    return f"{_of('row', rejections.came)} newly in quarantine, {left}"


def _rule(rule: RuleChange) -> Item:
    """A rule that was changed, with the condition before and after."""
    conditions = tuple(
        f"{when}: {_value(condition, LONGEST_RULE)}"
        for when, condition in (("was", rule.before), ("is", rule.after))
        if condition is not None
    )
    return Item(f"rule `{rule.reason}`", conditions)


def _reasons(rejections: Rejections) -> list[Item]:
    return [
        Item(f"`{reason}`: {came:,} newly, {gone:,} no longer")
        for reason, came, gone in rejections.reasons
    ]


def _audits(audits: Sequence[Audit]) -> str:
    """Which audits failed and warned, and how many passed."""
    told = [
        f"`{audit.name}` {outcome} ({_of('row', audit.rows)})"
        for outcome in ("failed", "warned")
        for audit in audits
        if audit.outcome == outcome
    ]
    passed = sum(audit.outcome == "passed" for audit in audits)
    return ", ".join([*told, *([f"{passed} passed"] if passed else [])]) or "none"


def _deployment(left: Sequence[Backfill], seconds: float) -> Block:
    """What a deployment to prod computes."""
    if not left:
        return Block("Deployment", "nothing to compute, the views of prod are switched")
    items = (
        Item(
            f"`{b.model}`: {'whole' if b.is_whole else _days(b)}, "
            f"about {_of('row', b.rows)}, {_time(b.seconds)}"
        )
        for b in left
    )
    how = "Rows are estimated from the rows a day that are there, times from the last runs."
    finding = f"{_of('model', len(left))} to compute, {_time_in_all(left, seconds)}"
    return Block("Deployment", finding, (how,), tuple(items))


def _days(item: Backfill) -> str:
    period = f"{item.first}" if item.days == 1 else f"{item.first} to {item.last}"
    return f"{_of('day', item.days)} ({period})"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "time not known"
    return f"about {seconds / 60:.0f} min" if seconds >= 120 else f"about {max(seconds, 1):.0f} s"


def _time_in_all(left: Sequence[Backfill], seconds: float) -> str:
    unknown = sum(item.seconds is None for item in left)
    if unknown == len(left):
        return "time not known"
    known = f"{_time(seconds)}, from the last runs"
    return f"{known}, and {_of('model', unknown)} whose time is not known" if unknown else known


def _of(thing: str, number: int) -> str:
    return f"{number:,} {thing}{'s' * (number != 1)}"


def _share(part: int, whole: int) -> str:
    """A percentage of one decimal, which is 0 and 100 only where it is exact."""
    if not whole or part in (0, whole):
        return f"{100 * part // max(whole, 1)} %"
    return f"{min(max(100 * part / whole, 0.1), 99.9):.1f} %"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _value(value: str, longest: int = LONGEST_VALUE) -> str:
    """A value in backticks, on one line and not too long."""
    plain = "".join(c if c.isprintable() else " " for c in value.replace("`", "'"))
    short = plain if len(plain) <= longest else plain[: longest - 1] + "…"
    return f"`{short.strip() or chr(39) * 2}`"


def _markdown_block(block: Block) -> str:
    lines = [f"**{block.title}**: {block.finding}"]
    if block.notes or block.items:
        items = "\n".join("- " + "<br>".join([i.what, *i.examples]) for i in block.items)
        details = "\n\n".join([*block.notes, *([items] if items else [])])
        lines.append(f"<details><summary>details</summary>\n\n{details}\n\n</details>")
    return "\n".join(lines) + "\n"


def _text_block(block: Block) -> str:
    lines = [_filled(f"{block.title}: {block.finding}", 0)]
    lines += [_filled(note, 2) for note in block.notes]
    for item in block.items:
        lines += [_filled(f"- {item.what}", 2), *(_filled(example, 6) for example in item.examples)]
    return "\n".join(lines)


def _filled(words: str, indent: int = 0) -> str:
    """Text in lines of the terminal's width."""
    return textwrap.fill(
        words.replace("`", ""),
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 2),
    )
