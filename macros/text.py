"""Text as the contract reads it: what is white space, what is blank, what is a word."""

from __future__ import annotations

from sqlglot import exp, parse_one
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator

WHITE_SPACE = " \t\n\x0b\x0c\r"


def trimmed(text: str) -> str:
    """SQL of a text without white space at its ends."""
    return f"TRIM(BOTH '{WHITE_SPACE}' FROM {text})"


def is_blank(text: str) -> str:
    """SQL of whether a text is absent or only white space."""
    # White space sorts before '!', and comparing is several times cheaper than trimming.
    return f"CASE WHEN {text} >= '!' THEN FALSE ELSE COALESCE({trimmed(text)}, '') = '' END"


def cleaned(text: str) -> str:
    """SQL of a trimmed text, NULL where it is blank."""
    return (
        f"CASE WHEN {text} >= '!' AND RIGHT({text}, 1) >= '!' THEN {text} "
        f"ELSE NULLIF({trimmed(text)}, '') END"
    )


@macro()
def clean(evaluator: MacroEvaluator, text: exp.Expr) -> exp.Expr:
    """A text without white space at its ends; NULL where it is blank."""
    return parse_one(cleaned(text.sql("databricks")), dialect="databricks")


@macro()
def capitalised(evaluator: MacroEvaluator, text: exp.Expr) -> exp.Expr:
    """A text with the first letter of every word in upper case, the others in lower case.

    Words are set apart by white space alone, which stays as it is: the engines' own INITCAP
    disagree on that.
    """
    words = f"REGEXP_EXTRACT_ALL({text.sql('databricks')}, '[{WHITE_SPACE}]+|[^{WHITE_SPACE}]+', 0)"
    capital = "UPPER(SUBSTRING(word, 1, 1)) || LOWER(SUBSTRING(word, 2))"
    return parse_one(f"ARRAY_JOIN(TRANSFORM({words}, word -> {capital}), '')", dialect="databricks")
