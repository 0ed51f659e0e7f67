"""The documentation site in a browser: search, lineage by clicking, dark, phone, no network."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from conftest import PHONE, Open
from harness import Platform

from operations import launcher

if TYPE_CHECKING:
    from playwright.sync_api import Page

FACT = "models/gold/fct_watches.html"
DELIVERED = "models/bronze/raw_ratings.html"
LOOKED_AT = ("index.html", "models/index.html", FACT, "rules.html", "guide.html")
pytestmark = pytest.mark.slow


class Links(HTMLParser):
    """What a page links to and loads, and the places that it has."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.places: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.places.add(value)
            if name in ("href", "src") and value:
                (self.links if tag == "a" else self.loaded).append(value)


@pytest.fixture(scope="module")
def site(seeds_in_prod: Platform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the seeds in prod, built as users build it."""
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [*launcher.call(), "docs", "--folder", folder / "site"],
        env=seeds_in_prod.environment(),
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return (folder / "site").resolve()


def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = {path: Links(path) for path in site.rglob("*.html") if path.name != "404.html"}
    assert len(pages) > 45
    broken = []
    for page, found in pages.items():
        assert not [loaded for loaded in found.loaded if re.match(r"(https?:)?//", loaded)]
        for link in found.links + found.loaded:
            path, _, place = unquote(link).partition("#")
            if re.match(r"[a-z]+:", link):
                continue
            target = (page.parent / path).resolve() if path else page
            if not target.is_file() or (
                place and target in pages and place not in pages[target].places
            ):
                broken.append(f"{page.relative_to(site)}: {link}")
    assert not broken


def test_search_finds_a_column_and_leads_to_it(site: Path, open_page: Open) -> None:
    page = open_page((site / "index.html").as_uri())
    page.locator(".md-search__input").click()
    page.keyboard.type("engagement_rank")
    result = page.locator(".md-search-result__link").first
    result.wait_for()
    result.click()
    page.wait_for_url("**/models/analytics/top_users_by_engagement.html**")


def test_a_column_is_followed_by_clicking_back_to_the_delivery(
    site: Path, open_page: Open, screenshots: Path
) -> None:
    """From gold.fct_watches.rating, each time to what it is computed from."""
    page = open_page((site / FACT).as_uri())
    page.screenshot(path=screenshots / "site-model.png")
    column, visited = "rating", [FACT]
    while not page.url.split("#")[0].endswith(DELIVERED):
        row = page.locator(f"tr:has(#{column})")
        row.locator("td:nth-child(4) a").first.click()
        page.wait_for_url(f"**#{column}")
        visited.append(page.url)
        assert len(visited) < 12, visited
    assert page.locator("h1").inner_text().startswith("bronze.raw_ratings")
    assert page.locator("tr:has(#rating) td:nth-child(4) a").count() == 0
    assert len(visited) > 3

    page.goto((site / FACT).as_uri())
    page.locator("#trail-rating summary").click()
    assert page.locator("#trail-rating").get_by_text("bronze.raw_ratings.rating").is_visible()


def test_a_box_of_the_diagram_leads_to_its_model(
    site: Path, open_page: Open, screenshots: Path
) -> None:
    page = open_page((site / "models/index.html").as_uri())
    page.screenshot(path=screenshots / "site-models.png")
    page.get_by_role("link", name="gold.fct_watches", exact=True).first.click()
    page.wait_for_url(f"**/{FACT}")


def test_dark_mode_by_the_system_and_by_the_button(
    site: Path, open_page: Open, screenshots: Path
) -> None:
    page = open_page((site / FACT).as_uri(), color_scheme="dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.screenshot(path=screenshots / "site-model-dark.png")
    page.get_by_title("Switch to light mode").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    page.goto((site / "rules.html").as_uri())
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("path", LOOKED_AT)
def test_pages_are_accessible_on_screen_and_on_a_phone(
    site: Path,
    open_page: Open,
    accessible: Callable[[Page], None],
    screenshots: Path,
    path: str,
    color_scheme: str,
) -> None:
    page = open_page((site / path).as_uri(), color_scheme=color_scheme)
    accessible(page)
    page.set_viewport_size(PHONE)
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    if color_scheme == "light":
        page.screenshot(path=screenshots / f"phone-{path.replace('/', '-')}.png")


def test_a_model_is_reached_by_keyboard(site: Path, open_page: Open) -> None:
    page = open_page((site / "models/index.html").as_uri())
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == "gold.fct_watches":
            break
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{FACT}")


def test_rules_are_shown(site: Path, open_page: Open, screenshots: Path) -> None:
    page = open_page((site / "rules.html").as_uri())
    assert page.get_by_role("cell", name="completion_pct_out_of_range").count() == 1
    page.locator("#watches").scroll_into_view_if_needed()
    page.screenshot(path=screenshots / "site-rules.png")
