"""The dashboard in a browser: the app draws what SQL gives, the exported page suits everyone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import PHONE, Open, served
from harness import Platform

from dashboard.export import export
from operations import launcher

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow
# The page's ground as red, green and blue, in whatever form its style says it.
GROUND = """() => {
    const drawn = document.createElement("canvas").getContext("2d");
    drawn.fillStyle = getComputedStyle(document.body).backgroundColor;
    drawn.fillRect(0, 0, 1, 1);
    return [...drawn.getImageData(0, 0, 1, 1).data].slice(0, 3);
}"""


@pytest.fixture(scope="module")
def app(seeds_in_prod: Platform) -> Iterator[str]:
    """The address of the running app."""
    command = [*launcher.call(), "dashboard"]
    with served(command, seeds_in_prod, seeds_in_prod.folder / "dashboard.log") as server:
        yield server.address


def test_the_app_draws_the_numbers_of_sql(
    seeds_in_prod: Platform, app: str, open_page: Open, screenshots: Path
) -> None:
    page = open_page(app)
    page.get_by_role("heading", name="were watched in Jan 2026").wait_for(timeout=60_000)
    marks = page.locator("[aria-roledescription='point']")
    months = seeds_in_prod.query(
        "SELECT COUNT(DISTINCT DATE_TRUNC('month', watch_date)) "
        "FROM streaming_prod.gold.fct_watches"
    )
    of_both = 2 * months[0][0]  # of hours watched, and of the mean rating below
    marks.nth(of_both - 1).wait_for()
    assert marks.count() == of_both
    for (rating,) in seeds_in_prod.query(
        "SELECT DISTINCT ROUND(AVG(rating), 2) FROM streaming_prod.gold.fct_ratings "
        "WHERE show_genre IS NOT NULL GROUP BY show_genre"
    ):
        page.get_by_text(f"{rating:.2f} in ").first.wait_for()
    page.screenshot(path=screenshots / "dashboard-viewing.png")

    page.get_by_role("tab", name="Data quality").click()
    for quarantined, delivered in seeds_in_prod.query(
        "SELECT quarantined, delivered FROM streaming_prod.quality.reconciliation"
    ):
        text = f"quarantined {quarantined:,} ({quarantined / delivered:.1%})"
        page.get_by_text(text).first.wait_for()
    page.screenshot(path=screenshots / "dashboard-quality.png")


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_a_choice_is_counted_as_by_sql(
    seeds_in_prod: Platform, app: str, open_page: Open, color_scheme: str
) -> None:
    [(watches, minutes)] = seeds_in_prod.query(
        "SELECT COUNT(*), SUM(minutes_watched) FROM streaming_prod.gold.fct_watches "
        "WHERE user_subscription_plan = 'basic' AND watch_date > DATE '2026-02-10' - 28"
    )
    page = open_page(app, color_scheme=color_scheme)
    page.get_by_label("Plan").select_option("basic", timeout=60_000)
    for text in (f"{watches:,}", f"{minutes / 60:,.0f}"):
        page.get_by_text(text, exact=True).locator("visible=true").first.wait_for()
    page.get_by_text("Numbers").locator("visible=true").first.click()
    page.get_by_role("button", name="Export").locator("visible=true").first.wait_for()
    assert (sum(page.evaluate(GROUND)) > 380) is (color_scheme == "light")
    for width in (390, 768, 1366, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)
        wider = """[...document.querySelectorAll("*")]
            .filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > innerWidth * 0.9)
            .map(e => e.tagName + "." + e.className + " " + e.scrollWidth)"""
        assert page.evaluate("document.documentElement.scrollWidth") <= width, page.evaluate(wider)
        assert not page.evaluate(wider), (width, page.evaluate(wider))


def test_a_show_is_chosen(
    seeds_in_prod: Platform, app: str, open_page: Open, screenshots: Path
) -> None:
    ((show_id, title, watches),) = seeds_in_prod.query(
        "SELECT show_id, title, COUNT(*) AS watches FROM streaming_prod.gold.fct_watches "
        "JOIN streaming_prod.gold.dim_shows USING (show_id) GROUP BY ALL ORDER BY watches, show_id "
        "LIMIT 1"
    )
    page = open_page(app)
    page.get_by_role("tab", name="Shows").click(timeout=60_000)
    page.locator("marimo-dropdown button").click()
    page.get_by_role("option", name=f"{title} ({show_id})").click()
    page.get_by_text(f"Watched {watches:,} time").locator("visible=true").first.wait_for()
    page.screenshot(path=screenshots / "dashboard-show.png")


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_the_exported_page_is_accessible_on_screen_and_on_a_phone(
    seeds_in_prod: Platform,
    tmp_path: Path,
    open_page: Open,
    accessible: Callable[[Page], None],
    screenshots: Path,
    color_scheme: str,
) -> None:
    with seeds_in_prod.context() as context:
        export(context, "prod", tmp_path)
    page = open_page((tmp_path / "index.html").as_uri(), color_scheme=color_scheme)
    broken = "[...document.images].filter(i => !i.complete || !i.naturalWidth).map(i => i.src)"
    assert page.evaluate(broken) == []
    accessible(page)
    page.screenshot(path=screenshots / f"dashboard-export-{color_scheme}.png")
    page.locator("summary").first.click()
    page.set_viewport_size(PHONE)
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
