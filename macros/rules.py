"""The rules of the contract (section 3): what makes a delivered row be rejected, feed by feed.

A rule is a column, what is wrong with it, and the condition in which it is wrong. A condition
speaks of

    value       the column in bronze: NULL where a typed column is blank or does not fit its type
    blank       true where a text is absent or only white space
    one_of(..)  true where a text, trimmed and in lower case, is one of these
    misfit      true where the delivered value did not fit the column's type

Every column with a type has a rule for its misfits. Whether a key is `unknown` depends on rows
of other feeds, not on the row alone: `all_reasons` judges it.
"""

from __future__ import annotations

import re
import typing as t

from sqlglot import exp, parse_one
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator

from macros.text import WHITE_SPACES, cleaned, is_blank

EMAIL = f"^[^@]*[^@{WHITE_SPACES}][^@]*@[^@]*[.][^@]*$"
COUNTRY = f"^[{WHITE_SPACES}]*[A-Za-z]{{2}}[{WHITE_SPACES}]*\\\\z"

USERS = (
    ("user_id", "missing", "value IS NULL AND NOT misfit"),
    ("user_id", "malformed", "misfit"),
    ("user_id", "out_of_range", "value < 1"),
    ("name", "missing", "blank"),
    ("email", "missing", "blank"),
    ("email", "malformed", f"NOT blank AND NOT value RLIKE '{EMAIL}'"),
    ("country", "malformed", f"NOT blank AND NOT value RLIKE '{COUNTRY}'"),
    ("subscription_plan", "unknown", "NOT one_of('free', 'basic', 'standard', 'premium')"),
    ("signed_up_on", "malformed", "misfit"),
    ("updated_at", "missing", "value IS NULL AND NOT misfit"),
    ("updated_at", "malformed", "misfit"),
)

SHOWS = (
    ("show_id", "missing", "value IS NULL AND NOT misfit"),
    ("show_id", "malformed", "misfit"),
    ("show_id", "out_of_range", "value < 1"),
    ("title", "missing", "blank"),
    ("release_year", "malformed", "misfit"),
    ("release_year", "out_of_range", "value NOT BETWEEN 1888 AND 2100"),
    ("seasons", "malformed", "misfit"),
    ("seasons", "out_of_range", "value < 1"),
    ("rating_avg", "malformed", "misfit"),
    ("rating_avg", "out_of_range", "value NOT BETWEEN 0 AND 5"),
    ("updated_at", "missing", "value IS NULL AND NOT misfit"),
    ("updated_at", "malformed", "misfit"),
)

WATCHES = (
    ("watch_id", "missing", "value IS NULL AND NOT misfit"),
    ("watch_id", "malformed", "misfit"),
    ("watch_id", "out_of_range", "value < 1"),
    ("user_id", "missing", "value IS NULL AND NOT misfit"),
    ("user_id", "malformed", "misfit"),
    ("user_id", "out_of_range", "value < 1"),
    ("show_id", "missing", "value IS NULL AND NOT misfit"),
    ("show_id", "malformed", "misfit"),
    ("show_id", "out_of_range", "value < 1"),
    ("watched_at", "missing", "value IS NULL AND NOT misfit"),
    ("watched_at", "malformed", "misfit"),
    ("minutes_watched", "malformed", "misfit"),
    ("minutes_watched", "out_of_range", "value < 0"),
    ("completion_pct", "missing", "value IS NULL AND NOT misfit"),
    ("completion_pct", "malformed", "misfit"),
    ("completion_pct", "out_of_range", "value NOT BETWEEN 0 AND 1"),
    ("status", "missing", "blank"),
    ("status", "unknown", "NOT one_of('completed', 'in_progress', 'abandoned')"),
)

RATINGS = (
    ("rating_id", "missing", "value IS NULL AND NOT misfit"),
    ("rating_id", "malformed", "misfit"),
    ("rating_id", "out_of_range", "value < 1"),
    ("user_id", "missing", "value IS NULL AND NOT misfit"),
    ("user_id", "malformed", "misfit"),
    ("user_id", "out_of_range", "value < 1"),
    ("show_id", "missing", "value IS NULL AND NOT misfit"),
    ("show_id", "malformed", "misfit"),
    ("show_id", "out_of_range", "value < 1"),
    ("watch_id", "malformed", "misfit"),
    ("watch_id", "out_of_range", "value < 1"),
    ("rating", "missing", "value IS NULL AND NOT misfit"),
    ("rating", "malformed", "misfit"),
    ("rating", "out_of_range", "value NOT BETWEEN 1 AND 5"),
    ("rated_at", "missing", "value IS NULL AND NOT misfit"),
    ("rated_at", "malformed", "misfit"),
)

# A request that breaks one of these stops the run: nobody may be left unerased in silence.
ERASURES = (
    ("user_id", "missing", "value IS NULL AND NOT misfit"),
    ("user_id", "malformed", "misfit"),
    ("user_id", "out_of_range", "value < 1"),
    ("requested_at", "malformed", "misfit"),
)


# One macro a feed, so that a changed rule changes the models of its own feed and no other.


@macro()
def users_rules(evaluator: MacroEvaluator) -> exp.Expr:
    """The rules of the feed users."""
    return exp.convert(USERS)


@macro()
def shows_rules(evaluator: MacroEvaluator) -> exp.Expr:
    """The rules of the feed shows."""
    return exp.convert(SHOWS)


@macro()
def watches_rules(evaluator: MacroEvaluator) -> exp.Expr:
    """The rules of the feed watches."""
    return exp.convert(WATCHES)


@macro()
def ratings_rules(evaluator: MacroEvaluator) -> exp.Expr:
    """The rules of the feed ratings."""
    return exp.convert(RATINGS)


@macro()
def is_acceptable(evaluator: MacroEvaluator, rules: exp.Expr, rows: exp.Expr) -> exp.Expr:
    """A condition: a row of `rows`, a relation with the columns of bronze, breaks no rule."""
    misfit = f"{rows.name}._rescued_data IS NOT NULL"  # whichever column it is of
    broken = {condition for _, condition in _conditions(rules, rows.name, misfit)}
    kept = " AND ".join(f"({condition}) IS NOT TRUE" for condition in sorted(broken))
    return parse_one(f"({kept})", dialect="databricks")


@macro()
def reasons(evaluator: MacroEvaluator, rules: exp.Expr, rows: exp.Expr) -> exp.Expr:
    """The reasons, sorted, that a row of `rows`, a relation with the columns of bronze, gives."""
    misfit = f"""COALESCE({rows.name}._rescued_data LIKE '%"{{column}}":%', FALSE)"""
    found = ", ".join(
        f"CASE WHEN {condition} THEN '{reason}' END"
        for reason, condition in _conditions(rules, rows.name, misfit)
    )
    return parse_one(f"ARRAY_SORT(ARRAY_COMPACT(ARRAY({found})))", dialect="databricks")


@macro()
def all_reasons(evaluator: MacroEvaluator, held: exp.Expr, *keys: exp.Expr) -> exp.Expr:
    """The reasons, sorted, that a held row gives alone, and those of its keys that are unknown.

    Args:
        held: The relation with `_broken_rules`, the reasons that a row gives alone.
        keys: The keys of other feeds as joined to it, NULL where no accepted row has them.
    """
    reasons = f"{held.name}._broken_rules"
    for key in keys:
        is_unknown = f"{held.name}.{key.name} >= 1 AND {key.sql('databricks')} IS NULL"
        unknown = f"CASE WHEN {is_unknown} THEN '{key.name}_unknown' END"
        reasons = f"ARRAY_APPEND({reasons}, {unknown})"
    return parse_one(f"ARRAY_SORT(ARRAY_COMPACT({reasons}))", dialect="databricks")


def _conditions(rules: exp.Expr, rows: str, misfit: str) -> t.Iterator[tuple[str, str]]:
    """Each rule's reason and its condition in terms of the columns of the relation `rows`."""
    for rule in rules.expressions:
        column, what, condition = (part.name for part in rule.expressions)
        value = f"{rows}.{column}"
        # The dotted capital I is no letter from A to Z, but some engines lower it to one.
        word = f"LOWER(REPLACE({cleaned(value)}, 'İ', '?'))"
        meaning = {
            r"\bvalue\b": value,
            r"\bblank\b": f"({is_blank(value)})",
            r"\bmisfit\b": f"({misfit.format(column=column)})",
            r"\bone_of(\(.*?\))": rf"(CASE WHEN {value} IN \1 THEN TRUE ELSE {word} IN \1 END)",
        }
        for term, sql in meaning.items():
            condition = re.sub(term, sql, condition)
        yield f"{column}_{what}", condition
