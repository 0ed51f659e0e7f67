"""Makes the file of a dashboard out of `layout.py` and `queries/`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from sqlglot import exp, parse_one

from config import config
from operations import PROJECT
from operations.sqlmesh_internals import EnvironmentNamingInfo, QualifiedViewName
from resources.ai_bi import ENVIRONMENTS, dashboard_file
from resources.ai_bi.layout import PAGES, Page
from resources.ai_bi.widgets import Json

# The queries that a widget shows: the dashboard's own, and those that only a workspace can answer.
ROOMS = (PROJECT / "dashboard" / "queries", Path(__file__).parent)
SHOWN = {widget.dataset for page in PAGES for row in page.rows for widget in row.widgets}
QUERIES = [path for room in ROOMS for path in sorted(room.glob("*.sql")) if path.stem in SHOWN]
GRID_COLUMNS = 12  # of a page whose layoutVersion is GRID_V1


def write_all() -> list[Path]:
    """Writes the dashboard of every environment; gives the files."""
    files = [dashboard_file(environment) for environment in ENVIRONMENTS]
    for environment, file in zip(ENVIRONMENTS, files, strict=True):
        file.write_text(dashboard_text(environment), encoding="utf-8")
    return files


def dashboard_text(environment: str) -> str:
    """The text of the dashboard that reads the tables of a SQLMesh environment."""
    dashboard = {
        "datasets": [_dataset(path, environment) for path in QUERIES],
        "pages": [_page(page) for page in PAGES],
    }
    return json.dumps(dashboard, indent=2, ensure_ascii=False) + "\n"


def _dataset(path: Path, environment: str) -> Json:
    query = parse_one(path.read_text(encoding="utf-8"), dialect="databricks")
    naming = EnvironmentNamingInfo.from_environment_catalog_mapping(
        config.environment_catalog_mapping, name=environment
    )
    for table in query.find_all(exp.Table):
        if table.db and not table.catalog:  # else a common table expression, or the workspace's own
            view = QualifiedViewName(schema_name=table.db, table=table.name)
            named = view.table_for_environment(naming, dialect="databricks")
            table.set("db", named.args["db"])
            table.set("catalog", named.args["catalog"])
    text = query.sql(dialect="databricks", pretty=True)
    return {
        "name": path.stem,
        "displayName": path.stem.replace("_", " ").capitalize(),
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
