"""What models are told of the feeds: the columns of one, or each feed in turn."""

from __future__ import annotations

import re

from sqlglot import exp
from sqlmesh import macro
from sqlmesh.core.macros import MacroEvaluator

from macros.feeds import (
    ERASURES_COLUMNS,
    FEEDS,
    RATINGS_COLUMNS,
    SHOWS_COLUMNS,
    USERS_COLUMNS,
    WATCHES_COLUMNS,
)

# One macro a feed, so that a changed column changes the models of its own feed and no other.


@macro()
def users_columns(evaluator: MacroEvaluator) -> exp.Expr:
    """The columns of the feed users."""
    return exp.convert(USERS_COLUMNS)


@macro()
def shows_columns(evaluator: MacroEvaluator) -> exp.Expr:
    """The columns of the feed shows."""
    return exp.convert(SHOWS_COLUMNS)


@macro()
def watches_columns(evaluator: MacroEvaluator) -> exp.Expr:
    """The columns of the feed watches."""
    return exp.convert(WATCHES_COLUMNS)


@macro()
def ratings_columns(evaluator: MacroEvaluator) -> exp.Expr:
    """The columns of the feed ratings."""
    return exp.convert(RATINGS_COLUMNS)


@macro()
def erasures_columns(evaluator: MacroEvaluator) -> exp.Expr:
    """The columns of the feed erasures."""
    return exp.convert(ERASURES_COLUMNS)


@macro()
def each_feed(evaluator: MacroEvaluator, query: exp.Lambda) -> exp.Expr:
    """The rows of the same query of each feed, as a relation.

    Args:
        query: `feed -> (SELECT '@feed' AS feed, ... FROM silver.@feed)`.
    """
    (parameter,) = query.expressions
    text = query.this.unnest().sql("databricks")
    of_feeds = (re.sub(rf"@{parameter.name}\b", feed, text) for feed in FEEDS)
    return exp.union(*of_feeds, distinct=False, dialect="databricks").subquery("each_feed")


def columns_of_feed(feed: str) -> exp.Expr:
    """The columns of a feed and their types, as its macro above gives them."""
    from macros import feeds

    return exp.convert(getattr(feeds, f"{feed.upper()}_COLUMNS"))


def types_of(columns: exp.Expr) -> dict[str, str]:
    """The type of each column, by sqlglot's name, out of what a macro above gives."""
    return {
        name.name: exp.DataType.build(type_.name, dialect="databricks").this.name
        for name, type_ in (column.expressions for column in columns.expressions)
    }
