"""The project on the stand-in of GitHub, and what follows when people work on it there."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
from github_standin import GitHub
from harness import PROJECT, Platform, checkout
from workflows import Job, Runner

# The bot's checks
ENVIRONMENT = "SQLMesh - PR Environment Synced"
PLAN = "SQLMesh - Prod Plan Preview"
TESTS = "SQLMesh - Run Unit Tests"
DEPLOYED = "SQLMesh - Prod Environment Synced"


class Stage:
    """The stand-in of GitHub, the workflows, and the platform on which they work.

    dora and ann may write, mallory may not, and ann approves.

    Args:
        models: what main has of the project's models, as `schema.model`; without it, all.
    """

    def __init__(
        self, github: GitHub, folder: Path, platform: Platform, models: Sequence[str] = ()
    ) -> None:
        self.github = github
        self.platform = platform
        checkout(github.clone, models)
        shutil.copy(PROJECT / ".gitignore", github.clone)
        unit_tests = {}
        for path in (github.clone / "models").glob("*/*.sql"):
            unit_tests |= first_unit_test(f"{path.parent.name}.{path.stem}")
        github.push("main", unit_tests)
        github.people = {"dora": "write", "ann": "write", "mallory": "read"}
        self.runner = Runner(
            github,
            folder,
            {**platform.settings, "SQLMESH__DEFAULT_GATEWAY": platform.gateway},
            {"STREAMING_APPROVERS": "ann"},
            left_out=("checks",),  # it would run these tests
        )

    def push(
        self, branch: str, changes: dict[str, tuple[str, str]], base: str | None = "main"
    ) -> str:
        """Pushes `base`, else the branch, with a text replaced in each of these files.

        Returns the commit.
        """
        files = {}
        for path, (old, new) in changes.items():
            text = self.github.file(base or branch, path)
            assert old in text
            files[path] = text.replace(old, new)
        return self.github.push(branch, files, base)

    def pull_request(self, action: str, number: int = 7) -> dict[str, Job]:
        """Runs what follows when this happened to a pull request."""
        event = self.github.pull_request_event(number, action)
        return self.runner.dispatch("pull_request", event)

    def comment(self, login: str, body: str) -> dict[str, Job]:
        """Runs what follows a comment on pull request 7."""
        return self.runner.dispatch("issue_comment", self.github.comment(7, login, body))

    def deploy_main(self) -> Job:
        """Runs what follows a push to main."""
        return self.runner.dispatch("push", {})["prod"]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a statement."""
        if self.platform.gateway == "local":
            return self.platform.query(sql)
        with self.platform.context() as context:
            return context.engine_adapter.fetchall(sql)

    def environments(self) -> set[str]:
        """The environments that are not left to the janitor."""
        (path,) = self.platform.data.glob("state*.duckdb")
        with duckdb.connect(str(path), read_only=True) as state:
            rows = state.execute(
                "SELECT name FROM sqlmesh._environments "
                "WHERE COALESCE(expiration_ts > epoch_ms(now()), TRUE)"
            ).fetchall()
        return {name for (name,) in rows}


def first_unit_test(model: str) -> dict[str, str]:
    """A model's file of unit tests, cut to the first: enough for the linter. Seeds have none."""
    name = f"tests/unit/test_{model.replace('.', '_')}.yaml"
    if not (PROJECT / name).exists():
        return {}
    head, first, *_ = re.split("^(?=test_)", (PROJECT / name).read_text("utf-8"), flags=re.M)
    return {name: head + first}
