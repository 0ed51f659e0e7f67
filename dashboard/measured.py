"""What is counted, and how: the metric views, and the queries that are made of them.

A file in `metric_views/` is a metric view of Unity Catalog, whose YAML names tables by model.
docs.databricks.com/aws/en/business-semantics/metric-views/yaml-reference
The app, the exported page and the AI/BI dashboard count by these same definitions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from sqlglot import exp, parse_one

FILES = Path(__file__).parent / "metric_views"
FILTERS = ("country", "plan", "device", "genre")


@dataclass(frozen=True)
class Chosen:
    """What is looked at: some days (both included; None: all there are), and values of dimensions.

    Attributes:
        only: By dimension, the one value.
    """

    first: date | None = None
    last: date | None = None
    only: tuple[tuple[str, str], ...] = ()

    def before(self) -> Chosen:
        """As many days before it.

        Raises:
            ValueError: It has no first and last day.
        """
        if not self.first or not self.last:
            raise ValueError(f"{self} has no first and last day, so nothing is before it.")
        days = self.last - self.first + timedelta(days=1)
        return Chosen(self.first - days, self.last - days, self.only)


ALL = Chosen()


@dataclass(frozen=True)
class Measured:
    """A query on a metric view: measures by dimensions, in the order of these.

    Attributes:
        comment: What a row is.
    """

    comment: str
    view: str
    measures: tuple[str, ...]
    by: tuple[str, ...] = ()

    def query(self, chosen: Chosen = ALL) -> exp.Select:
        """The query in the dialect of Databricks, on tables named by model.

        A dimension that the view does not have is not asked for.
        """
        definition = metric_view(self.view)
        dimensions, measures = (
            {
                each["name"]: parse_one(each["expr"], dialect="databricks")
                for each in definition[kind]
            }
            for kind in ("dimensions", "measures")
        )
        query = exp.select(
            *(dimensions[name].as_(name) for name in self.by),
            *(measures[name].as_(name) for name in self.measures),
        ).from_(f"{definition['source']} AS source", dialect="databricks")
        for join in definition.get("joins", ()):
            query = query.join(
                f"{join['source']} AS {join['name']}",
                on=join["on"],
                join_type="left",
                dialect="databricks",
            )
        for name, value in chosen.only:
            if name in dimensions:
                query = query.where(dimensions[name].eq(value))
        if chosen.first and chosen.last:
            query = query.where(dimensions["day"].between(_day(chosen.first), _day(chosen.last)))
        for name in self.by:
            query = query.group_by(dimensions[name]).order_by(name)
        return query


DATASETS = {
    "monthly_viewing_trend": Measured(
        "What was watched, month by month.",
        "viewing",
        ("watches", "viewers", "minutes_watched", "avg_completion_pct", "completion_rate"),
        ("month",),
    ),
    "viewing_by_hour": Measured(
        "When watches begin, by day of the week and hour, UTC.",
        "viewing",
        ("watches",),
        ("weekday", "hour"),
    ),
    "completion_by_length": Measured(
        "How far shows are watched, by their length.",
        "viewing",
        ("watches", "avg_completion_pct", "completion_rate"),
        ("series_length",),
    ),
    "show_ratings_by_genre": Measured(
        "How the shows of each genre are rated.",
        "ratings",
        ("shows", "ratings", "avg_rating", "positive_share"),
        ("genre",),
    ),
    "monthly_ratings": Measured(
        "How shows are rated, month by month.",
        "ratings",
        ("ratings", "avg_rating", "positive_share"),
        ("month",),
    ),
    "viewing_in_all": Measured(
        "What was watched in all.",
        "viewing",
        ("watches", "viewers", "minutes_watched", "completion_rate"),
    ),
    "ratings_in_all": Measured(
        "How shows are rated in all.", "ratings", ("ratings", "avg_rating", "positive_share")
    ),
}


@cache
def metric_view(name: str) -> dict[str, Any]:
    """The definition of a metric view: version, comment, source, joins, dimensions, measures."""
    definition: dict[str, Any] = YAML(typ="safe").load((FILES / f"{name}.yml").read_text())
    return definition


def values_of(view: str, dimension: str) -> exp.Select:
    """The query of the values of a dimension."""
    return Measured("", view, (), (dimension,)).query()


def statement(name: str, named: Callable[[str], str]) -> str:
    """The statement that makes a metric view in Unity Catalog, beside the views of analytics.

    docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-view

    Args:
        named: The full name of what an environment shows of a model.
    """
    text = (FILES / f"{name}.yml").read_text(encoding="utf-8")
    definition = metric_view(name)
    for each in [definition, *definition.get("joins", ())]:
        model = each["source"]
        text = text.replace(f"source: {model}\n", f"source: {named(model)}\n")
    return (
        f"CREATE OR REPLACE VIEW {named(f'analytics.{name}_metrics')}\nWITH METRICS\n"
        f"LANGUAGE YAML\nAS $$\n{text}$$;\n"
    )


def _day(day: date) -> exp.Expr:
    return exp.cast(exp.Literal.string(str(day)), "date")
