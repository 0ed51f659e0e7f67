"""Pages that are served on this machine, to the browser of whoever started the command.

Any page in that browser can send requests to 127.0.0.1, a stranger's name can be made to lead
there (DNS rebinding), and other users of the machine reach the port too. So each request has to
come from the page itself, under a name of this machine, with a token that the terminal shows.
"""

from __future__ import annotations

import json
import logging
import secrets
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from operations import CommandError

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection
    from starlette.types import ASGIApp, Receive, Scope, Send

NAMES = ("127.0.0.1", "localhost")
PATIENCE = 3  # seconds for what is under way when the server is told to end


class Guard:
    """Stands before an ASGI application and lets through what its own pages ask, with the token.

    The token comes once in the address `/?token=...`, and from then on in a cookie.
    """

    def __init__(
        self, app: ASGIApp, port: int, token: str, remembered: Mapping[str, Any] | None = None
    ) -> None:
        self._app = app
        self._remembered = remembered or {}
        self._hosts = {f"{name}:{port}" for name in NAMES}
        self._cookie = f"streaming_{port}"  # browsers send one port's cookies to all
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or has the application answer it."""
        from starlette.requests import HTTPConnection
        from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
        from starlette.websockets import WebSocketClose

        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        answer: Response
        if stranger := self._stranger(request):
            answer = PlainTextResponse(f"Refused: {stranger}.\n", 403)
        elif scope["path"] == "/" and self._is_token(request.query_params.get("token")):
            answer = RedirectResponse("/", 303)
            if self._remembered:
                answer = HTMLResponse(_entrance(self._remembered))
            answer.set_cookie(self._cookie, self._token, httponly=True, samesite="strict")
        elif self._is_token(request.cookies.get(self._cookie)):
            await self._app(scope, receive, send)
            return
        else:
            said = "Paste the whole address that the terminal shows into the browser.\n"
            answer = PlainTextResponse(said, 403)
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
        else:
            await answer(scope, receive, send)

    def _stranger(self, request: HTTPConnection) -> str:
        """What tells that a request is not of this server's own pages; empty if nothing does."""
        host, origin = request.headers.get("host"), request.headers.get("origin")
        if host not in self._hosts:
            return "the request has another host's name"
        if origin not in (None, f"http://{host}"):
            return "a page of another origin asks"
        # Says what the origin does not: a picture or a frame in a page of another origin
        if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return "a page of another site asks"
        return ""

    def _is_token(self, given: str | None) -> bool:
        return secrets.compare_digest((given or "").encode(), self._token.encode())


def _entrance(remembered: Mapping[str, Any]) -> str:
    """A page that gives its browser something to remember, and goes on without the token."""
    lines = [
        f"localStorage.setItem({json.dumps(name)}, {json.dumps(json.dumps(value))});"
        for name, value in remembered.items()
    ]
    return f"<!doctype html><script>{''.join(lines)}location.replace('/')</script>"


def serve(app: ASGIApp, port: int, remembered: Mapping[str, Any] | None = None) -> None:
    """Serves an application on 127.0.0.1 until Ctrl-C; the terminal shows where, with the token.

    Args:
        remembered: What the application finds in the storage of its browser when it is opened.

    Raises:
        CommandError: The port cannot be had.
    """
    import uvicorn

    token = secrets.token_urlsafe()
    config = uvicorn.Config(
        Guard(app, port, token, remembered),
        log_level="warning",  # below, each request's address is shown
        timeout_graceful_shutdown=PATIENCE,
    )
    server = uvicorn.Server(config)
    # That it cuts off what a page has open, when it is told to end, is meant.
    logging.getLogger("uvicorn.error").addFilter(lambda _: not server.should_exit)
    try:
        listening = socket.create_server((NAMES[0], port))
    except OSError as error:
        raise CommandError(
            f"Port {port} cannot be had ({error.strerror}). Choose another one: --port"
        ) from error
    with listening:
        print(f"Open http://{NAMES[0]}:{port}/?token={token} until Ctrl-C", flush=True)
        try:
            server.run(sockets=[listening])
        except KeyboardInterrupt:
            pass
