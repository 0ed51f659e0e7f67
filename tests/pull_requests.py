"""The project on the stand-in of GitHub, and what follows when people work on it there."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
from github_standin import GitHub
from harness import PROJECT, Platform, checkout
from workflows import Job, Runner

DIM_SHOWS = "models/gold/dim_shows.sql"
DIM_SHOWS_TEST = "tests/unit/test_gold_dim_shows.yaml"

# The change of pull request 7: another name for a tier of quality.
CHANGE = {DIM_SHOWS: ("'Good'", "'Fine'"), DIM_SHOWS_TEST: (": Good", ": Fine")}
BEFORE = {"Excellent", "Good", "Average", "Poor", "Unrated"}
AFTER = BEFORE - {"Good"} | {"Fine"}

# The bot's checks
ENVIRONMENT = "SQLMesh - PR Environment Synced"
PLAN = "SQLMesh - Prod Plan Preview"
TESTS = "SQLMesh - Run Unit Tests"
DEPLOYED = "SQLMesh - Prod Environment Synced"


class Stage:
    """The stand-in of GitHub, the workflows, and the platform on which they work.

    dora and ann may write, mallory may not, and ann approves.
    """

    def __init__(self, github: GitHub, folder: Path, platform: Platform) -> None:
        self.github = github
        self.platform = platform
        checkout(github.clone)
        shutil.copy(PROJECT / ".gitignore", github.clone)
        github.push("main", dict(first_unit_tests()))
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

    def tiers(self, schema: str = "streaming_prod.gold") -> set[str]:
        """The tiers of quality that shows have in an environment."""
        rows = self.query(f"SELECT DISTINCT quality_tier FROM {schema}.dim_shows")
        return {tier for (tier,) in rows}

    def environments(self) -> set[str]:
        """The environments that are not left to the janitor."""
        (path,) = self.platform.data.glob("state*.duckdb")
        with duckdb.connect(str(path), read_only=True) as state:
            rows = state.execute(
                "SELECT name FROM sqlmesh._environments "
                "WHERE COALESCE(expiration_ts > epoch_ms(now()), TRUE)"
            ).fetchall()
        return {name for (name,) in rows}


def first_unit_tests() -> Iterator[tuple[str, str]]:
    """The files of unit tests, each with its first test: enough for the linter's rule."""
    for path in sorted((PROJECT / "tests" / "unit").glob("*.yaml")):
        head, first, *_ = re.split("^(?=test_)", path.read_text(encoding="utf-8"), flags=re.M)
        yield str(path.relative_to(PROJECT)), head + first
