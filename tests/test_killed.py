"""A command that is killed anywhere is ended by what a scheduler does next, or refused in words.

Each command is killed before a step that it is about to take. Then the next day comes, and the
scheduler's `streaming run`. It exits with 0 only if prod is what it would be had the command not
been killed, or had it never begun; whoever typed it then types it again. Else its last line names
the command that mends it. In the end prod is that of a twin that was not killed, value by value.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from harness import FIRST, Platform, checkout, draws
from killing import PLAN, RUN, Ended, command

from generator.generate import write_landing
from generator.population import Settings

pytestmark = pytest.mark.slow
DAYS = [FIRST + timedelta(days=n) for n in range(4)]
LAST, NEXT = DAYS[-2:]  # the last day in prod, and the one that comes after the command
USER = 3
# What depends on the clock or on the moment at which a file was written.
OF_THE_MOMENT = {"_loaded_at", "loaded_at", "erased_at", "modified_at", "_file_state"}
OF_THE_MOMENT |= {"requested_at", "retained_until"}
COLUMNS = f"COLUMNS(name -> name NOT IN {tuple(sorted(OF_THE_MOMENT))})"
# A request is of the moment, and its evidence counts the rows of then; so do deliveries. What
# users_snapshot once showed depends on when runs were; what it shows now does not.
OF_VIEW = {
    "deliveries": "* EXCLUDE (rejected)",
    **dict.fromkeys(("erasures", "delivered_erasures", "erased_rows"), "user_id"),
    "files": f"{COLUMNS} WHERE feed <> 'erasures'",
    "users_snapshot": "* EXCLUDE (valid_from, valid_to) WHERE valid_to IS NULL",
}
Shown = dict[str, list[tuple]]


@dataclass(frozen=True)
class Case:
    """A command that is killed.

    Attributes:
        words: the command.
        version: the checkout in which it is typed.
        state: the saved state in which it begins.
        lands: what lands before it.
    """

    words: tuple[str, ...]
    version: str = "old"
    state: str = "old"
    lands: tuple[str, ...] = ()


RESTATED = ("--restate-model", "bronze.delivered_watches", "--start", str(DAYS[1]))
CASES = {
    "run": Case(RUN, lands=("next",)),
    "run_with_late_files": Case(RUN, lands=("next", "late")),
    "restatement": Case((*PLAN, "prod", *RESTATED, "--end", str(DAYS[1])), lands=("late",)),
    "changing_plan": Case((*PLAN, "prod"), version="other"),
    "promotion": Case((*PLAN, "prod"), version="new", state="seen_in_dev"),
    "rollback": Case(("streaming", "rollback", "--yes"), version="new", state="deployed"),
    "erasure": Case(("streaming", "erase", str(USER), "--yes")),
}
# Both change what prod shows.
VERSIONS = {
    "new": ("gold/fct_watches", "watches.status = 'completed' AS", "FALSE AS"),
    "other": ("silver/watches", "LOWER(@CLEAN(status)) AS", "UPPER(@CLEAN(status)) AS"),
}
# The saved states: that before, and the checkout and the environment of the plan that makes it.
STATES = {
    "old": ("", "old", "prod"),
    "seen_in_dev": ("old", "new", "dev"),
    "deployed": ("seen_in_dev", "new", "prod"),
}


@dataclass(frozen=True)
class Twin:
    """What comes of a command that is not killed.

    Attributes:
        points: the steps before which it may be killed.
        done: what prod shows in the end.
        without: what it shows had the command never begun; nothing where that is the scheduler's.
    """

    points: list[int]
    done: Shown
    without: Shown | None


class Stage:
    """The platform, the states from which the commands begin, and the checkouts."""

    def __init__(self, folder: Path) -> None:
        self.generated = folder / "generated"
        write_landing(
            Settings(200, len(DAYS), "json", seed=7, start=FIRST, dirt=0.05, late=0.1),
            self.generated,
        )
        self.platform = Platform(folder / "platform", "json")
        self.versions = {"old": checkout(folder / "old")}
        for version, (name, text, other) in VERSIONS.items():
            self.versions[version] = checkout(folder / version)
            model = self.versions[version] / "models" / f"{name}.sql"
            assert model.read_text().count(text) == 1, f"{name} has no longer one {text!r}"
            model.write_text(model.read_text().replace(text, other))
        self.platform.receive(self.generated, DAYS[:-1])
        (self.late,) = self.platform.landing.glob(f"watches/dt={DAYS[1]}/*")
        self.fewer = self.late.read_text().splitlines(keepends=True)[::2]
        self.made: set[str] = set()

    def reach(self, state: str) -> None:
        """Goes to a state, which is made the first time."""
        before, version, environment = STATES[state]
        if state in self.made:
            self.platform.restore(state)
            return
        if before:
            self.reach(before)
        self.platform.project = self.versions[version]
        ended = command(self.platform, LAST, *PLAN, environment)
        assert ended.code == 0, ended.said
        self.platform.save(state)
        self.made.add(state)

    def begin(self, case: Case) -> None:
        """Goes to where a case begins."""
        self.reach(case.state)
        self.platform.project = self.versions[case.version]
        if "late" in case.lands:
            self.late.write_text("".join(self.fewer))
        if "next" in case.lands:
            self.platform.receive(self.generated, [NEXT])

    def typed(self, case: Case, kill_at: int = 0) -> Ended:
        """The command of a case, on the morning after the last day that has landed."""
        landed = max(delivery.dt for delivery in self.platform.deliveries)
        return command(self.platform, landed, *case.words, kill_at=kill_at)

    def run(self) -> Ended:
        """What the scheduler does when the next day has come."""
        if all(delivery.dt != NEXT for delivery in self.platform.deliveries):
            self.platform.receive(self.generated, [NEXT])
        return command(self.platform, NEXT, *RUN)

    def shown(self) -> Shown:
        """All that prod shows, but for what depends on the moment."""
        views = self.platform.query(
            "SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal "
            "AND database_name = 'streaming_prod' AND schema_name NOT LIKE 'sqlmesh%' ORDER BY ALL"
        )
        shown = {}
        for schema, view in views:
            columns, _, where = OF_VIEW.get(view, COLUMNS).partition(" WHERE ")
            rows = self.platform.query(
                f"SELECT {columns} FROM streaming_prod.{schema}.{view} WHERE {where or True}"
            )
            shown[f"{schema}.{view}"] = sorted(map(rounded, rows), key=repr)
        return shown


def rounded(row: tuple) -> tuple:
    """A row whose means do not depend on the order in which they were summed."""
    return tuple(round(value, 9) if isinstance(value, float) else value for value in row)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("killed"))


@pytest.mark.drawn(1)
@pytest.mark.parametrize("name", CASES)
def test_what_was_killed_is_ended_or_refused(stage: Stage, name: str) -> None:
    case = CASES[name]
    twin = twin_of(stage, case)
    points = random.sample(twin.points, min(draws(2), len(twin.points)))
    wrong = {point: why for point in points if (why := tried(stage, case, twin, point))}
    assert not wrong, "\n\n".join(
        f"{name}, killed before step {point}:\n{why}" for point, why in sorted(wrong.items())
    )


def twin_of(stage: Stage, case: Case) -> Twin:
    """What comes of a command that is not killed."""
    without = None
    if case.words != RUN:
        stage.begin(case)
        assert stage.run().code == 0
        without = stage.shown()
    stage.begin(case)
    ended = stage.typed(case)
    assert ended.code == 0, ended.said
    if case.words != RUN:
        assert stage.run().code == 0
    return Twin(ended.writes(), stage.shown(), without)


def tried(stage: Stage, case: Case, twin: Twin, point: int) -> str:
    """Kills a command; gives what is wrong with what comes of it, or nothing."""
    stage.begin(case)
    killed = stage.typed(case, point)
    if not killed.killed:
        return "" if killed.code == 0 else f"It failed before it was killed.\n{killed.said}"
    before = f"{killed.steps[-1][:200]}\n"
    run = stage.run()
    if run.code:
        mending = run.next_step()
        if not mending:
            return f"{before}The run failed and named no command:\n{run.said[-2000:]}"
        mended = command(stage.platform, NEXT, *mending)
        if mended.code:
            return f"{before}{' '.join(mending)}, which mends it, failed:\n{mended.said[-2000:]}"
    elif (found := stage.shown()) not in (twin.done, twin.without):
        return f"{before}After a run that succeeded prod is a mixture: {different(found, twin)}"
    if twin.without != twin.done and stage.shown() == twin.without:
        again = stage.typed(case)
        if again.code:
            return f"{before}Typed again, it failed:\n{again.said[-2000:]}"
    run = stage.run()
    if run.code:
        return f"{before}The run after all failed:\n{run.said[-2000:]}"
    found = stage.shown()
    return "" if found == twin.done else f"{before}In the end: {different(found, twin)}"


def different(found: Shown, twin: Twin) -> str:
    """In which views two differ, with a row of each."""
    lines = []
    for name in sorted(found.keys() | twin.done.keys()):
        here, there = found.get(name, []), twin.done.get(name, [])
        if here != there:
            more = [row for row in here if row not in there][:1]
            less = [row for row in there if row not in here][:1]
            lines.append(f"{name}: {len(here)} rows for {len(there)}, {more} for {less}")
    return "\n".join(lines)
