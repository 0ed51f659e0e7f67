"""What the dashboard shows: its pages, each in rows from top to bottom, of widgets side by side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from resources.ai_bi.widgets import Chart, Counter, Field, Filter, Table, Widget


@dataclass(frozen=True)
class Row:
    """Widgets from left to right, all of one size; their number divides the grid's columns."""

    height: int  # in rows of the grid
    widgets: tuple[Widget, ...]


@dataclass(frozen=True)
class Page:
    """A page of the dashboard."""

    name: str
    title: str
    rows: tuple[Row, ...]


def numbers(*widgets: Counter) -> Row:
    """A row for numbers."""
    return Row(3, widgets)


def filters(*widgets: Filter) -> Row:
    """A row for filters."""
    return Row(2, widgets)


def figures(*widgets: Chart | Table) -> Row:
    """A row for charts and short tables."""
    return Row(6, widgets)


def long_table(table: Table) -> Row:
    """A row for a table of many lines."""
    return Row(8, (table,))


def chart_of(column: str, title: str, unit: str, is_share: bool = False, **chart: Any) -> Chart:
    """A chart of one column, named after it and its axis; `chart` is what it shares with others."""
    name = f"{column}_by_{chart['x'].column}"
    return Chart(name=name, title=title, y=Field(column, unit, is_share=is_share), **chart)


over_months = partial(chart_of, kind="line", x=Field("month", "Month"), is_over_time=True)
by_month = partial(over_months, dataset="monthly_viewing_trend")
rated_by_month = partial(over_months, dataset="monthly_ratings")
by_genre = partial(chart_of, dataset="show_ratings_by_genre", kind="bar", x=Field("genre", "Genre"))
begun = partial(
    Chart,
    dataset="viewing_by_hour",
    kind="bar",
    y=Field("watches", "Watches", aggregate="SUM"),
    note="In the order of their number.",
)


def in_all(dataset: str, column: str, title: str, is_share: bool = False) -> Counter:
    """A number of all days."""
    return Counter(
        name=f"{column}_in_all",
        title=title,
        dataset=dataset,
        value=Field(column, title, is_share=is_share),
    )


VIEWING = Page(
    "viewing",
    "Viewing",
    (
        numbers(
            in_all("viewing_in_all", "watches", "Watches in all"),
            in_all("viewing_in_all", "viewers", "Different viewers in all"),
            in_all("viewing_in_all", "minutes_watched", "Minutes watched in all"),
            in_all("viewing_in_all", "completion_rate", "Watched to the end (%)", is_share=True),
        ),
        numbers(
            in_all("ratings_in_all", "ratings", "Ratings in all"),
            in_all("ratings_in_all", "avg_rating", "Mean rating (stars, 1 to 5)"),
            in_all("ratings_in_all", "positive_share", "4 or 5 stars (%)", is_share=True),
        ),
        figures(
            by_month("watches", "Watches by month (number)", "Watches"),
            by_month("viewers", "Viewers by month (different users)", "Viewers"),
            by_month("minutes_watched", "Time watched by month (minutes)", "Minutes"),
        ),
        figures(
            by_month(
                "completion_rate",
                "Completed watches by month (% of the watches)",
                "Completed",
                is_share=True,
            ),
            by_month(
                "avg_completion_pct",
                "Watched part of a show by month (mean % of the running time)",
                "Watched",
                is_share=True,
            ),
        ),
        figures(
            by_genre("avg_rating", "Mean rating by genre (stars, 1 to 5)", "Stars"),
            by_genre(
                "positive_share",
                "Ratings with 4 or 5 stars by genre (% of the ratings)",
                "4 or 5 stars",
                is_share=True,
            ),
        ),
        figures(
            by_genre("ratings", "Ratings by genre (number)", "Ratings"),
            by_genre("shows", "Shows with a rating by genre (number)", "Shows"),
        ),
        figures(
            rated_by_month("avg_rating", "Mean rating by month (stars, 1 to 5)", "Stars"),
            rated_by_month("ratings", "Ratings by month (number)", "Ratings"),
            rated_by_month(
                "positive_share",
                "Ratings with 4 or 5 stars by month (% of the ratings)",
                "4 or 5 stars",
                is_share=True,
            ),
        ),
        figures(
            begun(
                name="begun_by_hour",
                title="Watches by the hour in which they begin (number, UTC)",
                x=Field("hour", "Hour, UTC"),
            ),
            begun(
                name="begun_by_weekday",
                title="Watches by the day of the week (number, Monday 1 to Sunday 7, UTC)",
                x=Field("weekday", "Day of the week"),
            ),
            Table(
                name="completion_by_length",
                title="How far shows are watched, by their length",
                note="Limited 1 season, Short 2-3, Medium 4-7, Long from 8.",
                dataset="completion_by_length",
                columns=(
                    Field("series_length", "Length"),
                    Field("watches", "Watches"),
                    Field("avg_completion_pct", "Part watched", is_share=True),
                    Field("completion_rate", "Watched to the end", is_share=True),
                ),
            ),
        ),
        long_table(
            Table(
                name="top_users",
                title="The 20 most engaged users",
                note="By minutes watched, then watches, then ratings, over all months.",
                dataset="top_users_by_engagement",
                columns=(
                    Field("engagement_rank", "Rank"),
                    Field("user_id", "User"),
                    Field("minutes_watched", "Minutes watched"),
                    Field("watches", "Watches"),
                    Field("ratings", "Ratings"),
                ),
            )
        ),
    ),
)

FEED = Field("feed", "Feed")
REASON = Field("reason", "Reason")
DELIVERED_ON = Field("delivered_on", "Day of delivery (UTC)")
REJECTED = Field("rejections", "Rows", aggregate="SUM")
ONCE_A_REASON = "A row counts once for each of its reasons."

DATA_QUALITY = Page(
    "data_quality",
    "Data quality",
    (
        numbers(
            Counter(
                name="unaccounted",
                title="Delivered rows unaccounted for (must be 0)",
                dataset="reconciliation",
                value=Field("unaccounted", "Rows", aggregate="SUM"),
            ),
            Counter(
                name="quarantined",
                title="Delivered rows in quarantine",
                dataset="reconciliation",
                value=Field("quarantined", "Rows", aggregate="SUM"),
            ),
            Counter(
                name="longest_silence",
                title="Days since the last delivery of the feed that is silent longest",
                note="A feed that was never delivered does not count.",
                dataset="freshness",
                value=Field("days_since_delivery", "Days", aggregate="MAX"),
            ),
        ),
        figures(
            Table(
                name="reconciliation",
                title="What became of the delivered rows, by feed (rows)",
                note="Superseded: valid, but repeated or outdated.",
                dataset="reconciliation",
                columns=(
                    FEED,
                    Field("delivered", "Delivered"),
                    Field("accepted", "Accepted"),
                    Field("superseded", "Superseded"),
                    Field("quarantined", "In quarantine"),
                    Field("unaccounted", "Unaccounted for"),
                ),
            ),
            Table(
                name="freshness",
                title="Last delivery of each feed",
                note="A day is read on the next: after its run, 1 day ago is as fresh as can be.",
                dataset="freshness",
                columns=(
                    FEED,
                    Field("last_delivery", "Day (UTC)"),
                    Field("days_since_delivery", "Days ago"),
                    Field("rows_delivered", "Rows"),
                ),
            ),
        ),
        filters(
            Filter(
                name="rejected_feeds",
                title="Feeds of the rejections below",
                dataset="rejections",
                kind="filter-multi-select",
                field=FEED,
            ),
            Filter(
                name="rejected_days",
                title="Days of delivery of the rejections below",
                dataset="rejections",
                kind="filter-date-range-picker",
                field=DELIVERED_ON,
            ),
        ),
        figures(
            Chart(
                name="rejections_by_day",
                title="Rejections by day of delivery and feed (rows in quarantine)",
                note=ONCE_A_REASON,
                dataset="rejections",
                kind="bar",
                x=DELIVERED_ON,
                y=REJECTED,
                color=FEED,
                is_over_time=True,
            ),
            Chart(
                name="rejections_by_reason",
                title="Rejections by reason and feed (rows in quarantine)",
                note=ONCE_A_REASON,
                dataset="rejections",
                kind="bar",
                x=REASON,
                y=REJECTED,
                color=FEED,
            ),
        ),
        long_table(
            Table(
                name="rejections",
                title="Rejections by day of delivery, feed and reason (rows in quarantine)",
                note=ONCE_A_REASON,
                dataset="rejections",
                columns=(DELIVERED_ON, FEED, REASON, Field("rejections", "Rows")),
            )
        ),
    ),
)

LANDING = Page(
    "landing",
    "Landing",
    (
        numbers(
            Counter(
                name="files_read",
                title="Files that were read",
                dataset="landing",
                value=Field("files", "Files", aggregate="SUM"),
            ),
            Counter(
                name="files_lacking_columns",
                title="Files that lack columns of their feed",
                dataset="landing",
                value=Field("lacking_columns", "Files", aggregate="SUM"),
            ),
        ),
        long_table(
            Table(
                name="files_by_day",
                title="Files that were read, by day of delivery and feed",
                note="What is not read, or late, stands in streaming status and in the report of "
                "the daily job.",
                dataset="landing",
                columns=(
                    DELIVERED_ON,
                    FEED,
                    Field("files", "Files"),
                    Field("rows_loaded", "Rows"),
                    Field("lacking_columns", "Files lacking columns"),
                    Field("with_other_columns", "Files with other columns"),
                ),
            )
        ),
    ),
)

DAY, MODEL = Field("day", "Day (UTC)"), Field("model", "Model")
COST = Field("cost", "Cost", aggregate="SUM")

COSTS = Page(
    "cost",
    "Cost",
    (
        filters(
            Filter(
                name="costly_models",
                title="Models",
                dataset="cost",
                kind="filter-multi-select",
                field=MODEL,
            ),
            Filter(
                name="costly_days",
                title="Days",
                dataset="cost",
                kind="filter-date-range-picker",
                field=DAY,
            ),
        ),
        figures(
            Chart(
                name="cost_by_day",
                title="Cost of the warehouse by day (list price)",
                note="An hour in which no statement began is in no figure here.",
                dataset="cost",
                kind="bar",
                x=DAY,
                y=COST,
                is_over_time=True,
            ),
            Chart(
                name="cost_by_model",
                title="Cost of the warehouse by model (list price)",
                note="An hour's cost is shared out by the time that its statements took.",
                dataset="cost",
                kind="bar",
                x=MODEL,
                y=COST,
            ),
        ),
        long_table(
            Table(
                name="costs",
                title="Cost by day and model (list price)",
                dataset="cost",
                columns=(
                    DAY,
                    MODEL,
                    Field("statements", "Statements"),
                    Field("cost", "Cost"),
                ),
            )
        ),
    ),
)

PAGES = (VIEWING, DATA_QUALITY, LANDING, COSTS)
