"""Who is answered by what is served on this machine. tests/browser/ has the same with browsers."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from harness import Platform

from documentation import site
from operations import CommandError
from operations.local_server import Guard, serve

PORT = 8000
HERE = f"127.0.0.1:{PORT}"
COOKIE = f"streaming_{PORT}=secret"


def asked(
    path: str = "/", kind: str = "http", query: str = "", **headers: str
) -> tuple[int | str, dict[str, str]]:
    """The status of a request, or "let through" or "closed"; and the headers of the answer."""
    sent: list[dict[str, Any]] = []

    async def app(*_: Any) -> None:
        sent.append({"type": "", "status": "let through", "headers": []})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": kind,
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": [
            (name.replace("_", "-").encode(), value.encode())
            for name, value in ({"host": HERE} | headers).items()
        ],
    }
    asyncio.run(Guard(app, PORT, "secret")(scope, None, send))  # type: ignore[arg-type]
    if sent[0]["type"] == "websocket.close":
        return "closed", {}
    named = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], named


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": f"localhost:{PORT}"},
        {"origin": f"http://{HERE}"},
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},  # typed by a person
    ],
)
def test_its_own_pages_are_answered(kind: str, headers: dict[str, str]) -> None:
    assert asked("/api", kind, cookie=COOKIE, **headers)[0] == "let through"


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "headers",
    [
        {"cookie": ""},
        {"cookie": f"streaming_{PORT}=guess"},
        {"cookie": "streaming_8001=secret"},
        {"host": "stranger.example"},
        {"host": f"stranger.example:{PORT}"},
        {"host": "127.0.0.1"},
        {"host": ""},
        {"origin": "https://stranger.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},  # which has the cookie, too
        {"origin": f"http://localhost:{PORT}"},
        {"origin": f"https://{HERE}"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_strangers_are_not(kind: str, headers: dict[str, str]) -> None:
    refused = {"http": 403, "websocket": "closed"}[kind]
    assert asked("/api", kind, **{"cookie": COOKIE} | headers)[0] == refused


def test_the_token_becomes_a_cookie_that_leaves_this_server_by_no_way() -> None:
    status, headers = asked(query="token=secret")
    assert (status, headers["location"]) == (303, "/")
    name, *attributes = headers["set-cookie"].split("; ")
    assert name == COOKIE
    assert {"HttpOnly", "SameSite=strict"} <= set(attributes)
    for query in ("", "token=", "token=guess", "token=sécret"):
        status, headers = asked(query=query)
        assert status == 403 and "set-cookie" not in headers
    assert asked(query="token=secret", host="stranger.example")[0] == 403


def test_what_a_page_remembers_is_given_to_its_browser() -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"token=secret",
        "headers": [(b"host", HERE.encode())],
    }
    guard = Guard(None, PORT, "secret", {"profile": {"name": "dev"}})  # type: ignore[arg-type]
    asyncio.run(guard(scope, None, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 200 and b"set-cookie" in dict(sent[0]["headers"])
    assert sent[1]["body"].decode() == (
        '<!doctype html><script>localStorage.setItem("profile", "{\\"name\\": \\"dev\\"}");'
        "location.replace('/')</script>"
    )


def test_a_port_that_another_has() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CommandError, match=rf"^Port {port} cannot be had .* --port$"):
            serve(None, port)  # type: ignore[arg-type]


def test_a_site_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=f"no site in {tmp_path}"):
        site.serve(tmp_path, PORT)


def test_the_ui_of_a_prod_that_others_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[object] = []
    monkeypatch.setattr("operations.local_server.serve", lambda app, port, _: served.append(port))
    monkeypatch.setattr("operations.sqlmesh_internals.ui_app", lambda *_: object())
    shared = Platform(
        tmp_path,
        DATABRICKS_HOST="adb-1.azuredatabricks.net",
        DATABRICKS_HTTP_PATH="/sql/1.0/warehouses/1",
        DATABRICKS_TOKEN="token",
    )
    refused = shared.streaming("ui", "--gateway", "databricks")
    assert refused.exit_code == 1 and not served
    assert "`streaming ui --shared` opens it all the same" in refused.stderr.splitlines()[-1]
    assert shared.streaming("ui", SQLMESH__DEFAULT_GATEWAY="databricks").exit_code == 1
    assert not served
    assert shared.streaming("ui", "--gateway", "databricks", "--shared").exit_code == 0
    assert shared.streaming("ui", "--port", "8003").exit_code == 0
    assert served == [8000, 8003]
