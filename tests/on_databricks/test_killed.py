"""A command on the stand-in that is killed anywhere is ended by what the scheduler does next.

The commands follow on each other, since a warehouse cannot go back to where they began. DuckDB, on
which nothing is killed, holds the same in the end.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from engines import Table, differences, engines, of_feed, tables
from harness import FIRST, checkout, draws
from killing import PLAN, RUN, Ended, command

from generator.generate import write_landing
from generator.population import Settings
from tests.warehouse import Warehouse

pytestmark = pytest.mark.slow
DAYS = [FIRST + timedelta(days=n) for n in range(12)]
RESTATEMENT = (*PLAN, "prod", "--restate-model", "bronze.delivered_users")
RESTATEMENT += ("--start", str(FIRST), "--end", str(FIRST))
EMAIL, CHANGED = "email, /*", "UPPER(email) AS email, /*"


class Stage:
    """Both engines with the users of a first day, and days that are generated."""

    def __init__(self, running: Warehouse, folder: Path) -> None:
        self.both = engines(running, folder, "json")
        self.both.databricks.settings["SQLMESH__DEFAULT_GATEWAY"] = "databricks"
        self.generated = folder / "generated"
        write_landing(
            Settings(200, len(DAYS), "json", seed=7, start=FIRST, dirt=0.05, late=0.1),
            self.generated,
        )
        self.project = checkout(folder / "project", of_feed("users"))
        self.to_come = list(DAYS)
        self.next_day()
        for platform in (self.both.local, self.both.databricks):
            platform.project = self.project
            platform.plan(self.day)

    def next_day(self) -> None:
        """Another day lands."""
        self.day = self.to_come.pop(0)
        self.both.local.receive(self.generated, [self.day])

    def typed(self, *words: str, kill_at: int = 0) -> Ended:
        """A command on the stand-in, which succeeds unless it is killed."""
        ended = command(self.both.databricks, self.day, *words, kill_at=kill_at)
        assert ended.killed or ended.code == 0, ended.said
        return ended

    def killed(self, points: list[int], *words: str) -> str:
        """A command that is killed before a step, then the scheduler's run and what it names.

        Gives the step.
        """
        ended = self.typed(*words, kill_at=random.choice(points))
        run = command(self.both.databricks, self.day, *RUN)
        if run.code:
            mending = run.next_step()
            assert mending, f"{ended.steps[-1]}\nThe run failed and named no command:\n{run.said}"
            self.typed(*mending)
        return ended.steps[-1]

    def is_as(self, done: dict[str, Table], *, or_else: dict[str, Table], step: str) -> bool:
        """Whether a command that was killed is done; if it is not, prod is as it was before."""
        found = tables(self.both.databricks)
        if not (mixed := differences(found, done)):
            return True
        assert not differences(found, or_else), f"Killed before {step}\n{mixed}"
        return False


@pytest.fixture(scope="module")
def stage(running_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(running_warehouse, tmp_path_factory.mktemp("killed"))


def test_a_run(stage: Stage) -> None:
    stage.next_day()
    points = stage.typed(*RUN).writes()
    for _ in range(draws(1)):
        stage.next_day()
        step = stage.killed(points, *RUN)
        stage.both.local.run(stage.day)
        found, wanted = tables(stage.both.databricks), tables(stage.both.local)
        assert not differences(found, wanted), step


def test_a_restatement(stage: Stage) -> None:
    """Of a file that has half its rows, and all again."""
    [path] = stage.both.local.landing.glob(f"users/dt={FIRST}/*")
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[::2]))
    points = stage.typed(*RESTATEMENT).writes()
    for number in range(draws(1)):
        path.write_text("".join(lines[:: 1 + number % 2]))
        _killed(
            stage, points, RESTATEMENT, lambda: stage.both.local.restate(FIRST, stage.day, "users")
        )


def test_a_changing_plan(stage: Stage) -> None:
    model = stage.project / "models" / "silver" / "users.sql"
    text = model.read_text()
    assert text.count(EMAIL) == 1
    versions = [text.replace(EMAIL, CHANGED), text]
    model.write_text(text.replace(EMAIL, "LOWER(email) AS email, /*"))
    points = stage.typed(*PLAN, "prod").writes()
    for number in range(draws(1)):
        model.write_text(versions[number % 2])
        _killed(stage, points, (*PLAN, "prod"), lambda: stage.both.local.plan(stage.day))


def _killed(
    stage: Stage, points: list[int], words: tuple[str, ...], unkilled: Callable[[], None]
) -> None:
    """Kills a plan, and types it again if it has not begun to change prod."""
    before = tables(stage.both.databricks)
    step = stage.killed(points, *words)
    unkilled()
    done = tables(stage.both.local)
    if not stage.is_as(done, or_else=before, step=step):
        stage.typed(*words)
        assert stage.is_as(done, or_else=done, step=step)
