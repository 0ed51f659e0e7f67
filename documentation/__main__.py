"""`python -m documentation build` makes the site in site/; `... serve` shows it on this machine."""

from __future__ import annotations

import argparse
import http.server
import sys
from functools import partial
from pathlib import Path

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort

from operations import PROJECT


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m documentation", description=__doc__)
    parser.add_argument("command", choices=("build", "serve"))
    parser.add_argument("--folder", type=Path, default=PROJECT / "site", help="of the site")
    parser.add_argument("--port", type=int, default=8001, help="serve: on 127.0.0.1")
    given = parser.parse_args()
    page = given.folder / "index.html"
    if given.command == "build":
        config = load_config(str(PROJECT / "mkdocs.yml"), site_dir=str(given.folder.resolve()))
        try:
            build(config)
        except Abort as error:  # what MkDocs makes of an error that it explains
            print(error, file=sys.stderr)
            return 1
        print(f"Next: open {page}, or: python -m documentation serve")
    elif not page.exists():
        print(f"There is no site in {given.folder} yet: bash setup.sh docs", file=sys.stderr)
        return 1
    else:
        handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(given.folder))
        with http.server.ThreadingHTTPServer(("127.0.0.1", given.port), handler) as server:
            print(f"http://127.0.0.1:{server.server_port}/ until Ctrl-C", flush=True)
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
