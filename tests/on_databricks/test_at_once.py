"""Two commands at once on one state in Postgres and one warehouse: they take turns.

The commands are real processes in checkouts of their own; the tests follow on each other.
"""

from __future__ import annotations

import copy
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from engines import Engines, differences, engines, filled_model, of_feed, tables
from harness import Platform, checkout, morning_after
from postgres import Postgres, postgres

from generator.generate import write_landing
from generator.population import Settings
from operations.hooks.state_lock import KEY
from tests.warehouse import Warehouse

FIRST, SECOND = date(2026, 1, 1), date(2026, 1, 2)
CHANGES = [
    ("silver/users", "email, /*", "UPPER(email) AS email, /*"),
    ("quarantine/users", "_rescued_data, /*", "LOWER(_rescued_data) AS _rescued_data, /*"),
]
PLAN = ("plan", "prod", "--no-gaps", "--auto-apply", "--no-prompts")
PLAN += ("--skip-tests", "--skip-linter")  # the checkouts have no tests
FIRST_PLAN = (*PLAN, "--execution-time", str(morning_after(FIRST)))
WITHIN = 600  # seconds, for what takes two minutes
pytestmark = pytest.mark.slow


class Team(NamedTuple):
    """Both engines; three checkouts of the project, each with one change more than the last."""

    both: Engines
    server: Postgres
    checkouts: tuple[Path, Path, Path]
    written: Path

    def at(self, number: int) -> Platform:
        """The platform on Databricks, seen from a checkout."""
        platform = copy.copy(self.both.databricks)
        platform.project = self.checkouts[number]
        return platform

    def fills(self, since: int) -> Counter[str]:
        """How often statements since the given one have filled each version of a table."""
        statements = self.both.warehouse.statements()[since:]
        found = [match[0] for match in map(filled_model, statements) if match]
        return Counter(text.rsplit("`", 1)[1] for text in found)

    @contextmanager
    def held(self, process: subprocess.Popen[str], command: str) -> Iterator[None]:
        """Holds a command where it says what it has done, until another waits for its turn.

        Args:
            process: what is held, from when it has the lock on.
            command: how the other one, which the block starts, is called (`sqlmesh plan prod`).
        """
        self.wait_until(
            f"SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = {KEY} AND granted",
            process,
        )
        with closing(self.server.connect()) as holding, holding.cursor() as cursor:
            cursor.execute("BEGIN; LOCK TABLE sqlmesh._intervals IN SHARE ROW EXCLUSIVE MODE")
            yield
            self.wait_until(
                "SELECT 1 FROM pg_stat_activity "
                f"WHERE application_name LIKE '{command}, %' "
                "AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)",
                process,
            )
            cursor.execute("COMMIT")

    def wait_until(self, sql: str, process: subprocess.Popen[str]) -> None:
        """Waits until a query on the state gives rows, while a command is under way."""
        end = time.monotonic() + WITHIN
        while not self.server.rows(sql):
            assert process.poll() is None, "It ended before: " + "\n".join(process.communicate())
            assert time.monotonic() < end, "It took too long."
            time.sleep(0.1)


def model(table: str) -> str:
    """The model of a table, whose name ends with its version."""
    return table.rsplit("__", 1)[0]


@pytest.fixture(scope="module")
def team(running_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """An empty prod whose state was made by `sqlmesh migrate`; the first day is delivered."""
    folder = tmp_path_factory.mktemp("team")
    written = folder / "written"
    generated = {"watches": 400, "days": 2, "start": FIRST, "seed": 11}
    write_landing(Settings(format="json", dirt=0.05, late=0.1, **generated), written)
    checkouts = tuple(
        checkout(folder / name, of_feed("users")) for name in ("old", "changed", "changed_more")
    )
    for number, (name, old, new) in enumerate(CHANGES, 1):
        for changed in checkouts[number:]:
            path = changed / "models" / f"{name}.sql"
            text = path.read_text()
            assert text.count(old) == 1
            path.write_text(text.replace(old, new))
    both = engines(running_warehouse, folder, "json")
    with postgres() as server:
        both.databricks.settings |= server.settings() | {"STREAMING_STATE_WAIT_MINUTES": "20"}
        # As jobs and the bot choose the gateway.
        both.databricks.settings["SQLMESH__DEFAULT_GATEWAY"] = "databricks"
        both.local.receive(written, [FIRST])
        made = Team(both, server, checkouts, written)
        migrated = made.at(0).command("migrate")
        assert migrated.returncode == 0, migrated.stdout + migrated.stderr
        yield made


def test_two_plans_at_once(team: Team) -> None:
    """Of two first plans the second waits, computes its change alone, and is told to plan again."""
    first = team.at(0).start(*FIRST_PLAN)
    with team.held(first, "sqlmesh plan prod"):
        second = team.at(1).start(*FIRST_PLAN)
    out, _ = first.communicate(timeout=WITHIN)
    assert first.returncode == 0 and "Virtual layer updated" in out, out
    out, _ = second.communicate(timeout=WITHIN)
    assert second.returncode == 1, out
    assert f"The shared state is in use by 'sqlmesh plan prod, pid {first.pid}," in out
    assert "was applied to the target environment 'prod' while your current plan" in out
    assert "Please re-apply your plan" in out
    fills = team.fills(0)
    assert len(fills) > 3 and set(fills.values()) == {1}
    versions = Counter(map(model, fills))
    assert {name for name, count in versions.items() if count > 1} == {"silver__users"}

    before = len(team.both.warehouse.statements())
    again = team.at(1).command(*FIRST_PLAN)
    assert again.returncode == 0 and "No model batches to execute" in again.stdout, again.stdout
    assert not team.fills(before)


def test_a_plan_while_a_run_is_under_way(team: Team) -> None:
    """It waits. What it computes ends where prod ended before the run, and so it is told to plan
    again: with --no-gaps prod does not lose a day by a promotion.
    """
    team.both.local.receive(team.written, [SECOND])
    before = len(team.both.warehouse.statements())
    run = team.at(1).start("run", "--end", str(SECOND))
    with team.held(run, "sqlmesh plan prod"):
        plan = team.at(2).start(*PLAN)
    out, _ = run.communicate(timeout=WITHIN)
    assert run.returncode == 0 and "Run finished" in out, out
    out, _ = plan.communicate(timeout=WITHIN)
    assert plan.returncode == 1, out
    assert f"The shared state is in use by 'sqlmesh run prod, pid {run.pid}," in out
    assert f"quarantine.users`: [{FIRST} - {FIRST}]" in out
    assert 'Detected missing intervals for model "streaming_prod"."quarantine"."users"' in out
    fills = team.fills(before)
    assert len(fills) > 3 and set(fills.values()) == {1}
    versions = Counter(map(model, fills))
    assert {name for name, count in versions.items() if count > 1} == {"quarantine__users"}

    before = len(team.both.warehouse.statements())
    again = team.at(2).command(*PLAN)
    assert again.returncode == 0, again.stdout
    assert f"quarantine.users`: [{SECOND} - {SECOND}]" in again.stdout
    fills = team.fills(before)
    assert [*map(model, fills)] == ["quarantine__users"] and fills.total() == 1


def test_the_tables_are_as_if_one_had_come_after_the_other(team: Team) -> None:
    local = team.both.local
    steps = [
        (0, local.plan, FIRST),
        (1, local.plan, FIRST),
        (1, local.run, SECOND),
        (2, local.plan, SECOND),
    ]
    for number, step, day in steps:
        local.project = team.checkouts[number]
        step(day)
    ours, theirs = tables(local), tables(team.at(2))
    assert len(ours) > 3
    # Nobody asks to be forgotten.
    assert [n for n, table in ours.items() if not table.rows] == ["bronze.delivered_erasures"]
    assert not differences(ours, theirs)
