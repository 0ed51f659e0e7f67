"""The tasks of the jobs on Databricks: each calls this file with a command and its settings.

The bundle (databricks.yml, resources/jobs.py) uploads the project and says what is called.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

# A serverless task executes the file without `__file__`; the path that was called is there always.
PROJECT = Path(sys.argv[0]).resolve().parent.parent
SCRATCH = f"{tempfile.gettempdir()}/sqlmesh"
SETTINGS = ("DATABRICKS_", "STREAMING_", "ALERT_")


def main(arguments: Sequence[str]) -> None:
    """Puts the settings in place and does what the command says.

    Raises:
        SystemExit: The command failed, or an argument is wrong; with a message.
    """
    given = parse(arguments)
    os.environ.update(setting.split("=", 1) for setting in given.setting)
    if given.secrets:
        os.environ.update(secrets(given.secrets))
    os.chdir(PROJECT)
    sys.path.insert(0, str(PROJECT))
    # The uploaded project is for reading; and the driver's threads may not survive a fork.
    os.environ.update(SQLMESH__CACHE_DIR=f"{SCRATCH}/cache", MAX_FORK_WORKERS="1")
    # A task is executed in an IPython shell. With Databricks' variable beside it SQLMesh and rich
    # would take it for a notebook: progress as widgets, text as HTML. What prints asks for both.
    os.environ["SQLMESH_RUNTIME_ENVIRONMENT"] = "ci"
    os.environ.pop("DATABRICKS_RUNTIME_VERSION", None)

    from sqlmesh.utils.errors import SQLMeshError

    from operations import CommandError

    try:
        COMMANDS[given.command](given)
    except (CommandError, SQLMeshError) as error:
        sys.exit(str(error))


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """What is asked for. Exits with 2 on a wrong argument."""
    parser = argparse.ArgumentParser(prog="job.py", description="A task of a job on Databricks.")
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--setting", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--secrets", metavar="SCOPE", help="a secret scope with more settings")
    parser.add_argument("--every", type=float, default=60, help="wait: seconds between two looks")
    parser.add_argument("--layer", help="run: of this layer alone, and what it stands on")
    parser.add_argument("--feeds", help="restate: their names, blanks between")
    parser.add_argument("--first-day", help="restate: YYYY-MM-DD")
    parser.add_argument("--last-day", help="restate: YYYY-MM-DD")
    return parser.parse_args(arguments)


def secrets(scope: str) -> Mapping[str, str]:
    """The settings that a secret scope holds.

    Source: databricks-sdk-py.readthedocs.io/en/latest/dbutils.html

    Raises:
        SystemExit: The scope is not there, or may not be read.
    """
    from databricks.sdk.runtime import dbutils

    try:
        names = [secret.key for secret in dbutils.secrets.list(scope)]
        return {n: dbutils.secrets.get(scope, n) for n in names if n.startswith(SETTINGS)}
    except Exception as error:  # of Java's or of the workspace's interface, by the kind of compute
        sys.exit(
            f"The secret scope '{scope}' cannot be read: {error} The bundle makes it; let the one "
            "as whom the job runs READ it (docs/jobs.md)."
        )


def wait(given: argparse.Namespace) -> None:
    """Until the deliveries of the last day are there, or its deadline has passed."""
    from operations import project, terminal
    from operations.landing import watch

    with project() as context:
        last = watch.wait(context, lambda line: print(line, flush=True), given.every)
    watch.show(last, terminal.console())


def run(given: argparse.Namespace) -> None:
    """Loads what was delivered since the last run, then days with late files again.

    The janitor is a task of its own. A layer alone loads no day again, which takes them all.
    """
    environment = os.environ["STREAMING_ENVIRONMENT"]
    layer = ["--select-model", f"tag:{given.layer}"] if given.layer else []
    sqlmesh("run", environment, "--skip-janitor", *layer)
    if not given.layer:
        from operations import project
        from operations.landing import late

        with project() as context:
            late.load_after_run(context, environment, lambda: False, print)


def report(given: argparse.Namespace) -> None:
    """Says what is where, what was rejected and why, and how the audits are."""
    from operations import project, status, terminal

    with project(load=False) as context:
        status.show(status.read(context, os.environ["STREAMING_ENVIRONMENT"]), terminal.console())


def janitor(given: argparse.Namespace) -> None:
    """Removes what no environment shows and nobody can roll back to."""
    sqlmesh("janitor")


def restate(given: argparse.Namespace) -> None:
    """Loads days of feeds again, and all that depends on them; changes no model."""
    from macros.feeds import FEEDS

    feeds = given.feeds.split()
    unknown = ", ".join(sorted(set(feeds) - set(FEEDS)))
    if unknown or not feeds:
        sys.exit(f"feeds is '{given.feeds}'; it must name some of: {' '.join(FEEDS)}.")
    sqlmesh(
        "plan",
        os.environ["STREAMING_ENVIRONMENT"],
        *(f"--restate-model=bronze.delivered_{feed}" for feed in feeds),
        f"--start={day('first_day', given.first_day)}",
        f"--end={day('last_day', given.last_day)}",
        "--skip-tests",  # as the linter's rules on them, which are not uploaded
        "--skip-linter",
        "--auto-apply",
        "--no-prompts",
    )


def day(parameter: str, text: str) -> date:
    """A day that was given. Exits with a message if it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        sys.exit(f"{parameter} is '{text}'; it must be a day, YYYY-MM-DD.")


def sqlmesh(*arguments: str) -> None:
    """A command of SQLMesh. Exits with a message if it fails."""
    from click import ClickException
    from sqlmesh.cli.main import cli

    try:
        cli.main(
            [f"--paths={PROJECT}", f"--log-file-dir={SCRATCH}/logs", *arguments],
            standalone_mode=False,
        )
    except ClickException as error:
        sys.exit(error.format_message())


COMMANDS = {
    "wait": wait,
    "run": run,
    "report": report,
    "janitor": janitor,
    "restate": restate,
}

if __name__ == "__main__":
    main(sys.argv[1:])
