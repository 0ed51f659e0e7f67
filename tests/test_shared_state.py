"""State in Postgres: commands take turns, and no fault doubles a row or loses an interval.

The warehouse is DuckDB, so that what the commands compute can be compared with the oracle. The
tests of `prod` follow on each other: each delivers a day.
"""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from harness import PROJECT, Platform, morning_after
from postgres import Postgres, postgres
from sqlmesh import Context
from sqlmesh.utils.errors import ConfigError

from generator.generate import write_landing
from generator.population import Settings
from operations.hooks import joined
from operations.hooks.state_lock import KEY, StateLock, turns

FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(11)]
SOMEONE = "sqlmesh run prod, pid 1, ann@laptop"
LOCKED = f"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = {KEY} AND granted"
WITHIN = 120  # seconds, for what takes a few


class Shared(NamedTuple):
    """A platform on DuckDB with its state in a database of the server."""

    platform: Platform
    server: Postgres
    database: str
    landing: Path
    days: Iterator[date]

    def deliver(self) -> date:
        """Delivers the next day."""
        day = next(self.days)
        self.platform.receive(self.landing, [day])
        return day

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a statement on the state's database."""
        return self.server.rows(sql, self.database)

    def recorded(self, day: date) -> set[str]:
        """The models that have computed this day, as the state has it."""
        rows = self.rows(
            "SELECT DISTINCT name FROM sqlmesh._intervals WHERE NOT is_removed "
            f"AND end_ts > 1000 * EXTRACT(EPOCH FROM TIMESTAMP '{day}')"
        )
        return {name.replace('"', "") for (name,) in rows}

    def computed(self) -> Counter[tuple[str, date]]:
        """How often each model has computed what begins on a day, as the state has it."""
        return Counter(
            self.rows(
                "SELECT name, CAST(TO_TIMESTAMP(start_ts / 1000) AT TIME ZONE 'UTC' AS DATE) "
                "FROM sqlmesh._intervals WHERE NOT is_removed"
            )
        )


def run(day: date) -> tuple[str, ...]:
    """The command that runs the days up to `day`."""
    return "run", "--end", str(day)


def models(out: str) -> set[str]:
    """The models that a command has computed, as it says."""
    return set(re.findall(r"^\[\d+/\d+\] (\S+) ", out, re.M))


def wait_until(there: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Waits for what a command does on its way."""
    end = time.monotonic() + WITHIN
    while not there():
        assert process.poll() is None, "It ended before: " + "\n".join(process.communicate())
        assert time.monotonic() < end, "It took too long."
        time.sleep(0.02)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running
        for turn in turns.values():  # of a test that failed: losing it would end this process
            turn.end()


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Days with dirt, late and corrected rows."""
    root = tmp_path_factory.mktemp("generated") / "landing"
    days = {"days": len(DAYS), "start": FIRST}
    write_landing(Settings(watches=1200, format="json", seed=7, dirt=0.05, late=0.1, **days), root)
    return root


def in_postgres(server: Postgres, database: str) -> dict[str, str]:
    """Settings by which SQLMesh keeps the local gateway's state in Postgres, too."""
    given = server.settings(database).items()
    state = {name.removeprefix("STREAMING_STATE_"): value for name, value in given}
    state |= {"TYPE": "postgres", "CONCURRENT_TASKS": "4"}
    return {f"SQLMESH__GATEWAYS__LOCAL__STATE_CONNECTION__{k}": v for k, v in state.items()}


@pytest.fixture(scope="module")
def new(
    tmp_path_factory: pytest.TempPathFactory, server: Postgres, landing: Path
) -> Callable[[str], Shared]:
    """Makes a platform with an empty state; its first day is delivered."""

    def make(name: str) -> Shared:
        server.rows(f"CREATE DATABASE {name}")
        settings = in_postgres(server, name) | {"STREAMING_STATE_WAIT_MINUTES": "5"}
        platform = Platform(tmp_path_factory.mktemp(name), "json", **settings)
        made = Shared(platform, server, name, landing, iter(DAYS))
        made.deliver()
        return made

    return make


@pytest.fixture(scope="module")
def prod(new: Callable[[str], Shared]) -> Shared:
    """One day is in prod."""
    made = new("prod")
    made.platform.plan(FIRST)
    return made


@contextmanager
def someone_at_work(prod: Shared) -> Iterator[None]:
    """Another command has the lock."""
    connection = prod.server.connect(prod.database, application_name=SOMEONE)
    try:
        connection.cursor().execute(f"SELECT pg_advisory_lock({KEY})")
        yield
    finally:
        connection.close()


def waiting(process: subprocess.Popen[str]) -> str:
    """What a command that waits for its turn says; it ends without such a line if it does not."""
    assert process.stdout
    return next((line for line in process.stdout if "in use" in line), "")


def test_runs_in_one_process(prod: Shared) -> None:
    """A run that has nothing to do, which SQLMesh does not tell of, does not lock out the next."""
    now = morning_after(FIRST)
    with prod.platform.context() as context:
        assert context.run(execution_time=now, skip_janitor=True).is_nothing_to_do
    assert prod.rows(LOCKED)
    prod.platform.run(prod.deliver())
    assert not prod.rows(LOCKED)
    prod.platform.check()
    assert not list(prod.platform.data.glob("state*"))


def test_the_second_waits_and_is_told_for_whom(prod: Shared) -> None:
    day = prod.deliver()
    with someone_at_work(prod):
        process = prod.platform.start(*run(day))
        told = waiting(process)
        assert re.search(f"by '{SOMEONE}', since [-0-9]+ [:0-9]+ UTC, session [0-9]+ of", told)
        assert not prod.recorded(day)
    out, _ = process.communicate(timeout=WITHIN)
    assert process.returncode == 0, out
    prod.platform.check()
    assert not prod.rows(LOCKED)


def test_the_second_gives_up(prod: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    day = prod.deliver()
    monkeypatch.setitem(prod.platform.settings, "STREAMING_STATE_WAIT_MINUTES", "0")
    with someone_at_work(prod):
        for command in (run(day), ("migrate",)):
            refused = prod.platform.command(*command)
            assert refused.returncode == 1
            assert f"Error: The shared state is in use by '{SOMEONE}'" in refused.stdout
            assert "STREAMING_STATE_WAIT_MINUTES" in refused.stdout
    assert not prod.recorded(day)


def killed(prod: Shared, process: subprocess.Popen[str]) -> None:
    process.kill()


def its_sessions_end(prod: Shared, process: subprocess.Popen[str]) -> None:
    prod.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        f"WHERE datname = current_database() AND pid NOT IN ({LOCKED}) "
        "AND pid <> pg_backend_pid()"
    )


def its_lock_ends(prod: Shared, process: subprocess.Popen[str]) -> None:
    prod.rows(f"SELECT pg_terminate_backend(pid) FROM ({LOCKED}) AS locked")


def postgres_restarts(prod: Shared, process: subprocess.Popen[str]) -> None:
    prod.server.control("restart", "-m", "immediate")


@pytest.mark.parametrize(
    ("fault", "codes", "said"),
    [
        (killed, {-signal.SIGKILL}, ""),
        (its_sessions_end, {0, 1}, ""),  # SQLMesh connects anew, but for a statement under way
        (its_lock_ends, {-signal.SIGTERM}, "lock on the shared state is lost"),
        (postgres_restarts, {1, -signal.SIGTERM}, ""),  # whichever connection is missed first
    ],
)
def test_a_fault_in_the_middle_of_a_run(
    prod: Shared,
    fault: Callable[[Shared, subprocess.Popen[str]], None],
    codes: set[int],
    said: str,
) -> None:
    day = prod.deliver()
    process = prod.platform.start(*run(day))
    wait_until(lambda: len(prod.recorded(day)) > 3, process)
    fault(prod, process)
    out, errors = process.communicate(timeout=WITHIN)
    assert process.returncode in codes and said in out, out + errors
    computed = prod.recorded(day)
    again = prod.platform.command(*run(day))
    assert again.returncode == 0, again.stdout
    assert not computed & models(again.stdout), "computed twice"
    prod.platform.check()


def test_the_state_is_migrated_while_a_run_waits(prod: Shared) -> None:
    ((ours,),) = prod.rows("SELECT sqlmesh_version FROM sqlmesh._versions")
    with someone_at_work(prod):
        process = prod.platform.start(*run(prod.deliver()))
        assert waiting(process)
        prod.rows("UPDATE sqlmesh._versions SET sqlmesh_version = '0.999.0'")
    out, _ = process.communicate(timeout=WITHIN)
    assert process.returncode == 1
    assert f"SQLMesh (local) is using version '{ours}' which is behind '0.999.0'" in out


def test_a_state_of_an_older_sqlmesh_waits_for_the_migration(prod: Shared) -> None:
    prod.rows("UPDATE sqlmesh._versions SET sqlmesh_version = '0.200.0'")
    day = prod.deliver()
    refused = prod.platform.command(*run(day))
    assert refused.returncode == 1
    assert "ahead of '0.200.0' (remote). Please run a migration" in refused.stdout
    assert not prod.recorded(day)
    assert prod.platform.command("migrate").returncode == 0
    assert prod.platform.command(*run(day)).returncode == 0
    prod.platform.check()


def test_export_and_import(prod: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another database takes the state over, when it is accepted as that of the tables: nothing is
    computed again, and the next day runs."""
    file = str(tmp_path / "state.json")
    exported = prod.platform.command("state", "export", "-o", file, "--no-confirm")
    assert exported.returncode == 0, exported.stdout
    prod.server.rows("CREATE DATABASE restored")
    restored = prod._replace(database="restored")
    for name, value in in_postgres(prod.server, "restored").items():
        monkeypatch.setitem(prod.platform.settings, name, value)
    imported = prod.platform.command("state", "import", "-i", file, "--no-confirm")
    assert imported.returncode == 0, imported.stdout
    planned = prod.platform.command("plan", "--auto-apply", "--no-prompts", "--skip-tests")
    assert "No changes to plan" in planned.stdout, planned.stdout
    day = prod.deliver()
    refused = prod.platform.command(*run(day))
    assert refused.returncode == 1 and "do not belong together" in refused.stdout
    assert not restored.recorded(day)
    accepted = prod.platform.streaming("check", "--accept")
    assert "say the same" in accepted.output, accepted.output
    before = restored.computed()
    ran = prod.platform.command(*run(day))
    assert ran.returncode == 0, ran.stdout
    assert {began for _, began in restored.computed() - before} == {day}
    prod.platform.check()


def test_two_migrations_at_once(new: Callable[[str], Shared]) -> None:
    empty = new("empty")
    both = [empty.platform.start("migrate") for _ in range(2)]
    said = [process.communicate(timeout=WITHIN)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sorted("Schema version: 0 ->" in text for text in said) == [False, True]
    assert len(empty.rows("SELECT * FROM sqlmesh._versions")) == 1


def test_faults_in_the_middle_of_a_plan(new: Callable[[str], Shared]) -> None:
    """Postgres restarts while the plan computes; again, it is killed while it makes the views."""
    made = new("planned")
    assert made.platform.command("migrate").returncode == 0
    plan = ("plan", "--auto-apply", "--no-prompts", "--skip-tests")
    plan += ("--execution-time", str(morning_after(FIRST)))

    first = made.platform.start(*plan)
    wait_until(lambda: len(made.recorded(FIRST)) > 3, first)
    postgres_restarts(made, first)
    first.communicate(timeout=WITHIN)
    assert first.returncode in {1, -signal.SIGTERM}

    second = made.platform.start(*plan)
    wait_until(
        lambda: made.rows("SELECT 1 FROM sqlmesh._environments WHERE finalized_ts IS NULL"), second
    )
    second.kill()
    second.communicate()
    refused = made.platform.command("run")
    assert refused.returncode == 1
    assert "was cut off while it switched the views" in refused.stdout
    assert refused.stdout.rstrip().endswith("Next: sqlmesh plan prod")

    computed = made.recorded(FIRST)
    third = made.platform.command(*plan)
    assert third.returncode == 0, third.stdout
    assert not computed & models(third.stdout)
    made.platform.check()


@pytest.fixture
def developer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., Context]]:
    """Opens the project as someone who has set up Databricks and a state that does not answer."""
    monkeypatch.setenv("STREAMING_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DATABRICKS_HOST", "adb-1.azuredatabricks.net")
    monkeypatch.setenv("DATABRICKS_HTTP_PATH", "/sql/1.0/warehouses/1")
    monkeypatch.setenv("DATABRICKS_TOKEN", "dapi-none")
    monkeypatch.setenv("STREAMING_STATE_HOST", "127.0.0.1")
    monkeypatch.setenv("STREAMING_STATE_PORT", "9")

    contexts = []

    def opened(**settings: str) -> Context:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        contexts.append(Context(paths=PROJECT, load=False))
        return contexts[-1]

    yield opened
    for context in contexts:
        context.close()


def locks(context: Context) -> int:
    return sum(isinstance(target, StateLock) for target in joined(context))


def test_whose_state_is_a_file_needs_no_postgres_and_no_lock(
    developer: Callable[..., Context],
) -> None:
    context = developer(STREAMING_STATE_WAIT_MINUTES="no number", SQLMESH__USERNAME="ann")
    assert context.selected_gateway == "local" and locks(context) == 0
    context.load()
    assert not context.state_sync.get_environments()


def test_the_gateway_of_jobs_is_chosen_by_the_environment(
    developer: Callable[..., Context],
) -> None:
    context = developer(SQLMESH__DEFAULT_GATEWAY="databricks")
    assert context.selected_gateway == "databricks" and locks(context) == 1


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SQLMESH__USERNAME", "ann", "`username` is 'ann'"),
        ("STREAMING_STATE_WAIT_MINUTES", "an hour", "STREAMING_STATE_WAIT_MINUTES is 'an hour'"),
    ],
)
def test_what_would_pass_by_the_lock_is_refused(
    developer: Callable[..., Context], name: str, value: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        developer(SQLMESH__DEFAULT_GATEWAY="databricks", **{name: value})
