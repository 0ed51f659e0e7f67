"""The dashboard: its numbers are those of the oracle, and its widgets show what its queries give.

What a workspace makes of the file cannot be tried here.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
import oracle
import pytest
from harness import PROJECT, Platform, Tables, assert_equal
from sqlglot import exp, parse_one
from sqlmesh.core.model import create_sql_model

from macros.feeds import REASONS
from operations.environment.personal_data import PersonalData
from resources.ai_bi import ENVIRONMENTS, dashboard, dashboard_file, metric_views_file
from resources.ai_bi.generate import (
    GRID_COLUMNS,
    QUERIES,
    dashboard_text,
    metric_views_text,
    queries,
)

JANUARY, FEBRUARY, NOW = date(2026, 1, 30), date(2026, 2, 3), date(2026, 2, 5)
GENRES = ("drama", "comedy", None)
USERS = 25  # more than the dashboard shows

Json = dict[str, Any]
Rows = list[dict[str, Any]]

# The workspace's own tables, as far as the dashboard reads them, for two hours of yesterday.
OF_WORKSPACE = "streaming_prod.of_workspace"
WORKSPACE = f"""
CREATE SCHEMA {OF_WORKSPACE};
CREATE TABLE {OF_WORKSPACE}.list_prices AS
SELECT 'SQL' AS sku_name, 'AWS' AS cloud, 'DBU' AS usage_unit, since AS price_start_time,
    until AS price_end_time, {{'effective_list': {{'default': price}}}} AS pricing
FROM (VALUES
    (TIMESTAMP '2020-01-01', CURRENT_DATE - 9, '9.0'),
    (CURRENT_DATE - 9, NULL, '0.5')) AS prices(since, until, price);
CREATE TABLE {OF_WORKSPACE}.usage AS
SELECT 'SQL' AS sku_name, 'AWS' AS cloud, 'DBU' AS usage_unit, CURRENT_DATE - 1 AS usage_date,
    (CURRENT_DATE - 1) + TO_HOURS(hour) AS usage_start_time, dbus AS usage_quantity,
    {{'warehouse_id': warehouse}} AS usage_metadata
FROM (VALUES ('a', 3, 4), ('a', 4, 2), ('b', 3, 100)) AS used(warehouse, hour, dbus);
CREATE TABLE {OF_WORKSPACE}.history AS
SELECT {{'warehouse_id': warehouse}} AS compute,
    (CURRENT_DATE - 1) + TO_HOURS(hour) + TO_MINUTES(5) AS start_time,
    CASE WHEN project <> '' AND model <> '' THEN MAP {{'project': project, 'model': model}}
        WHEN project <> '' THEN MAP {{'project': project}} END AS query_tags,
    milliseconds AS total_duration_ms
FROM (VALUES
    ('a', 3, 'streaming-platform', 'silver.users', 500),
    ('a', 3, 'streaming-platform', 'silver.users', 500),
    ('a', 3, 'streaming-platform', '', 1000),
    ('a', 3, '', '', 2000),
    ('a', 4, 'streaming-platform', 'silver.users', 10),
    ('b', 3, 'another', '', 7)) AS sent(warehouse, hour, project, model, milliseconds)
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """Two months, some rows rejected for several reasons; in prod, and in dev as views of it."""
    platform = Platform(tmp_path_factory.mktemp("dashboard"))
    updated = {"updated_at": "2026-01-29 20:00:00"}
    users: Rows = [
        {"user_id": n, "name": "Ann", "email": "ann@x.org", **updated} for n in range(1, USERS + 1)
    ]
    nobody = {"user_id": 0, "name": " ", "email": "x", **updated}
    platform.deliver("users", JANUARY, [*users, users[0], nobody])
    shows: Rows = [
        {"show_id": n, "title": "Show", "genre": genre, **updated}
        for n, genre in enumerate(GENRES, 1)
    ]
    platform.deliver("shows", JANUARY, shows)
    for month, day in enumerate((JANUARY, FEBRUARY)):
        watches: Rows = [
            {
                "watch_id": 100 * month + n,
                "user_id": n,
                "show_id": 1 + n % len(GENRES),
                "watched_at": f"{day} 08:00:00",
                "minutes_watched": n % 7 * 10,
                "completion_pct": n % 5 / 4,
                "status": "completed" if n % 2 else "abandoned",
            }
            for n in range(1 + month, USERS + 1)
        ]
        bad: Rows = [
            {**watches[0], "completion_pct": 2},
            {**watches[1], "status": "?", "show_id": 9},
        ]
        platform.deliver("watches", day, [*watches, *bad, bad[0]])
    ratings: Rows = [
        {
            "rating_id": n,
            "user_id": n,
            "show_id": 1 + n % len(GENRES),
            "rating": n,
            "rated_at": f"{FEBRUARY} 09:00:00",
        }
        for n in range(1, 8)
    ]
    platform.deliver("ratings", FEBRUARY, ratings)
    platform.plan(NOW)
    platform.plan(NOW, "dev", include_unmodified=True)
    platform.query(WORKSPACE, "READ_WRITE")
    return platform


def read(environment: str) -> Json:
    """The dashboard of an environment, as it is deployed."""
    return json.loads(dashboard_file(environment).read_text(encoding="utf-8"))


def datasets(environment: str = "prod") -> dict[str, str]:
    """The queries of a dashboard by the names of their datasets."""
    return {d["name"]: "".join(d["queryLines"]) for d in read(environment)["datasets"]}


def on_duckdb(query: str) -> str:
    """A query of the dashboard in DuckDB's SQL, which has no tables of a workspace."""
    parsed = parse_one(query, dialect="databricks")
    for table in parsed.find_all(exp.Table):
        if table.catalog == "system":
            there = exp.to_table(f"{OF_WORKSPACE}.{table.name}")
            table.replace(there.as_(table.alias_or_name))
    return parsed.sql(dialect="duckdb")


def answer(platform: Platform, query: str) -> Rows:
    """The rows of a query of the dashboard, with the columns that the engine names."""
    sql = on_duckdb(query)
    columns = [column for column, *_ in platform.query(f"DESCRIBE {sql}")]
    return [dict(zip(columns, row, strict=True)) for row in platform.query(sql)]


def widgets() -> list[Json]:
    """Every widget of every page, those of prod; other environments show the same."""
    return [placed["widget"] for page in read("prod")["pages"] for placed in page["layout"]]


def widget_answer(platform: Platform, widget: Json) -> Rows:
    """What a widget reads: its fields of the rows of its dataset, made one where it says so."""
    (named,) = widget["queries"]
    query = named["query"]
    fields = ", ".join(f"{f['expression']} AS `{f['name']}`" for f in query["fields"])
    grouped = "" if query["disaggregated"] else " GROUP BY ALL"
    return answer(
        platform, f"SELECT {fields} FROM ({datasets()[query['datasetName']]}) AS dataset{grouped}"
    )


def top_users(tables: Tables, deliveries: list[oracle.Delivery]) -> Rows:
    """The first 20 of the ranking, without names."""
    rows = sorted(
        tables["analytics.top_users_by_engagement"], key=lambda row: row["engagement_rank"]
    )
    return [{column: row[column] for column in row if column != "name"} for row in rows[:20]]


def freshness(tables: Tables, deliveries: list[oracle.Delivery]) -> Rows:
    """The last day of delivery of each feed, how long ago that is, and its rows."""
    rows = []
    for feed in sorted(oracle.FEEDS):
        last = max(delivery.dt for delivery in deliveries if delivery.feed == feed)
        rows.append(
            {
                "feed": feed,
                "last_delivery": last,
                "days_since_delivery": (datetime.now(timezone.utc).date() - last).days,
                "rows_delivered": sum(
                    len(d.rows) for d in deliveries if (d.feed, d.dt) == (feed, last)
                ),
            }
        )
    return rows


def rejections(tables: Tables, deliveries: list[oracle.Delivery]) -> Rows:
    """The reasons of the rows in quarantine, counted; the newest day and most frequent first."""
    counts = Counter(
        (row["_ingest_date"], feed, reason)
        for feed in oracle.FEEDS
        for row in tables[f"quarantine.{feed}"]
        for reason in row["_rejected_for"]
    )
    ranked = sorted(counts.items(), key=lambda c: (-c[0][0].toordinal(), -c[1], *c[0][1:]))
    return [
        {"delivered_on": day, "feed": feed, "reason": reason, "rejections": count}
        for (day, feed, reason), count in ranked
    ]


def landing(tables: Tables, deliveries: list[oracle.Delivery]) -> Rows:
    """The files of each day and feed, counted, and their rows."""
    files: dict[tuple[date, str], list[int]] = defaultdict(list)
    for delivery in deliveries:
        files[delivery.dt, delivery.feed].append(len(delivery.rows))
    return [
        {
            "delivered_on": day,
            "feed": feed,
            "files": len(rows),
            "rows_loaded": sum(rows),
            "lacking_columns": 0,
            "with_other_columns": 0,
        }
        for (day, feed), rows in sorted(
            files.items(), key=lambda of: (-of[0][0].toordinal(), of[0][1])
        )
    ]


def cost(tables: Tables, deliveries: list[oracle.Delivery]) -> Rows:
    """Of 4 DBU at 0.5 a quarter each, and of 2 DBU all; half of the first hour is another's."""
    day = datetime.now(timezone.utc).date() - timedelta(days=1)
    return [
        {"day": day, "model": "silver.users", "statements": 3, "cost": 4 * 0.5 / 4 + 2 * 0.5},
        {"day": day, "model": "of no model", "statements": 1, "cost": 4 * 0.5 / 4},
    ]


def by(table: str, *columns: str, **measures: Callable[[Rows], Any]) -> Any:
    """Measures of a table of the oracle by columns of it, in the order of these."""

    def grouped(tables: Tables, deliveries: list[oracle.Delivery]) -> Rows:
        groups: dict[tuple[Any, ...], Rows] = defaultdict(list)
        for row in tables[table]:
            groups[tuple(row[column] for column in columns)].append(row)
        return [
            dict(zip(columns, key, strict=True)) | {m: of(rows) for m, of in measures.items()}
            for key, rows in sorted(groups.items())
        ]

    return grouped


def mean(column: str) -> Callable[[Rows], float]:
    return lambda rows: sum(row[column] for row in rows) / len(rows)


def renamed(of: Any, **names: str) -> Any:
    """The rows of an expectation with other names for some of their columns."""
    return lambda tables, deliveries: [
        {names.get(column, column): value for column, value in row.items()}
        for row in of(tables, deliveries)
    ]


def of_the_month(tables: Tables, deliveries: list[oracle.Delivery]) -> Rows:
    """How shows are rated by month."""
    tables = {
        "rated": [
            {**row, "month": row["rating_date"].replace(day=1)}
            for row in tables["gold.fct_ratings"]
        ]
    }
    return by("rated", "month", **RATED)(tables, deliveries)


def by_length(tables: Tables, deliveries: list[oracle.Delivery]) -> Rows:
    """How far shows are watched by their length, of which those of the test have one."""
    lengths = {show["show_id"]: show["series_length"] for show in tables["gold.dim_shows"]}
    watches = [
        {**row, "series_length": lengths[row["show_id"]]} for row in tables["gold.fct_watches"]
    ]
    far = {"avg_completion_pct": mean("completion_pct"), "completion_rate": mean("is_completed")}
    return by("watched", "series_length", watches=len, **far)({"watched": watches}, deliveries)


RATED = {
    "ratings": len,
    "avg_rating": mean("rating"),
    "positive_share": lambda rows: sum(row["rating"] >= 4 for row in rows) / len(rows),
}
WATCHED = {
    "watches": len,
    "viewers": lambda rows: len({row["user_id"] for row in rows}),
    "minutes_watched": lambda rows: sum(row["minutes_watched"] or 0 for row in rows),
    "completion_rate": mean("is_completed"),
}


def all_of(table: str) -> Callable[[Tables, list[oracle.Delivery]], Rows]:
    """A table of the oracle, by its first column."""
    return lambda tables, deliveries: tables[table]


# What the oracle's tables, or the deliveries themselves, say that a dataset holds.
EXPECTED = {
    "completion_by_length": by_length,
    "cost": cost,
    "freshness": freshness,
    "landing": landing,
    "monthly_ratings": of_the_month,
    "monthly_viewing_trend": all_of("analytics.monthly_viewing_trend"),
    "ratings_in_all": by("gold.fct_ratings", **RATED),
    "reconciliation": all_of("quality.reconciliation"),
    "rejections": rejections,
    "show_ratings_by_genre": all_of("analytics.show_ratings_by_genre"),
    "top_users_by_engagement": top_users,
    "viewing_by_hour": renamed(
        by("gold.fct_watches", "watch_day_of_week", "watch_hour", watches=len),
        watch_day_of_week="weekday",
        watch_hour="hour",
    ),
    "viewing_in_all": by("gold.fct_watches", **WATCHED),
}


def test_every_dataset_is_expected() -> None:
    assert set(datasets()) == set(queries()) == set(EXPECTED)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("dataset", EXPECTED)
def test_numbers_are_those_of_the_oracle(
    platform: Platform, dataset: str, environment: str
) -> None:
    tables = oracle.build(platform.deliveries)
    expected = EXPECTED[dataset](tables, platform.deliveries)
    actual = answer(platform, datasets(environment)[dataset])
    assert set(actual[0]) == set(expected[0])
    assert_equal({dataset: actual}, {dataset: expected})


def test_the_platform_shows_what_has_to_be_seen(platform: Platform) -> None:
    """Were it not so, the numbers could be right for the wrong reason."""
    rows = {dataset: answer(platform, query) for dataset, query in datasets().items()}
    assert len(rows["monthly_viewing_trend"]) == 2
    assert len(rows["top_users_by_engagement"]) == 20 < USERS
    assert "unknown" in {row["genre"] for row in rows["show_ratings_by_genre"]}
    assert {row["feed"] for row in rows["rejections"]} == {"users", "watches", "ratings"}
    assert {row["rejections"] for row in rows["rejections"]} == {1, 2}


def test_a_feed_that_was_never_delivered_is_shown() -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "ATTACH ':memory:' AS streaming_prod; CREATE SCHEMA streaming_prod.quality; "
            "CREATE TABLE streaming_prod.quality.reconciliation AS SELECT 'shows' AS feed; "
            "CREATE TABLE streaming_prod.quality.deliveries "
            "(feed TEXT, _ingest_date DATE, delivered BIGINT)"
        )
        rows = connection.execute(on_duckdb(datasets()["freshness"])).fetchall()
    assert rows == [("shows", None, None, None)]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_file_is_what_the_source_makes(environment: str) -> None:
    assert dashboard_file(environment).read_text(encoding="utf-8") == dashboard_text(environment), (
        "streaming dashboard --bundle writes it anew"
    )
    made = metric_views_file(environment).read_text(encoding="utf-8")
    assert made == metric_views_text(environment), "streaming dashboard --bundle writes it anew"


@pytest.mark.parametrize("path", sorted(QUERIES), ids=lambda path: path.stem)
def test_queries_say_what_they_show_and_are_formatted(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("/* ") and text.splitlines()[0].endswith(". */")
    assert text == parse_one(text, dialect="databricks").sql("databricks", pretty=True) + "\n"


@pytest.mark.parametrize(
    ("environment", "catalog", "suffix"),
    [("prod", "streaming_prod", ""), ("dev", "streaming_dev", "__dev")],
)
def test_only_tables_of_the_environment_are_read(
    environment: str, catalog: str, suffix: str
) -> None:
    for query in datasets(environment).values():
        parsed = parse_one(query, dialect="databricks")
        defined = {cte.alias for cte in parsed.find_all(exp.CTE)}
        tables = [t for t in parsed.find_all(exp.Table) if t.db or t.name not in defined]
        assert tables
        if {table.catalog for table in tables} == {"system"}:
            continue
        for table in tables:
            schema, found, rest = table.db.partition("__")
            assert (table.catalog, found + rest) == (catalog, suffix), table.sql()
            assert (PROJECT / "models" / schema / f"{table.name}.sql").is_file(), table.sql()


def test_every_widget_reads_what_its_dataset_gives(platform: Platform) -> None:
    for widget in widgets():
        rows = widget_answer(platform, widget)
        assert rows, widget["name"]
        fields = {f["name"] for named in widget["queries"] for f in named["query"]["fields"]}
        assert set(rows[0]) == fields
        shown = list(encoded(widget["spec"]["encodings"]))
        assert {encoding["fieldName"] for encoding in shown} == fields, widget["name"]
        assert all(encoding["displayName"] for encoding in shown), widget["name"]
        names = {named["name"] for named in widget["queries"]}
        assert {e["queryName"] for e in shown if "queryName" in e} <= names, widget["name"]


def encoded(encodings: Any) -> Iterator[Json]:
    """Every field that is shown, wherever it is in the encodings of a widget."""
    if isinstance(encodings, list):
        for item in encodings:
            yield from encoded(item)
    elif isinstance(encodings, dict):
        if "fieldName" in encodings:
            yield encodings
        for item in encodings.values():
            yield from encoded(item)


def test_every_column_of_a_dataset_is_shown(platform: Platform) -> None:
    shown: dict[str, set[str]] = {dataset: set() for dataset in datasets()}
    for widget in widgets():
        for named in widget["queries"]:
            for field in named["query"]["fields"]:
                columns = parse_one(field["expression"], dialect="databricks").find_all(exp.Column)
                shown[named["query"]["datasetName"]] |= {column.name for column in columns}
    assert shown == {
        dataset: set(answer(platform, query)[0]) for dataset, query in datasets().items()
    }


def test_the_numbers_at_the_top(platform: Platform) -> None:
    tables = oracle.build(platform.deliveries)
    counters = {
        widget["name"]: list(widget_answer(platform, widget)[0].values())
        for widget in widgets()
        if widget["spec"]["widgetType"] == "counter"
    }
    silent_since = min(JANUARY, FEBRUARY)
    assert counters == {
        "watches_in_all": [len(tables["gold.fct_watches"])],
        "viewers_in_all": [WATCHED["viewers"](tables["gold.fct_watches"])],
        "minutes_watched_in_all": [WATCHED["minutes_watched"](tables["gold.fct_watches"])],
        "completion_rate_in_all": [pytest.approx(mean("is_completed")(tables["gold.fct_watches"]))],
        "ratings_in_all": [len(tables["gold.fct_ratings"])],
        "avg_rating_in_all": [pytest.approx(mean("rating")(tables["gold.fct_ratings"]))],
        "positive_share_in_all": [
            pytest.approx(RATED["positive_share"](tables["gold.fct_ratings"]))
        ],
        "unaccounted": [0],
        "quarantined": [sum(len(tables[f"quarantine.{feed}"]) for feed in oracle.FEEDS)],
        "longest_silence": [(datetime.now(timezone.utc).date() - silent_since).days],
        "files_read": [len(list(platform.landing.rglob("*.*")))],
        "files_lacking_columns": [0],
    }


def test_pages_have_no_gap_and_no_overlap() -> None:
    for page in read("prod")["pages"]:
        assert page["layoutVersion"] == "GRID_V1"
        places = [placed["position"] for placed in page["layout"]]
        cells = [
            {
                (p["x"] + column, p["y"] + row)
                for column in range(p["width"])
                for row in range(p["height"])
            }
            for p in places
        ]
        assert all(cells), page["name"]
        assert not [pair for pair in combinations(cells, 2) if pair[0] & pair[1]], page["name"]
        height = max(p["y"] + p["height"] for p in places)
        grid = {(column, row) for column in range(GRID_COLUMNS) for row in range(height)}
        assert set.union(*cells) == grid, page["name"]


def test_names_are_unique_and_every_widget_has_a_title() -> None:
    pages = read("prod")["pages"]
    for names in (
        [page["name"] for page in pages],
        [page["displayName"] for page in pages],
        [dataset["name"] for dataset in read("prod")["datasets"]],
        [widget["name"] for widget in widgets()],
        [widget["spec"]["frame"]["title"] for widget in widgets()],
    ):
        assert len(set(names)) == len(names) and all(names), names
    for widget in widgets():
        assert widget["spec"]["frame"]["showTitle"], widget["name"]
        assert widget["name"].replace("-", "_").isidentifier(), widget["name"]


def test_no_personal_data_is_shown(platform: Platform) -> None:
    with platform.context() as context:
        models = dict(context.models)
    shown = {
        name: create_sql_model(
            f"dashboard.{name}",
            query,
            dialect="databricks",
            default_catalog="streaming_prod",
        )
        for name, query in queries().items()
        if name != "cost"  # it reads no model
    }
    models |= {model.fqn: model for model in shown.values()}
    personal = PersonalData(models, models)
    found = [
        f"{dataset}.{column}"
        for dataset, model in shown.items()
        for column in model.columns_to_types_or_raise
        if personal.holds(model.fqn, column)
    ]
    # It hangs on names and addresses, but says only which column is wrong and how.
    assert found == ["rejections.reason"]
    reasons = {row["reason"] for row in answer(platform, datasets()["rejections"])}
    assert {"name_missing", "email_malformed"} < reasons
    named = "|".join(column for columns in oracle.FEEDS.values() for column in columns)
    wrong = "|".join(REASONS)
    assert [r for r in reasons if not re.fullmatch(f"({named})_({wrong})", r)] == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_bundle_deploys_the_file(environment: str) -> None:
    resource = dashboard(environment, "${var.warehouse_id}").as_dict()
    assert json.loads(resource["serialized_dashboard"]) == read(environment)
    assert "${" not in resource["serialized_dashboard"], "a bundle would put a variable there"
    assert resource["warehouse_id"] == "${var.warehouse_id}"
    assert resource["embed_credentials"] is False, "who looks reads with their own permissions"


def test_an_environment_without_a_dashboard_is_refused() -> None:
    with pytest.raises(ValueError, match="'pr_7', only for prod and dev.*ENVIRONMENTS"):
        dashboard("pr_7", "1")
