"""Makes the texts of the site's pages, in Markdown, out of the catalog."""

from __future__ import annotations

from collections.abc import Iterator

from rich.progress import track
from sqlmesh.core.model import Model
from sqlmesh.utils.errors import SQLMeshError

from documentation import diagram
from documentation.catalog import Catalog
from macros import rules
from macros.feeds import FEEDS
from operations.environment.lineage import Column
from operations.environment.shown import HELPERS, fetch, rejected
from operations.landing import MODEL as DELIVERED
from operations.landing.account import Account, look
from operations.pages import render
from operations.sqlmesh_internals import file_of

MOST_DAYS = 31  # of which the page on the landing lists the files


def pages(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """The path in the site and the text of each page that is made of the catalog."""
    ordered = catalog.ordered()
    yield "models/index.md", models_page(catalog, ordered)
    for model in track(ordered, "Pages of models"):
        yield address(model), model_page(catalog, model)
    yield "rules.md", rules_page(catalog)
    yield "landing.md", landing_page(catalog)


def address(model: Model) -> str:
    """The path of a model's page in the site."""
    return f"models/{model.schema_name}/{model.view_name}.md"


def models_page(catalog: Catalog, ordered: list[Model]) -> str:
    """All models: how they are connected, and what each holds."""
    # What is delivered is shown: bronze's readable views and silver both read it.
    helpers = {
        _name(m)
        for m in ordered
        if HELPERS.intersection(m.tags) and not m.view_name.startswith(DELIVERED)
    }
    edges = {_name(m): [_name(a) for a in catalog.neighbours(m)[0]] for m in ordered}
    links = {node: f"{node.replace('.', '/')}.html" for node in edges}
    shown = diagram.without_shortcuts(diagram.without_nodes(edges, helpers))
    return render(
        "documentation/templates/models.md.j2",
        models=ordered,
        catalog=catalog,
        diagram=diagram.draw("The models from delivery to analysis", shown, links),
    )


def model_page(catalog: Catalog, model: Model) -> str:
    """A model: what it holds, from where, how it is checked, and its SQL."""
    above, below = catalog.neighbours(model)
    edges = {_name(model): [_name(a) for a in above]}
    edges |= {_name(a): [] for a in above} | {_name(b): [_name(model)] for b in below}
    file = file_of(model)
    links = {node: f"../{node.replace('.', '/')}.html" for node in edges}
    return render(
        "documentation/templates/model.md.j2",
        model=model,
        name=_name(model),
        catalog=catalog,
        written=file.read_text(encoding="utf-8") if file else "",
        path=file.relative_to(catalog.context.path) if file else "",
        link=lambda column: _column_link(catalog, column),
        column_is_delivered=lambda column: model.schema_name == "bronze" and column[1][0] != "_",
        diagram=diagram.draw(
            f"What {_name(model)} reads and who reads it", edges, links, _name(model)
        ),
    )


def rules_page(catalog: Catalog) -> str:
    """The rules by which a delivered row is rejected, from the tuples that the macros apply."""
    found = rejected(catalog.context, catalog.shown.views)
    by_feed = {feed: getattr(rules, feed.upper()) for feed in FEEDS}
    return render(
        "documentation/templates/rules.md.j2",
        feeds=FEEDS,
        rules=by_feed,
        own={feed: {f"{c}_{what}" for c, what, _ in by_feed[feed]} for feed in FEEDS},
        said=rules.__doc__,
        rejected={(feed, reason): rows for feed, reason, rows in found},
    )


def landing_page(catalog: Catalog) -> str:
    """The files that were read, by feed and day; those that are not read, or late."""
    files, problem = catalog.shown.views.get("quality.files"), ""
    found = Account()
    try:
        found = look(catalog.context, catalog.shown.environment)
    except SQLMeshError as error:  # a site can be built where the landing cannot be seen
        problem = str(error)
    days = f"""SELECT _ingest_date, feed, COUNT(*), SUM(rows) FROM {files}
        GROUP BY ALL ORDER BY 1 DESC, 2 LIMIT {MOST_DAYS * len(FEEDS)}"""
    of_each = " UNION ALL ".join(
        f"SELECT feed, _ingest_date, '{what}' AS what, EXPLODE({what}) AS name FROM {files}"
        for what in ("absent", "ignored")
    )
    columns = f"""SELECT feed, what, name, COUNT(*), MAX(_ingest_date) FROM ({of_each}) AS columns
        GROUP BY ALL ORDER BY 1, 2, 3"""
    return render(
        "documentation/templates/landing.md.j2",
        newest=fetch(catalog.context, f"SELECT feed, MAX(_ingest_date) FROM {files} GROUP BY feed")
        if files
        else [],
        days=fetch(catalog.context, days) if files else [],
        columns=fetch(catalog.context, columns) if files else [],
        account=found,
        problem=problem,
    )


def _name(model: Model) -> str:
    """A model as people name it; the catalog is the environment's."""
    return f"{model.schema_name}.{model.view_name}"


def _column_link(catalog: Catalog, column: Column) -> str:
    """A link, from a model's page, to a column on its model's page."""
    model = catalog.models.get(column[0])
    if model is None:
        return f"`{column[0]}.{column[1]}`"
    address = f"../{model.schema_name}/{model.view_name}.md#{column[1]}"
    return f"[`{_name(model)}.{column[1]}`]({address})"
