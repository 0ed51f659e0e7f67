"""The command `streaming`: what each command is given, how it answers, and how it says no.

A command imports what it needs when it is called, so that `streaming --help` is there at once. It
runs in the project's folder with the settings of `.env`; paths that are given to it are told from
where it was called.
"""

from __future__ import annotations

import logging
import os
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from operations import PROJECT, CommandError, project
from operations.text import plain

# Errors whose message is for people, by name: so that none has to be imported.
EXPLAINED = {
    "operations.CommandError",
    "generator.population.DeliveriesError",
    "sqlmesh.utils.errors.SQLMeshError",
    "builtins.PermissionError",
    "_duckdb.IOException",  # a file that another process holds, or a full disk
}
FOLDER = click.Path(file_okay=False, path_type=Path, resolve_path=True)
FILE = click.Path(dir_okay=False, path_type=Path, resolve_path=True)
DAY = click.DateTime(["%Y-%m-%d"])

Function = TypeVar("Function", bound=Callable[..., Any])


class Command(click.Command):
    """Runs in the project; what went wrong is the last line on stderr, with exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Calls the command.

        Raises:
            click.ClickException: It refused or failed, and says so in words.
        """
        os.chdir(PROJECT)
        if (PROJECT / ".env").exists():
            from dotenv import load_dotenv

            load_dotenv(PROJECT / ".env", override=True)  # as SQLMesh does
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            raise click.ClickException(
                f"`{ctx.command_path}` needs the package {error.name}, which is not installed. "
                "This installs it: bash setup.sh dev"
            ) from error
        except Exception as error:
            names = {f"{each.__module__}.{each.__qualname__}" for each in type(error).__mro__}
            if names.isdisjoint(EXPLAINED):
                raise
            raise click.ClickException(plain(str(error))) from error


class Commands(click.Group):
    """Commands, listed in the order in which they are defined."""

    command_class = Command
    group_class = type

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return list(self.commands)


def gateway_option(command: Function) -> Function:
    """The option of a command that opens a context."""
    return click.option("--gateway", help="A gateway of config.py.  [default: local]")(command)


def format_option(*formats: str) -> Callable[[Function], Function]:
    """The option of a command that answers in several forms, the first by default."""
    return click.option(
        "--format", "form", type=click.Choice(formats), default=formats[0], show_default=True
    )


def port_option(default: int) -> Callable[[Function], Function]:
    """The option of a command that serves pages on this machine."""
    return click.option(
        "--port",
        type=click.IntRange(1024, 65535),
        default=default,
        show_default=True,
        help="Where it is served, on 127.0.0.1.",
    )


def out_option(command: Function) -> Function:
    """The option of a command whose answer may go to a file."""
    return click.option("--out", type=FILE, help="A file for the answer; without, it is printed.")(
        command
    )


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def streaming() -> None:
    """The streaming platform's own commands, beside SQLMesh's (`sqlmesh plan`, `sqlmesh run`).

    Exit codes: 0 done, 1 refused or failed (the last line says why, and the way out), 2 wrong
    arguments.
    """


@streaming.command()
@click.argument("environment", default="prod")
@click.option("--yes", is_flag=True, help="Load late days also where most days differ.")
@gateway_option
def run(environment: str, yes: bool, gateway: str | None) -> None:
    """Load the days since the last run (`sqlmesh run`), then those with late files again."""
    from sqlmesh.utils.errors import PlanError

    from operations import last_run
    from operations.landing import late
    from operations.sqlmesh_internals import configure_console

    configure_console()
    with project(gateway) as context:
        if context.run(environment).is_failure:
            raise CommandError(last_run.why_failed(context, environment))
        try:
            late.load_after_run(
                context, environment, lambda: yes or _agreed("Load these days again?"), click.echo
            )
        except PlanError as error:
            raise CommandError(last_run.why_failed(context, environment)) from error


@streaming.command()
@click.option("--environment", default="prod", show_default=True)
@click.option("--brief", is_flag=True, help="Only what analysts read, and where to begin.")
@gateway_option
@format_option("text", "json")
def status(environment: str, brief: bool, gateway: str | None, form: str) -> None:
    """What an environment holds: rows, rejects, audits; what to try next."""
    from operations import status, terminal

    with project(gateway, load=False) as context:
        found = status.read(context, environment)
    if form == "json":
        click.echo(terminal.as_json(found))
    elif brief:
        status.show_briefly(found, terminal.console())
    else:
        status.show(found, terminal.console())
        click.echo(status.next_steps())


@streaming.command("last-run")
@click.argument("environment", default="prod")
@gateway_option
@format_option("text", "json", "html")
@out_option
def last_run(environment: str, gateway: str | None, form: str, out: Path | None) -> None:
    """What the last run did, and how long it took."""
    from operations import last_run, terminal

    with project(gateway, load=False) as context:
        report = last_run.read(context, environment)
    with _opened(out) as file:
        if form == "text":
            last_run.show(report, terminal.console(file))
        else:
            text = terminal.as_json(report) if form == "json" else last_run.as_html(report)
            click.echo(text, file)


@streaming.command()
@click.argument("environment")
@click.option("--against", default="prod", show_default=True, help="What it is compared with.")
@gateway_option
@format_option("text", "markdown", "json")
@out_option
def changes(
    environment: str, against: str, gateway: str | None, form: str, out: Path | None
) -> None:
    """What an environment changes in the data of prod.

    The environment must have been planned from this checkout.
    """
    from operations import terminal
    from operations.changes import report
    from operations.changes.between import changes

    write = {"text": report.text, "markdown": report.markdown, "json": terminal.as_json}[form]
    with project(gateway) as context:
        found = changes(context, environment, against, watch=terminal.watched)
    with _opened(out) as file:
        click.echo(write(found), file, nl=form == "json")


@streaming.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@gateway_option
def rollback(yes: bool, gateway: str | None) -> None:
    """Take the last deployment to prod back, in seconds."""
    from operations.rollback import describe, last_deployment, roll_back
    from operations.sqlmesh_internals import configure_console

    configure_console()
    with project(gateway, load=False) as context:
        deployment = last_deployment(context)
        click.echo(describe(deployment))
        if not yes and not _agreed("Roll back?"):
            raise CommandError("Nothing was changed. `streaming rollback --yes` does not ask.")
        began = time.monotonic()
        roll_back(context, deployment)
    click.echo(
        f"Rolled back in {time.monotonic() - began:.1f} s. `sqlmesh run` fills the days that the "
        "tables before lack.\nThe change is still in git: without a git revert the next deployment "
        "brings it again, as a second rollback does."
    )


USER_ID = click.IntRange(1, 2**63 - 1)  # a BIGINT


@streaming.command()
@click.argument("users", nargs=-1, required=True, type=USER_ID, metavar="USER_ID...")
@click.option("--reason", default="", help="A word for the request's file, such as a ticket.")
@click.option(
    "--rewrite-landing", is_flag=True, help="Also write the delivered files anew without them."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@gateway_option
def erase(
    users: tuple[int, ...], reason: str, rewrite_landing: bool, yes: bool, gateway: str | None
) -> None:
    """Forget users: in every table, version and environment, and in all that is loaded later."""
    from operations import erasure, terminal
    from operations.landing import rewriting
    from operations.sqlmesh_internals import configure_console

    if not re.fullmatch("[A-Za-z0-9-]*", reason):
        raise click.UsageError(f"--reason is '{reason}'; it must be letters, digits and `-`")
    configure_console()
    with project(gateway) as context:
        if rewrite_landing:
            rewriting.check(context)
        terminal.show(erasure.held(context, users), terminal.console())
        if not yes and not _agreed("Erase who this is? It cannot be taken back."):
            raise CommandError("Nothing was changed. `streaming erase --yes` does not ask.")
        file, day = erasure.request(context, users, reason)
        click.echo(f"The request is {file}. Keep it: a rebuild reads it again.")
        for line in erasure.evidence_lines(erasure.erase(context, [day])):
            click.echo(line)
        if rewrite_landing:
            rewriting.rewrite(context, "prod", users, click.echo)


@streaming.command()
@click.argument("user", type=USER_ID, metavar="USER_ID")
@click.option("--out", type=FILE, required=True, help="The file for the answer, as JSON.")
@gateway_option
def person(user: int, out: Path, gateway: str | None) -> None:
    """All that prod holds of a user, into a file that its owner alone may read."""
    from operations import erasure, terminal

    with project(gateway, load=False) as context:
        found = erasure.person(context, user)
    out.touch(mode=0o600)
    out.chmod(0o600)
    out.write_text(terminal.as_json(found), encoding="utf-8")
    click.echo(f"{sum(map(len, found.values())):,} rows of user {user} are in {out}.")


@streaming.command()
@click.option("--wait", is_flag=True, help="Until a run would load the day.")
@click.option("--every", default=60.0, show_default=True, help="Seconds between two looks.")
@gateway_option
@format_option("text", "json")
def landing(wait: bool, every: float, gateway: str | None, form: str) -> None:
    """Which feeds have delivered the last finished day (UTC)."""
    from operations import terminal
    from operations.landing import watch

    with project(gateway) as context:
        if wait:
            found = watch.wait(context, lambda line: click.echo(line, err=form == "json"), every)
        else:
            found = watch.look(context)
    if form == "json":
        click.echo(terminal.as_json(found))
    else:
        watch.show(found, terminal.console())


@streaming.command()
@click.option("--out", type=FOLDER, required=True, help="The landing's root.")
@click.option("--watches", type=int, help="Watches that take place in these days.")
@click.option("--days", type=int, help="Days of delivery.")
@click.option("--format", type=click.Choice(["csv", "parquet", "json"]), help="Of the files.")
@click.option("--seed", type=int, help="Another one is another population.  [default: 42]")
@click.option("--start", type=DAY, help="The first day.  [default: 2026-01-01]")
@click.option("--dirt", type=float, help="Share of rows with a bad value.  [default: 0.01]")
@click.option("--late", type=float, help="Share of watches delivered late.  [default: 0.005]")
@click.option("--append-day", is_flag=True, help="Add the next day to a landing made before.")
def generate(out: Path, append_day: bool, start: datetime | None, **given: Any) -> None:
    """Generate deliveries of the four feeds into a landing.

    A new landing needs --watches, --days and --format. A day that is appended reads back what the
    landing was made from.
    """
    from generator import generate
    from generator.population import Settings
    from operations import terminal

    made_from = {name: value for name, value in given.items() if value is not None}
    made_from |= {"start": start.date()} if start else {}
    if append_day:
        if made_from:
            raise click.UsageError(
                f"--append-day with {_options(made_from)}: leave these out, the landing's own "
                "settings are read back"
            )
        written = generate.append_day(out)
        made_with = generate.read_settings(out).format
        following = f"{_of_landing(out, made_with)} .venv/bin/streaming run"
    else:
        needed = ("watches", "days", "format")
        if absent := [name for name in needed if name not in made_from]:
            raise click.UsageError(f"a new landing needs {_options(absent)}, or --append-day")
        written = generate.write_landing(Settings(**made_from), out)
        following = f"mkdir -p mine && {_of_landing(out, given['format'])} bash setup.sh run"
    table = terminal.Table(("feed", "rows", "files", "bytes"), written.counts())
    terminal.show(table, terminal.console())
    click.echo(f"{written.days:,} days\nNext: {following}")


@streaming.command()
@click.argument("what", type=click.Choice(["build", "serve"]), default="build")
@click.option(
    "--folder", type=FOLDER, default=PROJECT / "site", help="Of the site.  [default: site]"
)
@port_option(8001)
def docs(what: str, folder: Path, port: int) -> None:
    """Build the documentation site of prod, or serve it to your browser."""
    from documentation import site

    if what == "serve":
        site.serve(folder, port)
    else:
        site.build(folder)
        click.echo(f"Next: open {folder / 'index.html'}, or: streaming docs serve")


@streaming.command()
@click.option("--environment", help="The one it shows.  [default: prod]")
@click.option("--export", "folder", type=FOLDER, help="Write it as a page of pictures instead.")
@click.option("--bundle", is_flag=True, help="Write the AI/BI dashboards of the bundle instead.")
@port_option(2718)
@gateway_option
def dashboard(
    environment: str | None, folder: Path | None, bundle: bool, port: int, gateway: str | None
) -> None:
    """Serve the analysts' dashboard to your browser."""
    if bundle:
        from resources.ai_bi.generate import write_all

        click.echo("\n".join(str(file.relative_to(PROJECT)) for file in write_all()))
    elif folder:
        from dashboard.export import export

        with project(gateway, load=False) as context:
            export(context, environment or "prod", folder)
        click.echo(f"Next: open {folder / 'index.html'}")
    else:
        from marimo import create_asgi_app

        from operations import local_server

        chosen = {
            "STREAMING_DASHBOARD_ENVIRONMENT": environment,
            "SQLMESH__DEFAULT_GATEWAY": gateway,
        }
        os.environ.update({name: value for name, value in chosen.items() if value})
        app = create_asgi_app(quiet=True).with_app(path="", root="dashboard/app.py")
        local_server.serve(app.build(), port)
        os._exit(0)  # would wait for the threads of what marimo has open


@streaming.command()
@click.option(
    "--mode",
    type=click.Choice(["ide", "catalog", "plan"]),
    default="ide",
    show_default=True,
    help="catalog: models alone; plan: without the editor.",
)
@click.option("--shared", is_flag=True, help="Also where others share prod.")
@port_option(8000)
@gateway_option
def ui(mode: str, shared: bool, port: int, gateway: str | None) -> None:
    """Serve SQLMesh's UI to your browser; it begins in dev."""
    from operations import local_server
    from operations.sqlmesh_internals import UI_IN_DEV, config_of, ui_app

    config = config_of(PROJECT)
    name = gateway or config.default_gateway_name
    if config.get_connection(name).type_ != "duckdb" and not shared:
        raise CommandError(
            f"The gateway {name} leads to a prod that others share, and the UI can plan it and "
            "write to its tables. `streaming ui --shared` opens it all the same."
        )
    local_server.serve(ui_app(PROJECT, name, mode), port, UI_IN_DEV)


@streaming.command()
@click.argument("folder", type=FOLDER)
@click.option("--snapshot-only", is_flag=True, help="Only silver.users_snapshot, as parquet.")
@gateway_option
def backup(folder: Path, snapshot_only: bool, gateway: str | None) -> None:
    """Copy the local databases and the state into a new FOLDER, as one set."""
    from operations import backup

    if snapshot_only:
        from operations import users_snapshot

        with project(gateway, load=False) as context:
            kept = users_snapshot.keep(context, folder)
        click.echo(f"{kept:,} versions of {users_snapshot.MODEL} are in {folder}.")
        return
    began = time.monotonic()
    files = backup.back_up(folder)
    size = sum(file.stat().st_size for file in files)
    click.echo(
        f"{len(files)} files, {size / 1e6:,.1f} MB, in {time.monotonic() - began:.1f} s: {folder}\n"
        "It holds personal data, also of users who ask to be erased later: delete it when it has "
        "served.\nThe landing is no part of it."
    )


@streaming.command()
@click.argument("folder", type=FOLDER)
@click.option("--replace", is_flag=True, help="In the place of databases that are there.")
@click.option("--snapshot-only", is_flag=True, help="Only silver.users_snapshot, into prod's.")
@gateway_option
def restore(folder: Path, replace: bool, snapshot_only: bool, gateway: str | None) -> None:
    """Put a backup in place, and erase again who was erased since."""
    from operations import backup
    from operations.sqlmesh_internals import configure_console

    configure_console()
    if snapshot_only:
        from operations import users_snapshot

        with project(gateway, load=False) as context:
            kept, now = users_snapshot.bring_back(context, folder)
        click.echo(f"{kept:,} versions were kept; {users_snapshot.MODEL} now has {now:,}.")
        return
    made_at = backup.restore(folder, replace)
    click.echo(f"The state and the tables are those of {made_at}.")
    with project("local") as context:
        for line in backup.erase_again(context):
            click.echo(line)
    click.echo("Next: streaming run, which loads what was delivered since.")


@streaming.command()
@gateway_option
@click.option("--accept", is_flag=True, help="Let state and tables belong together from now on.")
@click.option("--workspace", is_flag=True, help="Also try there what its documentation promises.")
@click.option("--only", default="", help="With --workspace: the items whose names have this.")
@click.option(
    "--out",
    type=FILE,
    default="workspace_check.json",
    help="With --workspace: the file for the findings.  [default: workspace_check.json]",
)
def check(gateway: str | None, accept: bool, workspace: bool, only: str, out: Path) -> None:
    """Whether Databricks can be used, if set; whether state and tables say the same."""
    from operations import connection, consistency

    if workspace or (gateway or connection.default_gateway()) == connection.GATEWAY:
        connection.check()
        catalogs = " and ".join(connection.CATALOGS)
        click.echo(f"The gateway databricks can be used: {catalogs} are there.")
        gateway = connection.GATEWAY
    if workspace:
        from operations import terminal
        from operations.workspace import check as acceptance

        items = [item for item in acceptance.ITEMS if only in item.name]
        findings = acceptance.check(items, click.echo)
        out.write_text(terminal.as_json(findings), encoding="utf-8")
        click.echo(f"{acceptance.counted(findings)}. The findings are in {out}.")
        if differing := acceptance.differing(findings):
            raise CommandError(f"Not as expected: {', '.join(differing)}. What to do is above.")
        return
    with consistency.opened(gateway) as context:
        click.echo(consistency.compare(context, accept))


@streaming.command()
@format_option("text", "json")
def jobs(form: str) -> None:
    """The jobs of the bundle for Databricks, and their tasks."""
    from operations import jobs, terminal

    found = jobs.tasks()
    if form == "json":
        click.echo(terminal.as_json(found))
    else:
        terminal.show(found, terminal.console())


@streaming.group(hidden=True)
def github() -> None:
    """For the workflows on GitHub."""


@github.command("may-deploy")
@click.option("--sha", help="The commit that was judged before and is checked out.")
def may_deploy(sha: str | None) -> None:
    """Answer the comment /deploy."""
    from operations.github import current_event, may_deploy

    with current_event() as event:
        may_deploy(event, sha)


@github.command()
@click.argument("sha")
def merge(sha: str) -> None:
    """Merge the pull request whose commit SHA was deployed."""
    from operations.github import current_event, merge

    with current_event() as event:
        merge(event, sha)


@github.command()
@click.argument("file", type=FILE)
def comment(file: Path) -> None:
    """Show the report in FILE, which is Markdown, on the pull request."""
    from operations.github import comment, current_event

    with current_event() as event:
        comment(event, file)


@contextmanager
def _opened(file: Path | None) -> Iterator[Any]:
    """A file to write, or stdout."""
    if file is None:
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
        yield sys.stdout
    else:
        with file.open("w", encoding="utf-8") as opened:
            yield opened


def _agreed(question: str) -> bool:
    """Whether somebody is there and says yes."""
    try:
        return click.confirm(question)
    except click.Abort:
        return False


def _of_landing(landing: Path, files_format: str) -> str:
    """The variables of a command on a landing and the databases of its own."""
    return (
        f"STREAMING_DATA_DIR=mine STREAMING_LANDING={shlex.quote(str(landing))} "
        f"STREAMING_LANDING_FORMAT={files_format}"
    )


def _options(names: Iterable[str]) -> str:
    return ", ".join(f"--{name}" for name in names)


def main() -> None:
    """The command line. Warnings, errors and traces go to the folder of SQLMesh's logs."""
    logs = PROJECT / "logs"
    logs.mkdir(exist_ok=True)
    # Named as SQLMesh's own, which keeps the newest twenty. It is made when it has something.
    log = logging.FileHandler(logs / f"sqlmesh_{datetime.now():%Y_%m_%d_%H_%M_%S}.log", delay=True)
    log.setFormatter(logging.Formatter("%(asctime)s - %(name)s - %(levelname)s - %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[log])
    logging.getLogger("operations").setLevel(logging.INFO)  # a line for each model
    streaming(prog_name="streaming")
