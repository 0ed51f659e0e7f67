"""A command on the stand-in that is killed anywhere is ended by what the scheduler does next.

The commands follow on each other, since a warehouse cannot go back to where they began. DuckDB, on
which nothing is killed, holds the same in the end.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from engines import Table, differences, engines, of_feed, tables
from harness import FIRST, checkout, draws
from killing import PLAN, RUN, Ended, command, ended

from generator.generate import write_landing
from generator.population import Settings
from tests.warehouse import Warehouse

pytestmark = pytest.mark.slow
DAYS = [FIRST + timedelta(days=n) for n in range(12)]
RESTATEMENT = (*PLAN, "prod", "--restate-model", "bronze.delivered_users")
RESTATEMENT += ("--start", str(FIRST), "--end", str(FIRST))
DEPLOYMENT = (*PLAN, "prod")
ROLLBACK = ("streaming", "rollback", "--yes")
EMAIL = "email, /*"


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
        self.model = self.project / "models" / "silver" / "users.sql"
        text = self.model.read_text()
        assert text.count(EMAIL) == 1
        self.versions = itertools.cycle(
            text.replace(EMAIL, f"{changed}(email) AS {EMAIL}") for changed in ("LOWER", "UPPER")
        )
        self.to_come = list(DAYS)
        self.next_day()
        for platform in (self.both.local, self.both.databricks):
            platform.project = self.project
            platform.plan(self.day)

    def next_day(self) -> None:
        """Another day lands."""
        self.day = self.to_come.pop(0)
        self.both.local.receive(self.generated, [self.day])

    def next_version(self) -> None:
        """The checkout has another version of a model, whose rows differ."""
        self.model.write_text(next(self.versions))

    def typed(self, *words: str, kill_at: int = 0) -> Ended:
        """A command on the stand-in, which succeeds unless it is killed."""
        return ended(self.both.databricks, self.day, *words, kill_at=kill_at)

    def killed(self, points: list[int], *words: str) -> str:
        """A command that is killed before a step, then the scheduler's run and what it names.

        Gives the step.
        """
        killed = self.typed(*words, kill_at=random.choice(points))
        run = command(self.both.databricks, self.day, *RUN)
        if run.code:
            mending = run.next_step()
            assert mending, f"{killed.steps[-1]}\nThe run failed and named no command:\n{run.said}"
            self.typed(*mending)
        return killed.steps[-1]

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


def of_a_run(stage: Stage) -> None:
    stage.next_day()
    points = stage.typed(*RUN).writes()
    for _ in range(draws(1)):
        stage.next_day()
        step = stage.killed(points, *RUN)
        stage.both.local.run(stage.day)
        found, wanted = tables(stage.both.databricks), tables(stage.both.local)
        assert not differences(found, wanted), step


def of_a_restatement(stage: Stage) -> None:
    """Of a file that has half its rows, and all again."""
    [path] = stage.both.local.landing.glob(f"users/dt={FIRST}/*")
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[::2]))
    points = stage.typed(*RESTATEMENT).writes()
    for number in range(draws(1)):
        path.write_text("".join(lines[:: 1 + number % 2]))
        ended_by_the_next(
            stage, points, RESTATEMENT, lambda: stage.both.local.restate(FIRST, stage.day, "users")
        )


def of_a_changing_plan(stage: Stage) -> None:
    stage.next_version()
    points = stage.typed(*DEPLOYMENT).writes()
    for _ in range(draws(1)):
        stage.next_version()
        ended_by_the_next(stage, points, DEPLOYMENT, lambda: stage.both.local.plan(stage.day))


def of_a_promotion(stage: Stage) -> None:
    """Of what dev shows."""
    stage.next_version()
    stage.typed(*PLAN, "dev")
    points = stage.typed(*DEPLOYMENT).writes()
    for _ in range(draws(1)):
        stage.next_version()
        stage.typed(*PLAN, "dev")
        ended_by_the_next(stage, points, DEPLOYMENT, lambda: stage.both.local.plan(stage.day))


def of_a_rollback(stage: Stage) -> None:
    def deploy() -> None:
        stage.next_version()
        stage.typed(*DEPLOYMENT)
        stage.both.local.plan(stage.day)

    def roll_back() -> None:
        told = stage.both.local.streaming(*ROLLBACK[1:])
        assert told.exit_code == 0, told.output

    deploy()
    points = stage.typed(*ROLLBACK).writes()
    roll_back()
    for _ in range(draws(1)):
        deploy()
        ended_by_the_next(stage, points, ROLLBACK, roll_back)


CASES = [of_a_run, of_a_restatement, of_a_changing_plan, of_a_promotion, of_a_rollback]


@pytest.mark.drawn(1)
@pytest.mark.parametrize("case", CASES)
def test_a_kill(stage: Stage, case: Callable[[Stage], None]) -> None:
    case(stage)


def ended_by_the_next(
    stage: Stage, points: list[int], words: tuple[str, ...], unkilled: Callable[[], None]
) -> None:
    """Kills a command, and types it again if it has not begun to change prod."""
    before = tables(stage.both.databricks)
    step = stage.killed(points, *words)
    unkilled()
    done = tables(stage.both.local)
    if not stage.is_as(done, or_else=before, step=step):
        stage.typed(*words)
        assert stage.is_as(done, or_else=done, step=step)
