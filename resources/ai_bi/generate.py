"""Makes the files of the dashboards and of the metric views, out of `layout.py` and dashboard/."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from sqlglot import exp, parse_one

from config import config
from dashboard.measured import DATASETS, FILES, statement
from operations import PROJECT
from operations.sqlmesh_internals import EnvironmentNamingInfo, QualifiedViewName
from resources.ai_bi import ENVIRONMENTS, dashboard_file, metric_views_file
from resources.ai_bi.layout import PAGES, Page
from resources.ai_bi.widgets import Json

# The queries that a widget shows: the dashboard's own, those that only a workspace can answer, and
# those of what is counted.
ROOMS = (PROJECT / "dashboard" / "queries", Path(__file__).parent)
SHOWN = {widget.dataset for page in PAGES for row in page.rows for widget in row.widgets}
QUERIES = [path for room in ROOMS for path in sorted(room.glob("*.sql")) if path.stem in SHOWN]
MEASURED = {name: measured for name, measured in DATASETS.items() if name in SHOWN}
GRID_COLUMNS = 12  # of a page whose layoutVersion is GRID_V1


def write_all() -> list[Path]:
    """Writes the dashboard and the metric views of every environment; gives the files."""
    texts = {
        file(environment): text(environment)
        for environment in ENVIRONMENTS
        for file, text in (
            (dashboard_file, dashboard_text),
            (metric_views_file, metric_views_text),
        )
    }
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return list(texts)


def dashboard_text(environment: str) -> str:
    """The text of the dashboard that reads the tables of a SQLMesh environment."""
    dashboard = {
        "datasets": [
            _dataset(name, query, environment) for name, query in sorted(queries().items())
        ],
        "pages": [_page(page) for page in PAGES],
    }
    return json.dumps(dashboard, indent=2, ensure_ascii=False) + "\n"


def queries() -> dict[str, exp.Expr]:
    """The queries of the datasets, on tables named by model; each begins with what a row is."""
    found: dict[str, exp.Expr] = {
        path.stem: parse_one(path.read_text(encoding="utf-8"), dialect="databricks")
        for path in QUERIES
    }
    for name, measured in MEASURED.items():
        found[name] = measured.query()
        found[name].add_comments([f" {measured.comment} "])
    return found


def metric_views_text(environment: str) -> str:
    """The statements that make the metric views beside the views of an environment."""
    return "\n".join(
        statement(path.stem, lambda model: _named(model, environment).sql("databricks"))
        for path in sorted(FILES.glob("*.yml"))
    )


def _named(model: str, environment: str) -> exp.Table:
    """The view that an environment has of a model."""
    naming = EnvironmentNamingInfo.from_environment_catalog_mapping(
        config.environment_catalog_mapping, name=environment
    )
    schema, table = model.split(".")
    view = QualifiedViewName(schema_name=schema, table=table)
    return view.table_for_environment(naming, dialect="databricks")


def _dataset(name: str, query: exp.Expr, environment: str) -> Json:
    for table in query.find_all(exp.Table):
        if table.db and not table.catalog:  # else a common table expression, or the workspace's own
            named = _named(f"{table.db}.{table.name}", environment)
            table.set("db", named.args["db"])
            table.set("catalog", named.args["catalog"])
    text = query.sql(dialect="databricks", pretty=True)
    return {
        "name": name,
        "displayName": name.replace("_", " ").capitalize(),
        "queryLines": (text + "\n").splitlines(keepends=True),
    }


def _page(page: Page) -> Json:
    return {
        "name": page.name,
        "displayName": page.title,
        "pageType": "PAGE_TYPE_CANVAS",
        "layoutVersion": "GRID_V1",
        "layout": list(_placed(page)),
    }


def _placed(page: Page) -> Iterator[Json]:
    """The widgets of a page, each with its place in the grid."""
    y = 0
    for row in page.rows:
        width = GRID_COLUMNS // len(row.widgets)
        for number, widget in enumerate(row.widgets):
            position = {"x": number * width, "y": y, "width": width, "height": row.height}
            yield {"widget": widget.as_json(), "position": position}
        y += row.height
