"""The rules that differ, read from a diff of a model."""

from __future__ import annotations

from operations.changes.rules import RuleChange, changed_rules, with_rules_alone

COLUMNS = " WATCHES_COLUMNS = (('watch_id', 'BIGINT'), ('status', 'STRING'))"


def diff(before: str, after: str) -> str:
    first = "('status', 'missing', 'blank')"
    return f"---\n+++\n@@\n-WATCHES = ({first}, {before})\n+WATCHES = ({first}, {after})\n{COLUMNS}"


CHANGED = diff(
    """('status', 'unknown', "NOT one_of('a')"), ('device', 'missing', 'blank')""",
    """('status', 'unknown', "NOT one_of('a', 'b')"), ('minutes', 'odd', 'value % 2 = 1')""",
)


def test_rules_that_are_changed_gone_and_new() -> None:
    assert changed_rules(CHANGED) == (
        RuleChange("status_unknown", "NOT one_of('a')", "NOT one_of('a', 'b')"),
        RuleChange("device_missing", "blank", None),
        RuleChange("minutes_odd", None, "value % 2 = 1"),
    )


def test_a_diff_shows_the_rules_and_not_the_tuple() -> None:
    assert with_rules_alone(CHANGED).splitlines() == [
        "---",
        "+++",
        "@@",
        "-status_unknown: NOT one_of('a')",
        "+status_unknown: NOT one_of('a', 'b')",
        "-device_missing: blank",
        "+minutes_odd: value % 2 = 1",
        COLUMNS,
    ]


def test_another_diff_stays_as_it_is() -> None:
    for text in ("---\n+++\n@@\n-  1 AS a\n+  2 AS a", "-A = (('x', 'y'), ('z', 'u'))\n+A = ()"):
        assert changed_rules(text) == ()
        assert with_rules_alone(text) == text
