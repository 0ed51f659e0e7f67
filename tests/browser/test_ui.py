"""SQLMesh's UI in a browser: catalog, lineage, a plan for dev, a query.

It asks one other machine for a formatter and some icons; here it gets none and works without.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from conftest import SIZE, refuse_elsewhere, served
from harness import PROJECT, Platform, checkout

from operations import launcher

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WITHIN = 180_000  # milliseconds, for what takes ten seconds on a quiet machine
CHANGE = ("Excellent", "Superb")
ELSEWHERE = "https://cdn.jsdelivr.net/"
WATCHES = "SELECT COUNT(*) AS counted FROM streaming_prod.gold.fct_watches"
pytestmark = pytest.mark.slow


class Ui(NamedTuple):
    """The platform, and the UI of its checkout, which has the databases to itself.

    `watches` are the rows of gold.fct_watches in prod.
    """

    platform: Platform
    watches: int
    origin: str
    address: str
    process: subprocess.Popen[str]


@contextmanager
def started(platform: Platform, log: Path, *options: str) -> Iterator[Ui]:
    """The UI of a platform, for as long as it is used."""
    ((watches,),) = platform.query(WATCHES)
    command = [*launcher.call(platform.project), "ui", *options]
    with served(command, platform, log) as server:
        yield Ui(platform, watches, *server)


@pytest.fixture(scope="module")
def platform(seeds_in_prod: Platform, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """The seeds in prod, and a checkout in which a model of gold is changed since."""
    project = checkout(tmp_path_factory.mktemp("ui"))
    shutil.copytree(PROJECT / "tests" / "unit", project / "tests" / "unit")
    seeds_in_prod.project = project
    for part in ("models/gold/dim_shows.sql", "tests/unit/test_gold_dim_shows.yaml"):
        text = (project / part).read_text()
        assert CHANGE[0] in text
        (project / part).write_text(text.replace(*CHANGE))
    return seeds_in_prod


@pytest.fixture(scope="module")
def ui(platform: Platform) -> Iterator[Ui]:
    """The UI as `streaming ui` starts it."""
    with started(platform, platform.data / "ui.log") as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=SIZE)
    context.set_default_timeout(WITHIN)
    refused = refuse_elsewhere(context)
    yield context.new_page()
    context.close()
    assert not [address for address in refused if not address.startswith(ELSEWHERE)]


def entered(page: Page, ui: Ui, path: str) -> None:
    """Opens a page of the UI as somebody who has the address that the terminal showed."""
    page.goto(ui.address)
    page.wait_for_url(lambda url: "token" not in url)
    page.goto(ui.origin + path)


def settled(page: Page) -> None:
    """Waits until the plan that the UI makes by itself is there, and has faded in."""
    page.get_by_text("Plan", exact=True).first.wait_for()
    page.wait_for_timeout(1000)


def test_the_catalog_leaves_the_databases_to_others(
    platform: Platform, page: Page, screenshots: Path, tmp_path: Path
) -> None:
    with started(platform, tmp_path / "log", "--mode", "catalog") as catalog:
        page.goto(catalog.address)
        page.get_by_text("monthly_viewing_trend").first.wait_for()
        page.get_by_text("Welcome to the Data Catalog").wait_for()
        page.screenshot(path=screenshots / "ui-catalog.png")
        assert page.get_by_text("Environment:").count() == 0  # no plans here
        assert platform.command("environments").returncode == 0


def test_catalog_and_lineage_of_a_model(ui: Ui, page: Page, screenshots: Path) -> None:
    entered(page, ui, "/data-catalog/models/gold.fct_watches")
    page.get_by_text("Model Details").wait_for()
    for name in ("held_watches", "fct_watches", "top_users_by_engage"):
        page.get_by_text(name).first.wait_for()
    for name in ("silver.watches", "silver.users_history", "analytics.monthly_viewing_trend"):
        page.locator(".react-flow__node").get_by_text(name, exact=True).first.wait_for()
    settled(page)
    page.mouse.move(791, 516)  # the bar above the lineage
    page.mouse.down()
    page.mouse.move(791, 330, steps=5)
    page.mouse.up()
    page.screenshot(path=screenshots / "ui-lineage.png")


def test_others_find_the_databases_locked(ui: Ui, page: Page) -> None:
    entered(page, ui, "/plan")
    settled(page)
    other = ui.platform.command("environments")
    assert other.returncode == 1 and "is in use by another command" in other.stdout + other.stderr


def test_a_query_is_run(ui: Ui, page: Page, screenshots: Path) -> None:
    entered(page, ui, "/editor")
    editor = page.locator(".cm-content").first
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.type(WATCHES)
    page.locator("button:has(svg)").last.click()
    page.get_by_role("button", name="Run Query").click()
    cell = page.locator("table tbody td").last
    cell.wait_for()
    page.screenshot(path=screenshots / "ui-query.png")
    assert int(cell.inner_text()) == ui.watches


def test_a_changed_model_is_planned_and_applied_to_dev(
    ui: Ui, page: Page, screenshots: Path
) -> None:
    entered(page, ui, "/plan")
    page.wait_for_url("**/plan/environments/dev")  # nobody has chosen it: it begins there
    page.get_by_text("streaming_dev.gold__dev.dim_shows").first.wait_for()
    page.get_by_text("Breaking Change").wait_for()
    page.get_by_text("Tests Skipped").wait_for()  # so far: who applies, runs them
    settled(page)
    page.screenshot(path=screenshots / "ui-plan.png")
    page.get_by_role("button", name="Apply Changes And Backfill").click()
    page.get_by_text("Environment Promoted").wait_for()
    page.get_by_text("Tests Completed").wait_for()
    page.screenshot(path=screenshots / "ui-applied.png")
    ui.process.terminate()  # the databases are locked until then
    ui.process.wait(20)
    tiers = "SELECT DISTINCT quality_tier FROM {}.dim_shows ORDER BY ALL"
    in_dev = ui.platform.query(tiers.format("streaming_dev.gold__dev"))
    in_prod = ui.platform.query(tiers.format("streaming_prod.gold"))
    assert ("Superb",) in in_dev and ("Excellent",) not in in_dev
    assert ("Excellent",) in in_prod and ("Superb",) not in in_prod
