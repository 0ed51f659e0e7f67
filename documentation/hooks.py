"""What MkDocs calls while it builds the site: adds the pages that are made of the project."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from sqlmesh import Context

from documentation import graph
from documentation.catalog import Catalog
from documentation.pages import address, dashboard_pages, pages
from macros.settings import setting
from operations import PROJECT
from operations.environment.shown import NoEnvironment

GUIDE = "guide.md"  # the README, as a page of the site
PLOTS = PROJECT / "benchmarks" / "results"

MERMAID = re.compile(r"```mermaid\n.*?```\n", re.DOTALL)  # the page of models has the like
LINK = re.compile(r"(?P<picture>!?)\[(?P<text>[^\]]+)\]\((?P<path>[^)#:]+)(?P<anchor>#[^)]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages of models and rules, the README, the dashboard, the lineage and the plots.

    STREAMING_DOCS_ENVIRONMENT names the environment whose rows they show.

    Raises:
        PluginError: The environment is not there.
    """
    context = Context(paths=PROJECT)  # reads .env
    try:
        catalog = Catalog(context, setting("STREAMING_DOCS_ENVIRONMENT"))
        for path, text in (*dashboard_pages(catalog), *pages(catalog)):
            files.append(File.generated(config, path, content=text))
        lineage = graph.script(graph.of_catalog(catalog))
        files.append(File.generated(config, graph.DATA, content=lineage))
        for file in _guide_and_plots(config):
            files.append(file)
        config.nav = _navigation(config.nav or [], files, catalog)
    except NoEnvironment as error:
        raise PluginError(str(error)) from error
    finally:
        context.close()
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Leads the links of README and docs/ to the site; what it does not hold is named only.

    If a repository is set, a page that is written has a link to edit it there. Pictures in mermaid
    are left out: drawing them would need a script from elsewhere.
    """
    source = page.file.src_uri
    if "/" in source:
        return markdown  # a page of a model
    folder = PROJECT if source == GUIDE else PROJECT / "docs"
    written = PROJECT / "README.md" if source == GUIDE else folder / source
    repository = setting("STREAMING_DOCS_REPOSITORY")
    if repository and written.exists():
        # MkDocs' repo_url would have the theme ask the repository's host for its stars.
        page.edit_url = f"{repository}/edit/main/{written.relative_to(PROJECT).as_posix()}"

    def led(link: re.Match[str]) -> str:
        target = (folder / link["path"]).resolve()
        if target == PROJECT / "README.md":
            place = GUIDE
        elif target.parent == PLOTS:
            place = f"results/{target.name}"
        else:
            place = Path(os.path.relpath(target, PROJECT / "docs")).as_posix()
        found = files.get_file_from_path(place)
        if found and found.inclusion.is_included():
            return f"{link['picture']}[{link['text']}]({place}{link['anchor'] or ''})"
        return f"{link['text']} (`{os.path.relpath(target, PROJECT)}`)"

    return LINK.sub(led, MERMAID.sub("", markdown))


def _guide_and_plots(config: MkDocsConfig) -> Iterator[File]:
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    yield File.generated(config, GUIDE, content=text)
    for plot in sorted(PLOTS.glob("*.svg")):
        yield File.generated(config, f"results/{plot.name}", content=plot.read_bytes())


def _navigation(written: list[Any], files: Files, catalog: Catalog) -> list[Any]:
    """What mkdocs.yml lists, with the models by layer; without the last run if none is recorded."""
    by_layer: dict[str, list[Any]] = {}
    for model in catalog.ordered():
        by_layer.setdefault(model.schema_name, []).append({model.view_name: address(model)})
    models = {"Models": ["models/index.md", *({layer: found} for layer, found in by_layer.items())]}
    kept = [entry for entry in map(partial(_made, files=files), written) if entry]
    return [*kept[:1], models, *kept[1:]]


def _made(entry: Any, files: Files) -> Any:
    """An entry of the navigation with the pages that are there; None if there are none."""
    if isinstance(entry, dict):
        found = {title: _made(below, files) for title, below in entry.items()}
        return {title: below for title, below in found.items() if below}
    if isinstance(entry, list):
        return [found for found in (_made(below, files) for below in entry) if found]
    return entry if files.get_file_from_path(entry) else None
