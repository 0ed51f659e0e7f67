"""Text as the contract reads it: what is white space, what is blank, what is a word."""

from __future__ import annotations

from sqlglot import exp, parse_one
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator

# Spark knows no escape for vertical tab and form feed in a text, but regular expressions do.
WHITE_SPACE = "' \\t\\n\\r' || CHR(11) || CHR(12)"  # as an expression of SQL
WHITE_SPACES = r" \\t\\n\\x0B\\f\\r"  # within the brackets of a regular expression in SQL


def trimmed(text: str) -> str:
    """SQL of a text without white space at its ends."""
    return f"TRIM(BOTH {WHITE_SPACE} FROM {text})"


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
    word = f"[{WHITE_SPACES}]+|[^{WHITE_SPACES}]+"
    words = f"REGEXP_EXTRACT_ALL({text.sql('databricks')}, '{word}', 0)"
    capital = "UPPER(SUBSTRING(word, 1, 1)) || LOWER(SUBSTRING(word, 2))"
    return parse_one(f"ARRAY_JOIN(TRANSFORM({words}, word -> {capital}), '')", dialect="databricks")
