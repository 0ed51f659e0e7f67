"""`python -m tests.warehouse -- COMMAND`: runs COMMAND against a stand-in of a warehouse."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType

from . import install
from .start import ADMIN, CATALOGS, MEMORY, USERS, Warehouse, warehouse


def main() -> int:
    options = _options()
    if lacks := install.missing():
        print("The stand-in of a warehouse needs, and this machine lacks:", file=sys.stderr)
        print("\n".join(f"- {what}" for what in lacks), file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _end)
    catalogs = [name for name in options.catalogs.split(",") if name]
    with tempfile.TemporaryDirectory(prefix="warehouse-") as temporary:
        folder = options.folder or Path(temporary)
        try:
            with warehouse(
                folder, catalogs=catalogs, mounted=options.mounted, memory=options.memory
            ) as running:
                started = running.as_user(options.user)
                return _run(options.command, started) if options.command else _stay(started)
        except KeyboardInterrupt:
            return 128 + signal.SIGINT


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.warehouse", description=__doc__)
    parser.add_argument("--folder", type=Path, help="keep tables and the log here")
    parser.add_argument("--catalogs", default=",".join(CATALOGS), help="made at the start")
    parser.add_argument(
        "--mounted", type=Path, action="append", default=[], help="a folder to read files from"
    )
    parser.add_argument("--user", default=ADMIN, help=f"one of {', '.join(USERS.values())}")
    parser.add_argument("--memory", default=MEMORY, help="of Spark's driver")
    parser.add_argument("command", nargs="*", metavar="COMMAND", help="after --; none: stay up")
    return parser.parse_args()


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _run(command: list[str], started: Warehouse) -> int:
    client = subprocess.Popen(command, env=os.environ | started.environment)
    while True:
        try:
            code = client.wait()
            return code if code >= 0 else 128 - code
        except KeyboardInterrupt:
            continue  # the terminal has interrupted the command too; its exit code counts
        except SystemExit:
            client.terminate()
            client.wait()
            raise


def _stay(started: Warehouse) -> int:
    for name, value in started.environment.items():
        print(f"export {name}={shlex.quote(value)}")
    print(f"# Log: {started.folder / 'statements.jsonl'}. Ctrl-C ends it.", flush=True)
    while True:
        signal.pause()


if __name__ == "__main__":
    sys.exit(main())
