"""The documentation site in a browser: search, lineage, dark, phone, no network."""

from __future__ import annotations

import itertools
import json
import random
import re
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from conftest import Open
from harness import Platform, draws

from documentation.graph import DATA, script
from operations import launcher

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

FACT = "models/gold/fct_watches.html"
DELIVERED = "models/bronze/raw_ratings.html"
LINEAGE = "lineage.html"
LOOKED_AT = (
    *("index.html", "models/index.html", FACT, "models/quarantine/watches.html", LINEAGE),
    *("rules.html", "landing.html", "last-run.html", "dashboard/index.html", "guide.html"),
)
WIDTHS = (1920, 1366, 768, 390)
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


@pytest.fixture(scope="module")
def models(site: Path) -> dict[str, Any]:
    """What the site's graph knows: its models by name."""
    return json.loads((site / DATA).read_text().partition("=")[2])


def drawn(page: Page) -> Locator:
    """The graph of a page, as soon as it is drawn."""
    graph = page.locator(".lineage[data-drawn]")
    graph.wait_for()
    return graph


def lit(page: Page) -> set[str]:
    """The models that are lit in the graph."""
    return set(
        drawn(page).evaluate(
            "each => each.graph.nodes().not('.rest, .away').map(node => node.id())"
        )
    )


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
            is_there = not place or place.startswith("only-") or target.name == LINEAGE
            if not target.is_file() or (
                not is_there and target in pages and place not in pages[target].places
            ):
                broken.append(f"{page.relative_to(site)}: {link}")
    assert not broken


def test_every_page_has_the_navigation(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert 'class="md-tabs"' in text and "data-md-toggle" in text, page


def searched(page: Page, text: str) -> list[str]:
    """The pages and places that the search finds, the first ones, in its order."""
    said = page.locator(".md-search-result__meta")
    for typed, answer in (("", "Type to start searching"), (text, "matching")):
        page.locator(".md-search__input").fill(typed)
        page.locator(".md-search__input").dispatch_event("keyup")  # which Material waits for
        said.filter(has_text=answer).wait_for(state="attached")
    found = page.locator(".md-search-result__link").evaluate_all(
        "all => all.map(each => each.href)"
    )
    return [re.sub(r"\?[^#]*", "", address).partition("/site/")[2] for address in found]


@pytest.fixture
def searching(site: Path, open_page: Open) -> Page:
    """The front page, with the search opened."""
    page = open_page((site / "index.html").as_uri())
    page.locator(".md-search__input").click()
    return page


def test_search_finds_each_model_first_by_its_name_and_by_a_part(
    models: dict[str, Any], searching: Page
) -> None:
    names = [name.rpartition(".")[2] for name in models]
    missed = {}
    for model, name in zip(models, names, strict=True):
        address = f"models/{model.replace('.', '/')}.html"
        by_name = searched(searching, model)
        if by_name[:1] != [address]:
            missed[model] = by_name[:3]
        for part in {name, name[: len(name) // 2 + 2]}:
            found = searched(searching, part)
            if names.count(name) == 1 and part == name and found[:1] != [address]:
                missed[part] = found[:3]
            if not found[0].startswith("models/") or "#" in found[0]:
                missed[part] = found[:3]
    assert not missed


def test_search_finds_each_column_and_says_what_it_is(
    models: dict[str, Any], searching: Page
) -> None:
    missed = {}
    for column in {column for model in models.values() for column in model["columns"]}:
        found = searched(searching, column)
        if not [f for f in found if f.startswith("models/") and f.endswith(f"#{column}")]:
            missed[column] = found[:3]
    assert not missed
    for model in ("gold.fct_watches", "silver.users_history"):
        for column in models[model]["columns"]:
            found = searched(searching, f"{model}.{column}")
            address = f"models/{model.replace('.', '/')}.html"
            assert found[0] == address and f"{address}#{column}" in found, found
    searched(searching, "engagement_rank")
    first = searching.locator(".md-search-result__item").first
    assert set(first.locator(".md-tag").all_inner_texts()) == {"model", "analytics"}
    assert "Column." in first.inner_text()
    first.locator("a[href*='#engagement_rank']").click()
    searching.wait_for_url("**/models/analytics/top_users_by_engagement.html**#engagement_rank")


def test_a_column_is_followed_by_clicking_back_to_the_delivery(
    site: Path, open_page: Open, screenshots: Path
) -> None:
    """From gold.fct_watches.rating, each time to what it is computed from."""
    page = open_page((site / FACT).as_uri())
    drawn(page)
    page.screenshot(path=screenshots / "site-model.png")
    visited = [FACT]
    while not page.url.split("#")[0].endswith(DELIVERED):
        page.locator("tr:has(#rating) [data-label='Computed from'] a").first.click()
        page.wait_for_url("**#rating")
        visited.append(page.url)
        assert len(visited) < 12, visited
    assert page.locator("h1").inner_text().startswith("bronze.raw_ratings")
    assert page.locator("tr:has(#rating) [data-label='Computed from'] a").count() == 0
    assert len(visited) > 3


def test_the_heading_of_a_table_stays_and_outcomes_are_seen(site: Path, open_page: Open) -> None:
    page = open_page((site / FACT).as_uri(), viewport={"width": 1366, "height": 768})
    page.locator("#user_country").scroll_into_view_if_needed()
    page.evaluate("window.scrollBy(0, 200)")
    heading = page.get_by_role("columnheader", name="Used by").bounding_box()
    assert heading and 0 < heading["y"] < 100
    for outcome in page.locator(".outcome").all():
        box = outcome.bounding_box()
        assert box and 0 < box["x"] and box["x"] + box["width"] < 1366
    for text in page.locator(".columns p").all():
        box = text.bounding_box()
        assert box and box["width"] > 300


def test_on_a_phone_each_row_is_a_card(site: Path, open_page: Open) -> None:
    page = open_page((site / FACT).as_uri(), viewport={"width": 390, "height": 844})
    [above, below] = [
        page.locator("tr:has(#user_id) [data-label]").nth(n).bounding_box() for n in (0, 1)
    ]
    assert above and below and below["y"] >= above["y"] + above["height"]
    assert not page.locator(".columns thead").is_visible()


# ------------------------------------------------------------------ the lineage


def test_the_graph_has_all_models(site: Path, models: dict[str, Any], open_page: Open) -> None:
    page = open_page((site / LINEAGE).as_uri())
    drawn(page)
    assert lit(page) == set(models)


def related(models: dict[str, Any], model: str) -> set[str]:
    """A model, all that it depends on and all that depends on it."""
    up, down = [model], [model]
    for each in up:
        up += [above for above in models[each]["reads"] if above not in up]
    for each in down:
        down += [n for n, other in models.items() if each in other["reads"] and n not in down]
    return {*up, *down}


def test_a_model_is_found_in_the_graph_and_its_lineage_lit(
    site: Path, models: dict[str, Any], open_page: Open, screenshots: Path
) -> None:
    page = open_page((site / LINEAGE).as_uri())
    drawn(page)
    find = page.get_by_label("Model or column")
    find.fill("fct_wat")
    find.press("Enter")
    page.locator(".told strong", has_text="gold.fct_watches").wait_for()
    assert lit(page) == related(models, "gold.fct_watches") < set(models)
    page.screenshot(path=screenshots / "site-lineage.png")
    page.get_by_text(f"Columns: {len(models['gold.fct_watches']['columns'])}").click()
    page.get_by_role("button", name="Light gold.fct_watches.rating", exact=True).click()
    assert lit(page) == {f"bronze.{n}" for n in ("raw_ratings", "delivered_ratings")} | {
        *("silver.ratings", "gold.fct_watches")
    }
    shown = "each => each.graph.getElementById('silver.ratings').data('label')"
    assert drawn(page).evaluate(shown) == "silver.\nratings\nrating"
    page.get_by_role("button", name="Show all").click()
    assert lit(page) == set(models)
    page.goto((site / LINEAGE).as_uri() + "#silver.users.country")
    page.reload()
    drawn(page)
    page.locator(".told strong", has_text="silver.users.country").wait_for()
    page.get_by_role("link", name="Open its page").click()
    page.wait_for_url("**/models/silver/users.html#country")


def test_the_graph_is_zoomed_and_panned_by_hand(site: Path, open_page: Open) -> None:
    page = open_page((site / LINEAGE).as_uri())
    graph = drawn(page)
    zoom, pan = "each => each.graph.zoom()", "each => each.graph.pan()"
    before, place = graph.evaluate(zoom), graph.evaluate(pan)
    page.get_by_role("button", name="Zoom in").click()
    nearer = graph.evaluate(zoom)
    assert nearer > before
    box = page.locator(".graph").bounding_box()
    assert box
    page.mouse.move(box["x"] + 8, box["y"] + 8)
    page.mouse.wheel(0, 240)
    page.wait_for_function(
        "before => document.querySelector('.lineage').graph.zoom() < before", arg=nearer
    )
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 90, steps=4)
    page.mouse.up()
    assert graph.evaluate(pan) != place


def test_a_box_beside_a_model_leads_to_its_page(site: Path, open_page: Open) -> None:
    page = open_page((site / FACT).as_uri())
    at = drawn(page).evaluate(
        "each => each.graph.getElementById('silver.watches').renderedPosition()"
    )
    page.locator(".graph").click(position=at)
    page.wait_for_url("**/models/silver/watches.html")


def many(count: int, columns: int) -> dict[str, Any]:
    """A graph of so many models, drawn with a seed: each reads up to three of those before it."""
    drawn_with = random.Random(22)
    layers = ("bronze", "silver", "gold", "analytics")
    made: dict[str, Any] = {}
    for number in range(count):
        before = list(made)[-60:]
        reads = sorted(set(drawn_with.choices(before, k=1 + number % 3))) if before else []
        made[f"{layers[number * len(layers) // count]}.model_{number}"] = {
            "reads": reads,
            "helper": False,
            "columns": {f"c{n}": [f"{above}.c{n}" for above in reads[:1]] for n in range(columns)},
        }
    return made


def test_the_graph_works_with_a_thousand_models(
    site: Path, open_page: Open, tmp_path: Path
) -> None:
    models = many(1000, 8)
    for part in (LINEAGE, "assets", "javascripts", "stylesheets"):
        (tmp_path / part).symlink_to(site / part)
    (tmp_path / DATA).parent.mkdir()
    (tmp_path / DATA).write_text(script(models))
    page = open_page((tmp_path / LINEAGE).as_uri())
    page.locator(".lineage[data-drawn]").wait_for(timeout=60_000)
    assert lit(page) == set(models)
    find = page.get_by_label("Model or column")
    find.fill("model_700")
    find.press("Enter")
    page.locator(".told strong", has_text="gold.model_700").wait_for()
    assert lit(page) == related(models, "gold.model_700")
    find.fill("gold.model_700.c3")
    page.locator(".told strong", has_text="gold.model_700.c3").wait_for()
    assert 1 < len(lit(page)) <= len(related(models, "gold.model_700"))


# ------------------------------------------------------------------ for everyone


def test_dark_mode_by_the_system_and_by_the_button(
    site: Path, open_page: Open, screenshots: Path
) -> None:
    page = open_page((site / FACT).as_uri(), color_scheme="dark")
    colour = "each => each.graph.nodes()[0].style('background-color')"
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    dark_box = drawn(page).evaluate(colour)
    page.screenshot(path=screenshots / "site-model-dark.png")
    page.get_by_title("Switch to light mode").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    assert drawn(page).evaluate(colour) != dark_box
    page.goto((site / "rules.html").as_uri())
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark


@pytest.mark.parametrize("path", LOOKED_AT)
def test_pages_fit_each_width(site: Path, open_page: Open, path: str) -> None:
    page = open_page((site / path).as_uri())
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width


def test_pages_are_accessible(
    site: Path, open_page: Open, accessible: Callable[[Page], None], screenshots: Path
) -> None:
    """Some pages, each at a width and in a colour scheme."""
    seen = [*itertools.product(LOOKED_AT, WIDTHS, ("light", "dark"))]
    for path, width, color_scheme in random.sample(seen, min(draws(4), len(seen))):
        page = open_page((site / path).as_uri(), color_scheme=color_scheme)
        page.set_viewport_size({"width": width, "height": 900})
        accessible(page)
        page.screenshot(path=screenshots / f"{path.replace('/', '-')}-{width}-{color_scheme}.png")


def test_a_model_is_reached_by_keyboard(site: Path, open_page: Open) -> None:
    page = open_page((site / LINEAGE).as_uri())
    drawn(page)
    page.get_by_label("Model or column").focus()
    page.keyboard.type("gold.fct_watches")
    page.locator(".told strong", has_text="gold.fct_watches").wait_for()
    for _ in range(8):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText") == "Open its page":
            break
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{FACT}")


def test_rules_are_shown(site: Path, open_page: Open, screenshots: Path) -> None:
    page = open_page((site / "rules.html").as_uri())
    assert page.get_by_role("rowheader", name="completion_pct_out_of_range").count() == 1
    page.locator("#watches").scroll_into_view_if_needed()
    page.screenshot(path=screenshots / "site-rules.png")
