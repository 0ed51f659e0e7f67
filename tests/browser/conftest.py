"""A browser for the tests of what people look at: Chromium, driven by Playwright."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from harness import PROJECT, Platform, tier_lacks

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Route

NAMES = ("chromium", "chromium-browser", "google-chrome")
SIZE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")
NEAR = ("file:", "data:", "blob:", "about:", "http://127.0.0.1:", "ws://127.0.0.1:")
STRANGER = "stranger.test"  # a name that leads to this machine
STRANGER_IS_HERE = f"host-resolver-rules=MAP {STRANGER} 127.0.0.1"
WITHIN = 60  # seconds, for a server that starts

Open = Callable[..., "Page"]


class Served(NamedTuple):
    """Its origin, the address with the token that the terminal shows, and the process."""

    origin: str
    address: str
    process: subprocess.Popen[str]


@pytest.fixture(scope="module")  # Playwright's loop is in the way of tests that run their own
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if not found or not find_spec("playwright"):
        tier_lacks(f"The browser tier needs the package playwright and one of {', '.join(NAMES)}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu", f"--{STRANGER_IS_HERE}"]
        )
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Opens an address in a page of its own, by `color_scheme` and more of Playwright's options.

    Nothing may be asked of another machine: a test in which a page did so fails.
    """
    contexts, elsewhere = [], []

    def opened(address: str, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": SIZE, "reduced_motion": "reduce", **options})
        elsewhere.append(refuse_elsewhere(context))
        contexts.append(context)
        page = context.new_page()
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not any(elsewhere), elsewhere


def refuse_elsewhere(context: BrowserContext) -> list[str]:
    """Refuses what the pages of a context ask of other machines; their addresses, as they come."""
    refused = []

    def refuse(route: Route) -> None:
        refused.append(route.request.url)
        route.abort()

    context.route(lambda address: not address.startswith(NEAR), refuse)
    return refused


@pytest.fixture(scope="session")
def accessible() -> Callable[[Page], None]:
    """Asserts that axe finds no error of accessibility on a page as it is now."""
    from axe_playwright_python.sync_playwright import Axe

    axe = Axe()

    def check(page: Page) -> None:
        found = axe.run(page, options={"runOnly": {"type": "tag", "values": list(RULES)}})
        said = [
            f"{broken['id']}: {broken['help']}: {node['target']} {node['html'][:200]}"
            for broken in found.response["violations"]
            for node in broken["nodes"]
        ]
        assert not said, "\n".join([page.url, *said])

    return check


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures are put: in docs/ for keeping with STREAMING_WRITE_PICTURES=1."""
    if os.environ.get("STREAMING_WRITE_PICTURES") != "1":
        return tmp_path_factory.mktemp("pictures")
    folder = PROJECT / "docs" / "pictures"
    folder.mkdir(exist_ok=True)
    return folder


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextmanager
def served(command: list[str], platform: Platform, log: Path) -> Iterator[Served]:
    """What a command of `streaming` serves, for as long as it is used; `log` gets what it says."""
    port = free_port()
    process = subprocess.Popen(
        [*command, "--port", str(port)],
        cwd=PROJECT,
        env=platform.environment(),
        stdout=log.open("w"),
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        end = time.monotonic() + WITHIN
        while not (said := re.search(r"Open (http://\S+) until Ctrl-C\n", log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, f"It was not there within {WITHIN} s."
            time.sleep(0.2)
        yield Served(f"http://127.0.0.1:{port}", said[1], process)
    finally:
        process.terminate()
        process.wait(20)
