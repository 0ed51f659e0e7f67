"""Pages show what is delivered, and descriptions of models, sign by sign, and do nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import Open, served
from harness import FIRST, Platform, csv_text
from hostile import HOSTILE, of_site, seen

from dashboard.export import export
from documentation.catalog import Catalog
from documentation.history import History
from documentation.pages import (
    dashboard_pages,
    front_page,
    landing_page,
    last_run_page,
    model_page,
)
from operations import launcher

if TYPE_CHECKING:
    from playwright.sync_api import Page

RATED = re.compile("is rated|so none is called best")
SHOWN = {name: text for name, text in HOSTILE.items() if len(text) < 1000}
FILE = HOSTILE["picture"].replace("/", "|")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """Each text is a show's title and genre, a user's name, a review and a device, all in prod."""
    platform = Platform(tmp_path_factory.mktemp("hostile"), STREAMING_SHOW_NAMES="1")
    at = f"{FIRST} 00:00:00"
    for feed, columns in {
        "users": {"name": "{}", "email": "a@b.example", "updated_at": at},
        "shows": {"title": "{}", "genre": "{}", "updated_at": at},
        "watches": {"watched_at": at, "completion_pct": 1, "status": "completed", "device": "{}"},
        "ratings": {"rating": 5, "review": "{}", "rated_at": at},
    }.items():
        key = "rating_id" if feed == "ratings" else "watch_id"
        rows = [
            {"user_id": number, "show_id": number, key: number, "minutes_watched": number}
            | {column: text if value == "{}" else value for column, value in columns.items()}
            | {FILE: "a column that is ignored, and told"}
            for number, text in enumerate(SHOWN.values(), 1)
        ]
        platform.file(feed, FIRST).write_text(csv_text(list(rows[0]), rows), encoding="utf-8")
    (platform.file("users", FIRST).parent / FILE).touch()
    platform.plan(FIRST)
    return platform


@pytest.fixture
def quiet(open_page: Open) -> Iterator[Open]:
    """Opens a page on which, to the end, no script has run, no link leads away and none loads."""
    opened: list[Page] = []

    def page(address: str) -> Page:
        opened.append(open_page(address))
        return opened[-1]

    yield page
    assert opened
    for each in opened:
        assert each.evaluate("window.stranger") is None
        leading_away = "[href*='stranger']:not([download][href^='data:text/csv'])"
        assert each.locator(f"{leading_away}, [src*='stranger'], [src=x], [onload]").count() == 0
        assert each.locator("mjx-container, .katex, marimo-tex").count() == 0


def test_the_dashboard(platform: Platform, quiet: Open) -> None:
    log = platform.folder / "dashboard.log"
    with served([*launcher.call(), "dashboard"], platform, log) as dashboard:
        page = quiet(dashboard.address)
        page.get_by_role("heading", name=RATED).wait_for(timeout=60_000)
        named = page.get_by_text(HOSTILE["a name in brackets"]).locator("visible=true")
        named.first.wait_for(timeout=60_000)
        page.get_by_role("tab", name="Shows").click()
        for number, text in enumerate(SHOWN.values(), 1):
            if text.startswith(("<", "$", "[", "!", "#")):
                page.locator("marimo-dropdown button").click()
                page.get_by_role("option").filter(has_text=f"({number})").click()
                said = page.get_by_text(f"{seen(text).lower()}; ").locator("visible=true")
                said.first.wait_for(timeout=60_000)


def test_the_dashboard_as_a_page_of_pictures(
    platform: Platform, quiet: Open, tmp_path: Path
) -> None:
    with platform.context() as context:
        export(context, "prod", tmp_path)
    page = quiet((tmp_path / "index.html").as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    shown = " ".join(page.inner_text("body").split())
    for text in (HOSTILE["script"], HOSTILE["formula"], HOSTILE["picture in Markdown"]):
        assert text.lower() in shown


def test_the_site(platform: Platform, quiet: Open, tmp_path: Path) -> None:
    with platform.context() as context:
        catalog = Catalog(context, "prod")
        model = context.get_model("gold.dim_shows", raise_if_missing=True)
        described = model.copy(update={"description": "\n".join(SHOWN.values())})
        history = History(context, "prod", catalog.shown.views)
        pages = {
            "landing": landing_page(catalog),
            "model": model_page(catalog, described, history),
            "front": front_page(catalog, [described]),
            "last-run": last_run_page(catalog),
            "dashboard": dict(dashboard_pages(catalog))["dashboard/index.md"],
        }
    for name, markdown in pages.items():
        body = of_site(markdown.partition("---\n")[2].partition("---\n")[2])
        file = tmp_path / f"{name}.html"
        file.write_text(f"<meta charset=utf-8><body>{body}", encoding="utf-8")
    assert FILE in quiet((tmp_path / "landing.html").as_uri()).inner_text("body")
    for name in ("front", "last-run"):
        assert quiet((tmp_path / f"{name}.html").as_uri()).inner_text("body")
    dashboard = quiet((tmp_path / "dashboard.html").as_uri())
    dashboard.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    written = " ".join(dashboard.inner_text("body").split())
    for text in (HOSTILE["script"], HOSTILE["formula"], HOSTILE["picture in Markdown"]):
        assert text.lower() in written
    shown = " ".join(quiet((tmp_path / "model.html").as_uri()).inner_text("body").split())
    assert not [name for name, text in SHOWN.items() if seen(text) not in shown]
