"""Makes the texts of the site's pages, in Markdown, out of the catalog."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from rich.progress import track
from sqlmesh.core.model import Model

from dashboard.data import read as read_dashboard
from dashboard.export import pictures, sections
from documentation import code
from documentation.catalog import Catalog
from documentation.graph import name
from documentation.history import History
from macros import rules
from macros.feeds import FEEDS, LAYERS
from macros.settings import setting
from operations import last_run
from operations.environment.lineage import Column
from operations.environment.shown import HELPERS, fetch
from operations.hooks import records
from operations.pages import render
from operations.sqlmesh_internals import file_of

TEMPLATES = "documentation/templates"
MOST_DAYS = 31  # of which the page on the landing lists the files
MOST_REASONS = 3  # of each feed on the front page


class Link(NamedTuple):
    """What a link leads to, as a page of a model leads there."""

    name: str
    address: str


def pages(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """The path in the site and the text of each page that is made of the catalog."""
    ordered = catalog.ordered()
    history = History(catalog.context, catalog.shown.environment, catalog.shown.views)
    for model in track(ordered, "Pages of models"):
        yield address(model), model_page(catalog, model, history)
    yield "models/index.md", models_page(catalog, ordered)
    yield "lineage.md", render(f"{TEMPLATES}/lineage.md.j2", models=len(ordered))
    yield "rules.md", rules_page(catalog)
    yield "landing.md", landing_page(catalog)
    with suppress(last_run.NoRecord):
        yield "last-run.md", last_run_page(catalog)
    yield "index.md", front_page(catalog, ordered)


def dashboard_pages(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """The dashboard, and its pictures for light and for dark.

    Raises:
        NoEnvironment: The environment is not there.
    """
    shown = list(sections(read_dashboard(catalog.context, catalog.shown.environment)))
    text = render(f"{TEMPLATES}/dashboard.md.j2", sections=shown)
    yield "dashboard/index.md", text
    for file, svg in pictures(shown):
        yield f"dashboard/{file}", svg


def address(model: Model) -> str:
    """The path of a model's page in the site."""
    return f"models/{model.schema_name}/{model.view_name}.md"


def front_page(catalog: Catalog, ordered: list[Model]) -> str:
    """Where an analyst starts: what there is, how fresh and good it is, a query for each of five
    tables."""
    audits = [(model, audit) for model in ordered for audit in catalog.audits(model)]
    account, problem = catalog.landing
    readable = [model for model in ordered if not HELPERS.intersection(model.tags)]
    return render(
        f"{TEMPLATES}/home.md.j2",
        catalog=catalog,
        environment=catalog.shown.environment,
        layers={
            layer: [model for model in readable if model.schema_name == layer]
            for layer in sorted(LAYERS, key=_nearness)
        },
        view=lambda model: catalog.shown.views.get(model, model),
        outcomes=Counter(audit.outcome for _, audit in audits if audit.outcome),
        not_passed=[(m, a) for m, a in audits if a.outcome not in ("", "passed")],
        reasons={
            feed: [row for row in catalog.rejected if row[0] == feed][:MOST_REASONS]
            for feed in FEEDS
        },
        unread=len(account.strays),
        late=len(account.late),
        problem=problem,
        last=records.last(catalog.context, catalog.shown.environment),
        name=name,
    )


def _nearness(layer: str) -> int:
    return ("gold", "analytics", "silver", "quality", "quarantine", "bronze").index(layer)


def models_page(catalog: Catalog, ordered: list[Model]) -> str:
    """All models, and what each holds."""
    return render(f"{TEMPLATES}/models.md.j2", models=ordered, catalog=catalog, name=name)


def model_page(catalog: Catalog, model: Model, history: History) -> str:
    """A model: what it holds, from where, how it is checked, and its SQL."""
    above, below = catalog.neighbours(model)
    file = file_of(model)
    written = file.read_text(encoding="utf-8") if file else ""
    return render(
        f"{TEMPLATES}/model/page.md.j2",
        model=model,
        name=name(model),
        catalog=catalog,
        above=above,
        below=below,
        written=written,
        macros=code.macros(written),
        path=file.relative_to(catalog.context.path) if file else "",
        to_model=_to_model,
        to_column=lambda column: _to_column(catalog, column),
        is_delivered=lambda column: model.schema_name == "bronze" and column[0] != "_",
        readers=", ".join(code.readers(model)),
        size=catalog.size(model),
        preview=catalog.preview(model),
        runs=history.runs(model),
        charts=history.charts(model),
        repository=setting("STREAMING_DOCS_REPOSITORY"),
    )


def rules_page(catalog: Catalog) -> str:
    """The rules by which a delivered row is rejected, from the tuples that the macros apply."""
    by_feed = {feed: getattr(rules, feed.upper()) for feed in FEEDS}
    return render(
        f"{TEMPLATES}/rules.md.j2",
        feeds=FEEDS,
        rules=by_feed,
        own={feed: {f"{c}_{what}" for c, what, _ in by_feed[feed]} for feed in FEEDS},
        said=rules.__doc__,
        rejected={(feed, reason): rows for feed, reason, rows in catalog.rejected},
    )


def landing_page(catalog: Catalog) -> str:
    """The files that were read, by feed and day; those that are not read, or late."""
    files = catalog.shown.views.get("quality.files")
    account, problem = catalog.landing
    days = f"""SELECT _ingest_date, feed, COUNT(*), SUM(rows) FROM {files}
        GROUP BY ALL ORDER BY 1 DESC, 2 LIMIT {MOST_DAYS * len(FEEDS)}"""
    of_each = " UNION ALL ".join(
        f"SELECT feed, _ingest_date, '{what}' AS what, EXPLODE({what}) AS name FROM {files}"
        for what in ("absent", "ignored")
    )
    columns = f"""SELECT feed, what, name, COUNT(*), MAX(_ingest_date) FROM ({of_each}) AS columns
        GROUP BY ALL ORDER BY 1, 2, 3"""
    return render(
        f"{TEMPLATES}/landing.md.j2",
        newest=fetch(catalog.context, f"SELECT feed, MAX(_ingest_date) FROM {files} GROUP BY feed")
        if files
        else [],
        days=fetch(catalog.context, days) if files else [],
        columns=fetch(catalog.context, columns) if files else [],
        account=account,
        problem=problem,
    )


def last_run_page(catalog: Catalog) -> str:
    """What the last command did.

    Raises:
        NoRecord: None has left a record.
    """
    report = last_run.read(catalog.context, catalog.shown.environment)
    return render(f"{TEMPLATES}/last_run.md.j2", report=report)


def _to_model(model: Model) -> Link:
    return Link(name(model), f"../{model.schema_name}/{model.view_name}.html")


def _to_column(catalog: Catalog, column: Column) -> Link:
    """A column on its model's page; one of a model that is not here has no page."""
    model = catalog.models.get(column[0])
    if model is None:
        return Link(f"{column[0]}.{column[1]}", "")
    return Link(f"{name(model)}.{column[1]}", f"{_to_model(model).address}#{column[1]}")
