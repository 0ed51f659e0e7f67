"""The command `streaming`: how it starts, what it says when it cannot, how it prints."""

from __future__ import annotations

import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from bundle import definitions
from click.testing import CliRunner
from harness import PROJECT, Platform, checkout, held

from operations import cli, launcher, terminal

COMMANDS = (
    "run status last-run changes rollback erase person landing generate docs dashboard ui backup "
    "restore check jobs".split()
)


def test_help_lists_the_commands_and_imports_little() -> None:
    """What SQLMesh and the engines take to import is seconds."""
    said = (
        "import sys\nfrom operations.cli import streaming\n"
        "streaming(['--help'], standalone_mode=False)\n"
        "print({'sqlmesh', 'duckdb', 'pandas', 'rich'} & set(sys.modules))"
    )
    told = subprocess.run(
        [sys.executable, "-c", said], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    listed = told[told.index("Commands:") + 1 : -1]
    assert [line.split()[0] for line in listed] == COMMANDS
    assert told[-1] == "set()"


def test_it_is_called_from_anywhere(tmp_path: Path) -> None:
    """It runs in its project, whose path has blanks, with the settings of `.env`."""
    project = checkout(tmp_path / "a project's folder")
    (project / ".env").write_text("STREAMING_DATA_DIR=mine\n")
    (project / "mine").mkdir()
    (tmp_path / "elsewhere").mkdir()
    for name in ("config.py", "click.py"):  # not to be taken for the project's or a package's
        (tmp_path / "elsewhere" / name).write_text("raise SystemExit('the wrong one')")
    told = subprocess.run(
        [launcher.write(tmp_path, project), "status"],
        cwd=tmp_path / "elsewhere",
        env=Platform(tmp_path / "platform").environment(),
        capture_output=True,
        text=True,
    )
    assert told.returncode == 1
    assert told.stderr.splitlines()[-1].startswith("Error: There is no environment 'prod'")
    assert (project / "mine" / "state.duckdb").exists()


@pytest.mark.parametrize(
    "arguments", ["nothing", "status --format xml", "changes", "generate --out x --days many"]
)
def test_wrong_arguments(arguments: str) -> None:
    told = CliRunner().invoke(cli.streaming, arguments)
    assert told.exit_code == 2
    assert told.stderr.startswith("Usage: streaming")


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for package, command in {"mkdocs": "docs", "marimo": "dashboard", "uvicorn": "ui"}.items():
        monkeypatch.setitem(sys.modules, package, None)
        told = CliRunner().invoke(cli.streaming, command, prog_name="streaming")
        assert told.exit_code == 1
        assert f"`streaming {command}` needs the package {package}" in told.stderr
        assert told.stderr.endswith("bash setup.sh dev\n")


def test_an_error_that_nobody_explained_is_shown_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**given: Any) -> None:
        raise KeyError("a defect")

    monkeypatch.setattr(cli.streaming.commands["jobs"], "callback", broken)
    assert isinstance(CliRunner().invoke(cli.streaming, "jobs").exception, KeyError)


def test_a_database_that_another_process_holds(tmp_path: Path) -> None:
    platform = Platform(tmp_path)
    with held(platform.data / "state.duckdb"):
        told = platform.streaming("status")
    assert told.exit_code == 1
    assert "state.duckdb is in use by another command (PID" in told.stderr
    assert told.stderr.splitlines()[-1].startswith("Next: ")


def test_jobs_are_those_of_the_bundle(tmp_path: Path) -> None:
    told = Platform(tmp_path).streaming("jobs")
    listed = [line.split()[:3] for line in told.stdout.splitlines()[1:-1]]
    of_bundle = [
        [*job["name"].split(), task["task_key"]]
        for job in definitions("prod")["jobs"].values()
        for task in job["tasks"]
    ]
    assert sorted(listed) == sorted(of_bundle)


def test_tables_are_as_wide_as_what_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    file = StringIO()
    name = "a_name_that_is_longer_than_any_terminal" * 4
    rows = [(name, 1_234_567, None), ("[bold]", 0, "text")]
    terminal.show(terminal.Table(("name", "rows", "more"), rows), terminal.console(file))
    head, first, second, *_ = file.getvalue().splitlines()
    assert first.split() == [name, "1,234,567", "none"]
    assert second.split() == ["[bold]", "0", "text"]
    assert head.index("rows") + 4 == first.index("67 ") + 2 == second.index(" 0 ") + 2


def test_a_task_on_databricks_prints_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs in a shell of IPython, where rich would show a table as a cell of a notebook."""
    monkeypatch.setattr("builtins.get_ipython", object, raising=False)
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17")
    file = StringIO()
    terminal.show(terminal.Table(("name",), [("text",)]), terminal.console(file))
    assert file.getvalue().split() == ["name", "text"]


@pytest.mark.parametrize(
    ("system", "job", "code", "said"),
    [("MINGW64_NT-10.0", "run", 1, "in WSL"), ("Linux", "deploy", 2, "usage: bash setup.sh")],
)
def test_the_set_up_refuses(tmp_path: Path, system: str, job: str, code: int, said: str) -> None:
    shutil.copy(PROJECT / "setup.sh", tmp_path)
    uname = tmp_path / "bin" / "uname"
    uname.parent.mkdir()
    uname.write_text(f"#!/bin/sh\necho {system}\n")
    uname.chmod(0o755)
    told = subprocess.run(
        ["bash", tmp_path / "setup.sh", job],
        env={"PATH": f"{uname.parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert told.returncode == code and said in told.stderr
    assert not (tmp_path / ".venv").exists()
