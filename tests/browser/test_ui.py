"""SQLMesh's UI in a browser: catalog, lineage, a plan for dev, a query.

It asks another machine for a formatter and some icons; here it gets none and works without.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from conftest import NEAR, SIZE, free_port, wait_for
from harness import PROJECT, Platform, checkout

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LAST = date(2026, 2, 20)
WITHIN = 60_000  # milliseconds, for what takes ten seconds
CHANGE = ("Excellent", "Superb")
pytestmark = pytest.mark.slow


class Ui(NamedTuple):
    """The platform, and the address of the UI of its checkout; it has the databases to itself."""

    platform: Platform
    address: str
    process: subprocess.Popen[str]


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    """The seeds in prod, and a checkout in which a model of gold is changed since."""
    folder = tmp_path_factory.mktemp("ui")
    project = checkout(folder / "checkout")
    shutil.copytree(PROJECT / "tests" / "unit", project / "tests" / "unit")
    platform = Platform(folder / "platform", project=project, STREAMING_LANDING="")
    platform.plan(LAST)
    for part in ("models/gold/dim_shows.sql", "tests/unit/test_gold_dim_shows.yaml"):
        text = (project / part).read_text()
        assert CHANGE[0] in text
        (project / part).write_text(text.replace(*CHANGE))
    port = free_port()
    process = subprocess.Popen(
        [Path(sys.executable).with_name("sqlmesh"), "ui", "--port", str(port)],
        cwd=project,
        env=platform.environment(),
        stdout=(folder / "log").open("w"),
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/", process)
        yield Ui(platform, f"http://127.0.0.1:{port}", process)
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=SIZE)
    context.route(lambda address: not address.startswith(NEAR), lambda route: route.abort())
    context.set_default_timeout(WITHIN)
    yield context.new_page()
    context.close()


def test_catalog_and_lineage_of_a_model(ui: Ui, page: Page, screenshots: Path) -> None:
    page.goto(f"{ui.address}/data-catalog/models/gold.fct_watches")
    page.get_by_text("Model Details").wait_for()
    for name in ("held_watches", "fct_watches", "top_users_by_engage"):
        page.get_by_text(name).first.wait_for()
    for name in ("silver.watches", "silver.users_history", "analytics.monthly_viewing_trend"):
        page.locator(".react-flow__node").get_by_text(name, exact=True).first.wait_for()
    page.screenshot(path=screenshots / "ui-lineage.png")


def test_a_query_is_run(ui: Ui, page: Page, screenshots: Path) -> None:
    page.goto(f"{ui.address}/editor")
    editor = page.locator(".cm-content").first
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("SELECT COUNT(*) AS counted FROM streaming_prod.gold.fct_watches")
    page.locator("button:has(svg)").last.click()
    page.get_by_role("button", name="Run Query").click()
    cell = page.locator("table tbody td").last
    cell.wait_for()
    page.screenshot(path=screenshots / "ui-query.png")
    assert int(cell.inner_text()) == 368


def test_a_changed_model_is_planned_and_applied_to_dev(
    ui: Ui, page: Page, screenshots: Path
) -> None:
    page.goto(f"{ui.address}/plan")
    page.get_by_text("Environment:").click()
    page.get_by_placeholder("Environment").fill("dev")
    page.get_by_role("button", name="Add").click()
    page.get_by_text("streaming_dev.gold__dev.dim_shows").first.wait_for()
    page.get_by_text("Breaking Change").wait_for()
    page.screenshot(path=screenshots / "ui-plan.png")
    page.get_by_role("button", name="Apply Changes And Backfill").click()
    page.get_by_text("Environment Promoted").wait_for()
    page.screenshot(path=screenshots / "ui-applied.png")
    ui.process.terminate()
    ui.process.wait(20)
    tiers = "SELECT DISTINCT quality_tier FROM {}.dim_shows ORDER BY ALL"
    in_dev = ui.platform.query(tiers.format("streaming_dev.gold__dev"))
    in_prod = ui.platform.query(tiers.format("streaming_prod.gold"))
    assert ("Superb",) in in_dev and ("Excellent",) not in in_dev
    assert ("Excellent",) in in_prod and ("Superb",) not in in_prod
