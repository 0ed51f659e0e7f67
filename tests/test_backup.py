"""State and tables belong together, can be kept as one set, and come back whole."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import oracle
import pytest
from harness import FIRST, SEEDS_LAST, Platform, assert_equal, deliver_day, held
from sqlmesh.core.engine_adapter import DuckDBEngineAdapter

from operations import backup
from operations.backup import DATABASES, MANIFEST
from operations.damage import Unwritten, explained
from operations.hooks.belonging import IN_WAREHOUSE, TABLE
from operations.users_snapshot import ERASED, Shown, User, joined

SECOND, THIRD = (FIRST + timedelta(days=n) for n in (1, 2))
STATE, PROD, DEV = DATABASES
SNAPSHOT = """SELECT user_id, name, email, country, subscription_plan, signed_up_on, valid_from,
    valid_to FROM streaming_prod.silver.users_snapshot ORDER BY ALL"""
NAMES = "SELECT user_id, name FROM streaming_prod.silver.users ORDER BY ALL"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """Two days in prod; `older` in its folder has the data after the first."""
    platform = Platform(tmp_path_factory.mktemp("backup"))
    deliver_day(platform, FIRST)
    platform.plan(FIRST)
    shutil.copytree(platform.data, platform.folder / "older")
    deliver_day(platform, SECOND)
    platform.run(SECOND)
    platform.save()
    return platform


@pytest.fixture
def prod(built: Platform) -> Platform:
    """Two days in prod, as they were."""
    built.restore()
    return built


def older(platform: Platform, *names: str) -> None:
    """Brings files of the first day back."""
    for name in names:
        shutil.copy2(platform.folder / "older" / name, platform.data / name)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def names(platform: Platform) -> tuple[object, ...]:
    """The names of the last change: the state's, the one under way, the warehouse's."""
    with duckdb.connect(str(platform.data / STATE), read_only=True) as state:
        of_state = state.execute(f"SELECT id, next_id FROM {TABLE}").fetchone() or ()
    return (*of_state, *platform.query(f"SELECT id FROM {IN_WAREHOUSE}")[0])


def refused(platform: Platform, words: str) -> None:
    """Asserts that a command stops, says why and the way out, and changes no file."""
    before = contents(platform.data)
    told = platform.streaming("status")
    assert told.exit_code == 1 and words in told.stderr, told.output
    assert told.stderr.splitlines()[-1].startswith("Next: ")
    assert contents(platform.data) == before


def refused_by_sqlmesh(platform: Platform, words: str) -> None:
    """Asserts the same of SQLMesh's own commands, which take such a state for none otherwise."""
    before = contents(platform.data)
    for arguments in (("run",), ("plan", "--skip-tests", "--auto-apply", "--no-prompts")):
        told = platform.command(*arguments)
        assert told.returncode == 1 and words in told.stdout, told.stdout + told.stderr
        assert "Initializing" not in told.stdout + told.stderr
        assert told.stdout.splitlines()[-1].startswith("Next: ")
    assert contents(platform.data) == before


@pytest.mark.parametrize("name", [STATE, PROD])
def test_a_file_that_is_older_than_the_other(prod: Platform, name: str) -> None:
    """Nothing is written; both of one moment go on, and nothing is lost."""
    older(prod, name)
    refused(prod, "do not belong together")
    refused_by_sqlmesh(prod, "do not belong together")
    older(prod, *DATABASES)
    prod.run(SECOND)
    prod.check()


@pytest.mark.parametrize("name", [STATE, PROD])
@pytest.mark.parametrize("is_empty", [False, True])
def test_a_file_that_is_missing_or_empty(prod: Platform, name: str, is_empty: bool) -> None:
    """It is not made anew."""
    (prod.data / name).unlink()
    if is_empty:
        (prod.data / name).touch()
    refused(prod, "do not belong together")


class Killed(Exception):
    """The command is cut off here."""


@contextmanager
def cut_off(number: int) -> Iterator[list[str]]:
    """Cuts a command off before one of the statements that name its change; keeps those."""
    seen: list[str] = []
    execute = DuckDBEngineAdapter._execute

    def counted(self: DuckDBEngineAdapter, sql: str, *arguments: object, **named: object) -> None:
        if "last_change" in sql and not sql.startswith("SELECT"):
            seen.append(sql)
            if len(seen) == number:
                raise Killed(sql)
        execute(self, sql, *arguments, **named)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(DuckDBEngineAdapter, "_execute", counted)
        yield seen


def test_a_command_that_was_cut_off_locks_nobody_out(prod: Platform) -> None:
    """At each statement; and also then an older file is told from the other."""
    deliver_day(prod, THIRD)
    saved = {name: (prod.data / name).read_bytes() for name in DATABASES}
    with cut_off(0) as statements:
        prod.run(THIRD)
    prod.check()
    assert len(statements) == 3
    for number in range(1, len(statements) + 1):
        for name, content in saved.items():
            (prod.data / name).write_bytes(content)
        with cut_off(number), pytest.raises(Killed):
            prod.run(THIRD)
        with prod.context() as context:
            assert context.state_reader.get_environment("prod")
    with cut_off(2), pytest.raises(Killed):  # twice in a row
        prod.run(THIRD)
    prod.run(THIRD)
    prod.check()
    last, under_way, of_warehouse = names(prod)
    assert last == under_way == of_warehouse
    older(prod, PROD)
    refused(prod, "do not belong together")


def test_what_writes_leaves_its_name_in_both(prod: Platform) -> None:
    """And what has nothing to do leaves none."""

    def idle() -> None:
        prod.run(SECOND)
        prod.plan(SECOND)
        with prod.context() as context:
            context.run_janitor(ignore_ttl=False)

    def plan_dev() -> None:
        prod.plan(SECOND, "dev", include_unmodified=True)

    def erase() -> None:
        assert prod.streaming("erase", "1", "--yes").exit_code == 0

    for command, is_new in ((idle, False), (plan_dev, True), (erase, True)):
        before = names(prod)
        command()
        after = names(prod)
        assert (after != before) == is_new and len({*after}) == 1


def test_a_build_that_has_no_names_yet(prod: Platform) -> None:
    """Made before there were any, it goes on."""
    with duckdb.connect(str(prod.data / STATE)) as state:
        state.execute("DROP SCHEMA streaming CASCADE")
    prod.query(f"DROP TABLE {IN_WAREHOUSE}", access="READ_WRITE")
    deliver_day(prod, THIRD)
    prod.run(THIRD)
    prod.check()
    assert len({*names(prod)}) == 1


def damage(file: Path, kind: str) -> None:
    """Damages a file that has something."""
    content = file.read_bytes()
    file.write_bytes(
        {
            "empty": b"",
            "cut off": content[: len(content) // 2],
            "another file": b"user_id,name\n1,Ann\n" * 1000,
            "overwritten": content[:4096] + b"\xff" * 8192 + content[12288:],
        }[kind]
    )


@pytest.mark.parametrize("name", DATABASES)
@pytest.mark.parametrize("kind", ["cut off", "another file", "overwritten"])
def test_a_file_that_is_damaged(prod: Platform, name: str, kind: str) -> None:
    damage(prod.data / name, kind)
    refused(prod, f"{name} is damaged")
    way_out = prod.streaming("status").stderr.splitlines()[-1]
    assert ("remove it" if name == DEV else "streaming restore") in way_out
    if (name, kind) == (STATE, "cut off"):
        refused_by_sqlmesh(prod, "is damaged")


@pytest.mark.parametrize("name", [STATE, PROD])
def test_a_write_ahead_log_that_is_damaged(prod: Platform, name: str) -> None:
    """DuckDB replays it before anything is read."""
    leave_log(prod.data / name)
    log = prod.data / f"{name}.wal"
    content = log.read_bytes()
    log.write_bytes(content[:100] + b"\xff" * 20 + content[120:])
    refused(prod, "is damaged")


def leave_log(file: Path) -> None:
    """Writes into a database as a command that is killed does: its last words are in the log."""
    if (child := os.fork()) == 0:
        connection = duckdb.connect(str(file))
        connection.execute("CREATE SCHEMA of_log; CREATE TABLE of_log.t AS SELECT 1 AS x")
        os._exit(0)
    os.waitpid(child, 0)
    assert file.with_name(f"{file.name}.wal").stat().st_size > 200


def test_a_block_that_is_damaged(prod: Platform) -> None:
    """It is found when it is read: by the backup, which reads all of them."""
    file = prod.data / PROD
    content = bytearray(file.read_bytes())
    for block in range(12_288 + 2 * 262_144, len(content) - 4096, 262_144):
        content[block : block + 4096] = b"\xff" * 4096
    file.write_bytes(content)
    told = prod.streaming("backup", str(prod.folder / "of damaged"))
    assert told.exit_code == 1 and "is damaged" in told.stderr
    assert told.stderr.splitlines()[-1].startswith("Next: ")
    assert not (prod.folder / "of damaged").exists()


@pytest.mark.parametrize(
    ("error", "words", "way_out"),
    [
        (
            duckdb.TransactionException('write to "d/state.duckdb.wal": No space left on device'),
            "d/state.duckdb.wal cannot be written: the disk is full.",
            "Next: make room, then type this again.",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device", "d/kept"),
            "d/kept cannot be written: the disk is full.",
            "Next: make room, then type this again.",
        ),
        (
            duckdb.IOException('Cannot open file "d/state.duckdb": Read-only file system'),
            "d/state.duckdb cannot be written: the file, its folder or its disk is read-only.",
            "Next: make it writable, or set STREAMING_DATA_DIR to a copy; then type this again.",
        ),
    ],
)
def test_a_file_that_cannot_be_written(error: Exception, words: str, way_out: str) -> None:
    """It is not taken for one that is damaged, whose way out would overwrite it."""
    with pytest.raises(Unwritten) as told, explained():
        raise error
    said = str(told.value).splitlines()
    assert said[0].startswith(words) and said[-1] == way_out


@pytest.mark.parametrize("name", DATABASES)
def test_a_file_that_is_in_use(prod: Platform, name: str) -> None:
    """It is not taken for a state that is not there yet, and is neither copied nor replaced."""
    kept = prod.folder / f"of {name} in use"
    assert prod.streaming("backup", str(kept)).exit_code == 0
    with held(prod.data / name):
        refused(prod, "is in use by another command")
        if name == STATE:
            refused_by_sqlmesh(prod, "is in use by another command")
        for arguments in (("backup", f"{kept} again"), ("restore", str(kept), "--replace")):
            refusal = prod.streaming(*arguments)
            assert refusal.exit_code == 1 and "is in use by another command" in refusal.stderr
            assert refusal.stderr.splitlines()[-1].startswith("Next: wait")


def test_dev_is_missing(prod: Platform) -> None:
    """It has views alone: prod goes on, and the way out that is told brings them back."""
    prod.plan(SECOND, "dev", include_unmodified=True)
    (prod.data / DEV).unlink()
    told = prod.command("plan", "prod")
    assert told.returncode == 0, told.stderr
    assert "The views of 'dev' are not in streaming_dev.duckdb" in told.stdout
    compared = prod.streaming("check")
    assert compared.exit_code == 1 and "dev lacks" in compared.stderr
    for command in ("invalidate dev", "janitor"):
        assert prod.command(*command.split()).returncode == 0
    prod.plan(SECOND, "dev", include_unmodified=True)
    assert prod.query("SELECT COUNT(*) FROM streaming_dev.gold__dev.fct_watches") == [(2,)]
    assert prod.streaming("check").exit_code == 0


def test_a_backup_runs_at_another_place(prod: Platform, tmp_path: Path) -> None:
    """As if nothing had happened."""
    told = prod.streaming("backup", str(tmp_path / "kept"))
    assert told.exit_code == 0, told.output
    made = [tmp_path / "kept", *(tmp_path / "kept").iterdir()]
    assert {oct(each.stat().st_mode & 0o077) for each in made} == {"0o0"}
    again = prod.streaming("backup", str(tmp_path / "kept"))
    assert again.exit_code == 1 and "is not empty" in again.stderr
    elsewhere = Platform(tmp_path / "elsewhere", STREAMING_LANDING=str(prod.landing))
    shutil.rmtree(elsewhere.data)
    told = elsewhere.streaming("restore", str(tmp_path / "kept"))
    assert told.exit_code == 0, told.output
    assert told.output.splitlines()[-1].startswith("Next: streaming run")
    assert elsewhere.query(SNAPSHOT) == prod.query(SNAPSHOT)
    assert elsewhere.streaming("check").exit_code == 0
    deliver_day(prod, THIRD)
    elsewhere.run(THIRD)
    assert_equal(elsewhere.tables(), oracle.build(prod.deliveries))


def test_a_restore_overwrites_nothing_untold(prod: Platform, tmp_path: Path) -> None:
    """And when told, nothing of what was there is left, also where that was damaged."""
    kept = str(tmp_path / "kept")
    assert prod.streaming("backup", kept).exit_code == 0
    before = prod.query(SNAPSHOT)
    leave_log(prod.data / PROD)
    damage(prod.data / STATE, "cut off")
    files = contents(prod.data)
    told = prod.streaming("restore", kept)
    assert told.exit_code == 1 and "there already" in told.stderr
    assert contents(prod.data) == files
    told = prod.streaming("restore", kept, "--replace")
    assert told.exit_code == 0, told.output
    assert not list(prod.data.glob("*.wal")) and not list(prod.data.glob("*.part"))
    assert prod.query(SNAPSHOT) == before and prod.streaming("check").exit_code == 0


def test_a_restore_that_is_cut_off_is_told(prod: Platform, tmp_path: Path) -> None:
    """After each file that is put in place; the same again puts the rest in place."""
    kept = str(tmp_path / "kept")
    older(prod, *DATABASES)
    assert prod.streaming("backup", kept).exit_code == 0
    for count in (1, 2):
        prod.restore()
        done: list[Path] = []

        def replace(source: Path, target: Path, done: list[Path] = done, most: int = count) -> None:
            if len(done) == most:
                raise Killed(target)
            done.append(target)
            shutil.move(source, target)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(backup.os, "replace", replace)
            with pytest.raises(Killed):
                prod.streaming("restore", kept, "--replace")
        if count == 1:
            refused(prod, "do not belong together")
        assert prod.streaming("restore", kept, "--replace").exit_code == 0
        prod.run(SECOND)
        prod.check()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "has no backup.json": lambda kept: (kept / MANIFEST).unlink(),
    "backup.json is damaged": lambda kept: damage(kept / MANIFEST, "cut off"),
    "is missing": lambda kept: (kept / STATE).unlink(),
    "has 0 bytes": lambda kept: damage(kept / DEV, "empty"),
    "bytes, and had": lambda kept: damage(kept / PROD, "cut off"),
    "its checksum is another": lambda kept: damage(kept / PROD, "overwritten"),
    "was made with duckdb 99.0.0": lambda kept: (kept / MANIFEST).write_text(
        re.sub(r'"duckdb": "[^"]*"', '"duckdb": "99.0.0"', (kept / MANIFEST).read_text())
    ),
}


@pytest.mark.parametrize("words", DAMAGES)
def test_a_backup_that_is_damaged(prod: Platform, tmp_path: Path, words: str) -> None:
    """Nothing of it is put in place."""
    kept = tmp_path / "kept"
    assert prod.streaming("backup", str(kept)).exit_code == 0
    DAMAGES[words](kept)
    before = contents(prod.data)
    told = prod.streaming("restore", str(kept), "--replace")
    assert told.exit_code == 1 and words in told.stderr, told.output
    assert "Next: " in told.stderr.splitlines()[-1] and contents(prod.data) == before


def test_nothing_is_backed_up_that_is_no_whole(prod: Platform, tmp_path: Path) -> None:
    older(prod, STATE)
    told = prod.streaming("backup", str(tmp_path / "apart"))
    assert told.exit_code == 1 and "do not belong together" in told.stderr
    prod.restore()
    (prod.data / "erasing").touch()
    told = prod.streaming("backup", str(tmp_path / "erasing"))
    assert told.exit_code == 1 and "An erasure was cut off" in told.stderr
    prod.restore()
    (prod.data / DEV).unlink()
    told = prod.streaming("backup", str(tmp_path / "missing"))
    assert told.exit_code == 1 and f"lacks {DEV}" in told.stderr


def erased(platform: Platform) -> list[tuple[object, ...]]:
    return platform.query(NAMES + " LIMIT 1")


def test_who_is_erased_stays_erased(prod: Platform, tmp_path: Path) -> None:
    """Also where the backup was made before, and the request is of a day that it has loaded."""
    kept = str(tmp_path / "kept")
    assert prod.streaming("backup", kept).exit_code == 0
    assert prod.streaming("erase", "1", "--yes").exit_code == 0
    told = prod.streaming("restore", kept, "--replace")
    assert told.exit_code == 0 and "User 1:" in told.output, told.output
    assert erased(prod) == [(1, "erased")]
    assert b"ann@" in (prod.data / PROD).read_bytes()  # of the others
    told = prod.streaming("restore", kept, "--replace", STREAMING_LANDING="nowhere")
    assert "cannot be told" in told.output and erased(prod) == [(1, "Ann")]
    assert prod.streaming("run").exit_code == 0
    assert erased(prod) == [(1, "erased")]


def test_who_is_erased_stays_erased_without_a_landing(
    seeds_in_prod: Platform, tmp_path: Path
) -> None:
    """The requests lie beside the data; a restore leaves them, and the next run reads them."""
    prod, kept = seeds_in_prod, str(tmp_path / "kept")
    assert prod.streaming("backup", kept).exit_code == 0
    assert prod.streaming("erase", "1", "--yes").exit_code == 0
    for name in DATABASES:
        shutil.copy2(Path(kept) / name, prod.data / name)  # by hand
    assert erased(prod) != [(1, "erased")]
    told = prod.streaming("run")
    assert told.exit_code == 0 and erased(prod) == [(1, "erased")], told.output
    assert "User 1:" not in prod.streaming("run").output
    told = prod.streaming("restore", kept, "--replace")
    assert "User 1:" in told.output and erased(prod) == [(1, "erased")]
    second = str(tmp_path / "with the request")
    assert prod.streaming("backup", second).exit_code == 0
    elsewhere = Platform(tmp_path / "elsewhere", STREAMING_LANDING="")
    assert elsewhere.streaming("restore", second).exit_code == 0
    assert list((elsewhere.data / "erasures" / f"dt={SEEDS_LAST}").iterdir())


def test_the_state_is_lost_for_good(prod: Platform, tmp_path: Path) -> None:
    """What docs/backup.md says keeps every version, and the next run goes on with them."""
    deliver_day(prod, THIRD, users=2)
    prod.deliver(
        "users",
        THIRD,
        [
            {"user_id": 1, "name": "Ann B", "email": "b@example.org"}
            | {"updated_at": f"{THIRD} 01:00:00"}
        ],
        name="again",
    )
    prod.run(THIRD)
    before = prod.query(SNAPSHOT)
    assert any(row[-1] for row in before)  # one is closed
    (prod.data / STATE).unlink()
    kept = str(tmp_path / "versions")
    told = prod.streaming("backup", kept, "--snapshot-only")
    assert told.exit_code == 0 and f"{len(before)} versions" in told.output, told.output

    anew = Platform(tmp_path / "anew", STREAMING_LANDING=str(prod.landing))
    anew.plan(THIRD)
    assert anew.query(SNAPSHOT) != before
    for _ in range(2):
        told = anew.streaming("restore", kept, "--snapshot-only")
        assert told.exit_code == 0, told.output
        assert anew.query(SNAPSHOT) == before
    anew.deliveries, fourth = list(prod.deliveries), THIRD + timedelta(days=1)
    deliver_day(prod, fourth)
    anew.run(fourth)
    assert anew.query(SNAPSHOT)[: len(before)] == before
    assert len(anew.query(SNAPSHOT)) == len(before) + 1


def test_versions_of_one_who_was_erased_since(prod: Platform, tmp_path: Path) -> None:
    """They come back as an erasure leaves them."""
    kept = str(tmp_path / "versions")
    assert prod.streaming("backup", kept, "--snapshot-only").exit_code == 0
    assert prod.streaming("erase", "1", "--yes").exit_code == 0
    before = prod.query(SNAPSHOT)
    assert before[0][1:6] == ERASED
    assert prod.streaming("restore", kept, "--snapshot-only").exit_code == 0
    assert prod.query(SNAPSHOT) == before


ANN, BEA = User("Ann", "a@b.c", "DE", "", None), User("Bea", "a@b.c", "DE", "", date(2026, 1, 1))


def at(day: int) -> datetime:
    return datetime(2026, 1, day)


@pytest.mark.parametrize(
    ("kept", "since", "expected"),
    [
        pytest.param([], [(ANN, 5, None)], [(ANN, 5, None)], id="a new user"),
        pytest.param([(ANN, 1, None)], [], [(ANN, 1, 4)], id="one who is not shown any more"),
        pytest.param([(ANN, 1, 2)], [], [(ANN, 1, 2)], id="one who was not shown before"),
        pytest.param([(ANN, 1, None)], [(ANN, 5, None)], [(ANN, 1, None)], id="the same"),
        pytest.param(
            [(ANN, 1, None)], [(BEA, 5, None)], [(ANN, 1, 5), (BEA, 5, None)], id="another"
        ),
        pytest.param(
            [(BEA, 1, 3), (ANN, 3, None)],
            [(ANN, 5, 6), (BEA, 6, None)],
            [(BEA, 1, 3), (ANN, 3, 6), (BEA, 6, None)],
            id="versions before and since",
        ),
        pytest.param(
            [(ANN, 1, 2)], [(ANN, 5, None)], [(ANN, 1, 2), (ANN, 5, None)], id="with a gap"
        ),
    ],
)
def test_versions_are_joined(
    kept: list[tuple[User, int, int | None]],
    since: list[tuple[User, int, int | None]],
    expected: list[tuple[User, int, int | None]],
) -> None:
    """The new table begins on the fourth with another user; the same again changes nothing."""

    def versions(of: list[tuple[User, int, int | None]]) -> list[Shown]:
        return [Shown(1, user, at(begin), at(end) if end else None) for user, begin, end in of]

    other = Shown(2, ANN, at(4), None)
    result = joined(versions(kept), [*versions(since), other])
    assert result == [*versions(expected), other]
    assert joined(versions(kept), result) == result


def write(platform: Platform, sql: str) -> None:
    platform.query(sql, access="READ_WRITE")


def physical(platform: Platform, model: str) -> str:
    schema = model.split(".")[0]
    name = f"{schema}__{model.split('.')[1]}__"
    ((found,),) = platform.query(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE table_name SIMILAR TO "
        f"'{name}[0-9]+'"
    )
    return f"streaming_prod.{found}"


def compared(platform: Platform, *arguments: str) -> str:
    told = platform.streaming("check", *arguments)
    assert told.exit_code == 1, told.output
    return str(told.stderr)


def test_state_and_tables_are_compared(prod: Platform) -> None:
    """Days without their rows, rows without their day, and what is not there."""
    assert "say the same" in prod.streaming("check").output
    watches = physical(prod, "bronze.delivered_watches")
    write(prod, f"DELETE FROM {watches} WHERE _ingest_date = DATE '{SECOND}'")
    said = compared(prod)
    assert f"1 day with other rows than were loaded: {SECOND}. Of {SECOND} it has 0, and 1" in said
    assert f"--restate-model bronze.delivered_watches --start {SECOND} --end {SECOND}" in said
    prod.restate(SECOND, SECOND, "watches")
    assert prod.streaming("check").exit_code == 0

    row = f"SELECT * REPLACE (DATE '{THIRD}' AS _ingest_date) FROM {watches} LIMIT 1"
    write(prod, f"INSERT INTO {watches} {row}")
    assert f"rows of 1 day that the state does not know: {THIRD}" in compared(prod)
    write(prod, f"DELETE FROM {watches} WHERE _ingest_date = DATE '{THIRD}'")

    write(prod, f"DELETE FROM {physical(prod, 'silver.watches')}")
    assert "every_row_is_shown on gold.fct_watches" in compared(prod)
    write(prod, f"DROP TABLE {physical(prod, 'silver.watches')}")
    assert "prod lacks 1 object: the table of silver.watches" in compared(prod)
    assert "prod lacks" in compared(prod, "--accept")
    prod.restore()
    write(prod, "DROP VIEW streaming_prod.gold.fct_watches")
    assert "the view of gold.fct_watches" in compared(prod)


def test_what_is_apart_can_be_accepted(prod: Platform) -> None:
    """Where the tables are there; a day that an older warehouse lacks is named and loaded again."""
    older(prod, PROD)
    assert "do not belong together" in prod.streaming("run").stderr
    said = compared(prod)
    assert f"Late: of watches, {SECOND}, which was loaded" in said and "streaming run" in said
    compared(prod, "--accept")
    told = prod.streaming("run")
    assert told.exit_code == 0, told.output
    assert prod.streaming("check").exit_code == 0
    prod.check()


def test_there_is_nothing_to_compare_yet(tmp_path: Path) -> None:
    platform = Platform(tmp_path)
    assert "Nothing was planned yet" in platform.streaming("check").output
    told = platform.streaming("backup", str(tmp_path / "kept"))
    assert told.exit_code == 1 and "bash setup.sh run" in told.stderr
