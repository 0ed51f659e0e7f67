"""Pages of strangers, open in the browser beside the UI, the dashboard and the site.

The person at the browser has given each the token, so that the browser has the cookie.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import STRANGER, Served, served
from harness import Platform, checkout

from operations import launcher

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

MODEL = "models/gold/dim_shows.sql"
EMPTIED = json.dumps({"content": ""})
PLANNED = json.dumps({"environment": "stolen"})
WRITES = [
    ["POST", f"/api/files/{MODEL}", EMPTIED],
    ["POST", "/api/files/stolen.sql", EMPTIED],
    ["POST", "/api/directories/stolen", "{}"],
    ["POST", "/api/plan", PLANNED],
    ["POST", "/api/commands/apply", PLANNED],
    ["DELETE", f"/api/files/{MODEL}", ""],
    ["DELETE", "/api/environments/prod", ""],
]
NAMES = ("localhost", "127.0.0.1", STRANGER)  # of its origin; that in the middle gets the cookie
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[int]:
    """The port of a server of the stranger's page."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(Path(__file__).parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of the person's browser."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


def strangers(page: Page, server: Served, elsewhere: int, **what: Any) -> dict[str, Any]:
    """What pages of each origin could read of a server that the browser has the token of."""
    page.goto(server.address)
    assert page.url == f"{server.origin}/"
    page.wait_for_load_state()
    read = {}
    for name in NAMES:
        page.goto(f"http://{name}:{elsewhere}/stranger.html")
        found = page.evaluate("([server, what]) => tried(server, what)", [server.origin, what])
        read |= {f"{name}: {way}": told for way, told in found.items()}
        framed = [frame.inner_text("body") for frame in page.frames if frame.parent_frame]
        assert framed and all(text.startswith("Refused: a page of") for text in framed), framed
    return read


def rebound(page: Page, server: Served) -> int | None:
    """The status that a stranger's name gets, which leads to the server."""
    answer = page.goto(server.origin.replace("127.0.0.1", STRANGER))
    return answer and answer.status


def test_a_stranger_changes_nothing_by_the_ui(
    seeds_in_prod: Platform, page: Page, elsewhere: int, tmp_path: Path
) -> None:
    project = checkout(tmp_path / "project")
    before = {path: path.read_bytes() for path in project.rglob("*.*") if ".cache" not in str(path)}
    command = [*launcher.call(project), "ui"]
    with served(command, seeds_in_prod, tmp_path / "log") as ui:
        what = {"reads": ["/", "/api/models", "/assets/", "/health"], "writes": WRITES}
        read = strangers(page, ui, elsewhere, **what, socket=None)
        assert set(read.values()) == {None}, read
        assert rebound(page, ui) == 403
        assert {path: path.read_bytes() for path in before} == before
        assert not list(project.glob("*stolen*"))
        environments = page.request.get(f"{ui.origin}/api/environments").json()["environments"]
        assert list(environments) == ["prod"]

        # All of this can be done, by the page itself.
        page.goto(ui.origin)
        write = "([method, path, body]) => fetch(path, {method, body}).then(a => a.status)"
        assert page.evaluate(write, WRITES[0]) == 204
        assert (project / MODEL).read_bytes() == b""


def test_a_stranger_reads_nothing_of_the_dashboard(
    seeds_in_prod: Platform, page: Page, elsewhere: int, tmp_path: Path
) -> None:
    socket = "/ws?session_id=s_strang"
    with served([*launcher.call(), "dashboard"], seeds_in_prod, tmp_path / "log") as dashboard:
        writes = [["POST", "/api/kernel/instantiate", "{}"]]
        what = {"reads": ["/", "/health"], "writes": writes, "socket": socket}
        read = strangers(page, dashboard, elsewhere, **what)
        assert set(read.values()) == {None}, read
        assert rebound(page, dashboard) == 403
        page.goto(dashboard.origin)
        page.get_by_role("heading", name="were watched in Jan 2026").wait_for(timeout=60_000)


def test_a_stranger_reads_nothing_of_the_site(
    seeds_in_prod: Platform, page: Page, elsewhere: int, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text("<h1>The site</h1>")
    command = [*launcher.call(), "docs", "serve", "--folder", str(site)]
    with served(command, seeds_in_prod, tmp_path / "log") as server:
        read = strangers(page, server, elsewhere, reads=["/"], writes=[], socket=None)
        assert set(read.values()) == {None}, read
        assert rebound(page, server) == 403
        page.goto(server.origin)
        page.get_by_role("heading", name="The site").wait_for()
