"""The widgets of an AI/BI dashboard and what stands for them in its file.

Databricks documents no schema of the file. The shapes here, and the versions of the widgets, are
those of its repositories: exported dashboards in databricks/bundle-examples, and the rules of the
skill databricks-aibi-dashboards in databricks-solutions/ai-dev-kit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Literal

Json = dict[str, Any]

QUERY = "main_query"


@dataclass(frozen=True)
class Field:
    """A column of a dataset, as a widget shows it.

    Attributes:
        column: Its name in the dataset.
        title: What the reader sees, with the unit.
        aggregate: What makes one value of the rows that are shown together; empty for none.
        is_share: Whether its values, 0 to 1, are shown as percentages.
    """

    column: str
    title: str
    aggregate: Literal["", "SUM", "MAX"] = ""
    is_share: bool = False

    @property
    def name(self) -> str:
        """What the file calls it."""
        return f"{self.aggregate.lower()}({self.column})" if self.aggregate else self.column

    @property
    def expression(self) -> str:
        """How it is read from the dataset."""
        return f"{self.aggregate}(`{self.column}`)" if self.aggregate else f"`{self.column}`"

    def encoded(self, **more: Any) -> Json:
        """How it is shown, with what its place in the widget adds."""
        encoded: Json = {"fieldName": self.name, "displayName": self.title, **more}
        if self.is_share:
            places = {"type": "max", "places": 1}
            encoded["format"] = {"type": "number-percent", "decimalPlaces": places}
        return encoded


@dataclass(frozen=True, kw_only=True)
class Widget(ABC):
    """What one sees of a dataset in one place of a page.

    Attributes:
        name: Tells it apart in the file: letters, digits, `-` and `_`.
        title: What one sees, with the unit.
        dataset: The dataset that it reads, a file in dashboard/queries.
        note: What one has to know beside the title; empty for nothing.
    """

    name: str
    title: str
    dataset: str
    note: str = ""

    @abstractmethod
    def fields(self) -> tuple[Field, ...]:
        """What it reads."""

    @abstractmethod
    def encoded(self) -> tuple[str, int, Json]:
        """Its type, the version of that type, and where in it each field is shown."""

    def shows_rows_as_they_are(self) -> bool:
        """Whether no rows of the dataset are made one."""
        return not any(field.aggregate for field in self.fields())

    def as_json(self) -> Json:
        """The widget as it stands in the file."""
        widget_type, version, encodings = self.encoded()
        fields = [{"name": field.name, "expression": field.expression} for field in self.fields()]
        query = {
            "datasetName": self.dataset,
            "fields": fields,
            "disaggregated": self.shows_rows_as_they_are(),
        }
        frame: Json = {"showTitle": True, "title": self.title}
        if self.note:
            frame |= {"showDescription": True, "description": self.note}
        return {
            "name": self.name,
            "queries": [{"name": QUERY, "query": query}],
            "spec": {
                "version": version,
                "widgetType": widget_type,
                "encodings": encodings,
                "frame": frame,
            },
        }


@dataclass(frozen=True, kw_only=True)
class Counter(Widget):
    """One number."""

    value: Field

    def fields(self) -> tuple[Field, ...]:
        return (self.value,)

    def encoded(self) -> tuple[str, int, Json]:
        return "counter", 2, {"value": self.value.encoded()}


@dataclass(frozen=True, kw_only=True)
class Table(Widget):
    """Rows, in the order of the dataset."""

    columns: tuple[Field, ...]

    def fields(self) -> tuple[Field, ...]:
        return self.columns

    def encoded(self) -> tuple[str, int, Json]:
        return "table", 2, {"columns": [column.encoded() for column in self.columns]}


@dataclass(frozen=True, kw_only=True)
class Chart(Widget):
    """Values as lines or bars, one by one in time, or by name with the greatest first."""

    kind: Literal["line", "bar"]
    x: Field
    y: Field
    color: Field | None = None
    is_over_time: bool = False

    def fields(self) -> tuple[Field, ...]:
        return (self.x, self.y, self.color) if self.color else (self.x, self.y)

    def encoded(self) -> tuple[str, int, Json]:
        by_name = {"type": "categorical", "sort": {"by": "y-reversed"}}
        encodings = {
            "x": self.x.encoded(scale={"type": "temporal"} if self.is_over_time else by_name),
            "y": self.y.encoded(scale={"type": "quantitative"}),
        }
        if self.color:
            encodings["color"] = self.color.encoded(scale={"type": "categorical"})
        return self.kind, 3, encodings


@dataclass(frozen=True, kw_only=True)
class Filter(Widget):
    """A choice of values, for every widget of the page that reads the same dataset."""

    kind: Literal["filter-multi-select", "filter-date-range-picker"]
    field: Field

    def fields(self) -> tuple[Field, ...]:
        return (self.field,)

    def shows_rows_as_they_are(self) -> bool:
        return False

    def encoded(self) -> tuple[str, int, Json]:
        return self.kind, 2, {"fields": [self.field.encoded(queryName=QUERY)]}
