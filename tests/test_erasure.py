"""Who asked to be forgotten is forgotten: in every table, version, environment and file."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import oracle
import pytest
from harness import (
    FIRST,
    SEEDS_LAST,
    Platform,
    Row,
    Stopped,
    assert_equal,
    checkout,
    draws,
)
from killing import command

from macros.erasure import ERASED, RESCUED
from operations import erasure
from operations.environment.lineage import parents
from operations.erasure import write

SECOND, THIRD, FOURTH = (FIRST + timedelta(days=n) for n in (1, 2, 3))
# What only the rows of the user 1 have, each in a column of its own.
SECRETS = ("Zebulonia", "zebulonia@quux", "QZ", "Xylophonic", "1987-06-05", "vvgarbledvv")
COUNTRY = SECRETS[2]
SNAPSHOT = """SELECT user_id, name, email, country, subscription_plan, signed_up_on, valid_from,
    valid_to FROM streaming_prod.silver.users_snapshot ORDER BY ALL"""
EVIDENCE = """SELECT user_id, rows, landed_files
    FROM streaming_prod.quality.erasures ORDER BY ALL"""


def user(number: int, day: date, **columns: object) -> Row:
    """A row of users as it is good; the user 1's says who it is."""
    is_first = number == 1
    return {
        "user_id": number,
        "name": "Zebulonia first" if is_first else f"User {number}",
        "email": "zebulonia@quux.org" if is_first else f"{number}@b.org",
        "country": COUNTRY if is_first else "DE",
        "subscription_plan": "premium",
        "signed_up_on": "1987-06-05" if is_first else "2025-01-01",
        "updated_at": f"{day} 08:00:00",
        **columns,
    }


def deliver(platform: Platform, day: date, users: Sequence[Row], **ratings: object) -> None:
    """A day: users, a show, a watch of the users 1 and 2 each, and a rating of each watch."""
    n = 10 * (day - FIRST).days
    at = f"{day} 12:00:00"
    platform.deliver("users", day, users)
    platform.deliver("shows", day, [{"show_id": 1, "title": "A show", "updated_at": at}])
    platform.deliver(
        "watches",
        day,
        [
            {"watch_id": n + who, "user_id": who, "show_id": 1, "watched_at": at}
            | {"completion_pct": 1, "status": "completed", "minutes_watched": 30}
            for who in (1, 2)
        ],
    )
    platform.deliver(
        "ratings",
        day,
        [
            {"rating_id": n + who, "user_id": who, "show_id": 1, "watch_id": n + who, "rating": 4}
            | {"rated_at": at, "review": "Xylophonic" if who == 1 else "Good"}
            | ratings
            for who in (1, 2)
        ],
    )


def first_days(platform: Platform) -> None:
    """Two days: versions of the user 1, good and bad rows of theirs, ties, and a row of nobody."""
    bad = user(1, FIRST, email="zebulonia@quux", updated_at=f"{FIRST} 09:00:00")
    misfit = user(1, FIRST, updated_at="vvgarbledvv")
    deliver(platform, FIRST, [user(1, FIRST), user(2, FIRST), bad, misfit])
    tie = {"updated_at": f"{SECOND} 08:00:00"}
    deliver(
        platform,
        SECOND,
        [
            user(1, SECOND, name=" zebulonia FIRST "),  # the same, otherwise written
            user(1, SECOND, name="Zebulonia Second", **tie),
            user(1, SECOND, name="Zebulonia Third", **tie),
            user(3, SECOND),
            user(4, SECOND, user_id="four"),
        ],
    )
    at = f"{SECOND} 12:00:00"
    again = {"rating_id": 1, "user_id": 1, "show_id": 1, "watch_id": 1, "rated_at": at}
    platform.deliver(
        "ratings",
        SECOND,
        [{**again, "rating": n, "review": f"Xylophonic {n}"} for n in (1, 3, 5)]
        + [{**again, "rating_id": 99, "rating": 9, "review": "Xylophonic bad"}],
        name="again",
    )


def ask(platform: Platform, day: date, *users: object, name: str = "part-0") -> None:
    """Requests of users, delivered on a day."""
    rows = [{"user_id": one, "requested_at": f"{day} 07:00:00"} for one in users]
    platform.deliver("erasures", day, rows, name=name)


def loaded_otherwise(folder: Path) -> Path:
    """A checkout in which users and requests are loaded by other versions of their models."""
    changed = checkout(folder)
    for name in ("bronze/delivered_users", "bronze/delivered_erasures"):
        model = changed / "models" / f"{name}.sql"
        model.write_text(model.read_text().replace("_source, /*", "TRIM(_source) AS _source, /*"))
    return changed


def left(platform: Platform) -> set[str]:
    """Which of what says who the user 1 is stands in a file of the platform, its landing aside.

    Two letters stand in any file by chance: the country is looked for in the tables.
    """
    contents = b"".join(
        path.read_bytes() for path in sorted(platform.data.rglob("*")) if path.is_file()
    ).lower()
    found = {s for s in SECRETS if s != COUNTRY and s.encode().lower() in contents}
    return found | countries(platform) & {COUNTRY}


def countries(platform: Platform) -> set[str | None]:
    """The countries of users in all tables of all versions."""
    columns = platform.query(
        "SELECT database_name, schema_name, table_name, column_name FROM duckdb_columns() "
        "SEMI JOIN duckdb_tables() USING (database_name, schema_name, table_name) "
        "WHERE column_name LIKE '%country'"
    )
    each = [f"SELECT {column} FROM {'.'.join(table)}" for *table, column in columns]
    return {country for (country,) in platform.query(" UNION ALL ".join(each))}


@pytest.fixture(scope="module")
def two_days(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """Two days in prod, of which nobody is erased yet."""
    platform = Platform(tmp_path_factory.mktemp("erasure"))
    first_days(platform)
    platform.plan(FIRST)
    platform.run(SECOND)
    platform.check()
    platform.save()
    return platform


@pytest.fixture
def prod(two_days: Platform) -> Platform:
    """Two days in prod, as they were."""
    two_days.restore()
    assert {"Zebulonia", "zebulonia@quux", "Xylophonic", COUNTRY} <= left(two_days)
    return two_days


def test_a_request_erases_with_the_run_that_loads_it(prod: Platform) -> None:
    """All but what says who the user is stays as it was, in the histories too."""
    before = prod.query(SNAPSHOT)
    deliver(prod, THIRD, [user(1, THIRD, name="Zebulonia Fourth"), user(5, THIRD)])
    ask(prod, THIRD, 1, 1, 77)
    prod.run(THIRD)

    prod.check()
    nobody = ("erased", "erased", "", "", None)
    expected = {(row[0], *nobody, *row[6:]) if row[0] == 1 else row for row in before}
    assert {row for row in prod.query(SNAPSHOT) if row[0] != 5} == expected
    assert left(prod) == set()

    evidence = {row[0]: row[1:] for row in prod.query(EVIDENCE)}
    assert set(evidence) == {1, 77} and evidence[77] == ("{}", [])
    rows, files = evidence[1]
    counts = {table.split(".")[1].rsplit("__", 1)[0]: n for table, n in json.loads(rows).items()}
    assert counts["silver__users"] == 1 and counts["quarantine__users"] == 2
    assert counts["bronze__delivered_users"] == 7
    assert sorted(files) == sorted(
        str(prod.landing / feed / f"dt={day}" / f"{name}.csv")
        for feed, day, name in (
            *(("users", day, "part-0") for day in (FIRST, SECOND, THIRD)),
            *(("ratings", day, "part-0") for day in (FIRST, SECOND, THIRD)),
            ("ratings", SECOND, "again"),
        )
    )
    of_nobody = prod.query("SELECT * FROM streaming_prod.quality.rows_of_nobody")
    assert of_nobody == [("users", SECOND, 1)]


def test_nothing_of_it_comes_back(prod: Platform, tmp_path: Path) -> None:
    """By a later delivery, a restatement, an environment of another version, or a rebuild."""
    ask(prod, THIRD, 1)
    prod.run(THIRD)
    deliver(prod, FOURTH, [user(1, FOURTH, name="Zebulonia Fifth")])
    prod.run(FOURTH)
    prod.check()

    prod.restate(FIRST, FOURTH, "users", "ratings")
    prod.check()
    with prod.seen_from(loaded_otherwise(tmp_path / "changed")):
        prod.plan(FOURTH, "dev", include_unmodified=True)
        assert_equal(prod.tables("__dev", "streaming_dev"), oracle.build(prod.deliveries))
    assert left(prod) == set()

    rebuilt = Platform(tmp_path / "rebuilt", STREAMING_LANDING=str(prod.landing))
    rebuilt.plan(FOURTH)
    assert_equal(rebuilt.tables(), oracle.build(prod.deliveries))
    assert left(rebuilt) == set()


def test_every_column_that_says_who_a_user_is_is_erased(tmp_path: Path) -> None:
    """Also one that a model computes or renames: by the lineage of columns, from bronze on."""
    told_by = {*ERASED, *RESCUED}
    checksums_and_rules = {"_row_hash", "_version", "_broken_rules", "_rejected_for"}
    says: set[tuple[str, str]] = set()
    with Platform(tmp_path).context() as context:
        for name in context.dag:
            model = context.models.get(name)
            if model is None or model.kind.is_seed:
                continue
            is_source = model.name in ("bronze.delivered_users", "bronze.delivered_ratings")
            for column in model.columns_to_types or {}:
                if is_source:
                    is_told = column in told_by
                else:
                    above = parents(model, column)
                    assert above is not None, f"{model.name}.{column} cannot be traced"
                    is_told = bool(above & says) and column not in checksums_and_rules
                if is_told:
                    assert column in told_by, (
                        f"{model.name}.{column} says who a user is. Say in ERASED of "
                        "macros/erasure.py what it reads when it is erased."
                    )
                    says.add((name, column))
    assert len(says) > 40


def test_a_request_is_granted_for_good(prod: Platform, tmp_path: Path) -> None:
    """Whatever becomes of its file, of its day, and of the version of the model that loads it."""
    ask(prod, THIRD, 1)
    prod.run(THIRD)
    when = "SELECT erased_at FROM streaming_prod.quality.erasures WHERE user_id = 1"
    erased_at = prod.query(when)
    for file in (prod.landing / "erasures" / f"dt={THIRD}").iterdir():
        file.unlink()
    assert prod.streaming("erase", "2", "--yes").exit_code == 0
    deliver(prod, FOURTH, [user(1, FOURTH, name="Zebulonia Back")])
    prod.run(FOURTH)
    assert left(prod) == set() and prod.query(when) == erased_at
    [(_, files)] = [row[::2] for row in prod.query(EVIDENCE)[:1]]
    assert str(prod.file("users", FOURTH)) in files

    with prod.seen_from(loaded_otherwise(tmp_path / "changed")):
        prod.plan(FOURTH, "dev", start=FOURTH)
        assert left(prod) == set()
        prod.plan(FOURTH)
    assert prod.query(when) == erased_at
    assert prod.streaming("rollback", "--yes").exit_code == 0
    prod.restate(FIRST, FOURTH, "users", "ratings")
    assert left(prod) == set()


def test_what_stood_in_a_file_of_the_engine_goes_too(prod: Platform) -> None:
    """Also where no table holds the user any more, and where the run fails afterwards."""
    for feed in ("users", "ratings"):
        for file in sorted((prod.landing / feed).rglob("*.csv")):
            header, *rows = file.read_text().splitlines(keepends=True)
            kept = [row for row in rows if "zebulonia" not in row.lower() and "Xylo" not in row]
            file.write_text("".join([header, *kept]))
    for day in (FIRST, SECOND):
        prod.restate(day, SECOND, "users", "ratings")
    assert left(prod)
    broken = prod.file("watches", THIRD, "broken")
    broken.write_text("no,header\n1,2\n")
    ask(prod, THIRD, 1)
    with pytest.raises(Stopped, match="broken.csv"):
        prod.run(THIRD)
    assert left(prod) == set()
    answer = prod.streaming("erase", "2", "--yes")
    assert answer.exit_code == 0, answer.output
    broken.unlink()
    prod.run(THIRD)
    names = prod.query("SELECT name FROM streaming_prod.silver.users WHERE user_id = 2")
    assert names == [("erased",)]


@pytest.mark.drawn(1)
@pytest.mark.parametrize("files_format", ["csv", "json", "parquet"])
def test_the_landing_is_written_anew(tmp_path: Path, files_format: str) -> None:
    """Without who the users are; what it decides stays, loaded again or built from nothing."""
    platform = Platform(tmp_path, files_format)
    if files_format == "parquet":  # whose columns have types
        first = user(1, FIRST, signed_up_on=date(1987, 6, 5), updated_at=datetime(2026, 1, 1, 8))
        bad = {**first, "email": "zebulonia@quux", "updated_at": datetime(2026, 1, 1, 9)}
        platform.deliver("users", FIRST, [first, bad])
        second = {**first, "name": "Zebulonia Second", "updated_at": datetime(2026, 1, 2, 8)}
        platform.deliver("users", SECOND, [second, {**second, "name": "Zebulonia Third"}])
        platform.deliver("shows", FIRST, [])
        platform.deliver("watches", FIRST, [])
    else:
        first_days(platform)
    platform.plan(FIRST)
    platform.run(SECOND)
    others = {
        str(file): file.read_bytes()
        for feed in ("shows", "watches")
        for file in landed(platform, feed)
    }
    snapshot = platform.query(SNAPSHOT)

    for _ in range(2):
        answer = platform.streaming("erase", "1", "--yes", "--rewrite-landing")
        assert answer.exit_code == 0, answer.output
    assert "Written anew: 0 delivered files." in answer.output
    platform.deliveries.append(oracle.Delivery("erasures", SECOND, "", ({"user_id": "1"},)))
    platform.check()
    assert len(platform.query(SNAPSHOT)) == len(snapshot)
    read = "".join(
        duckdb.sql(f"SELECT * FROM '{file}'").df().to_csv()
        for feed in ("users", "ratings")
        for file in landed(platform, feed)
    )
    found = {secret for secret in SECRETS if secret.lower() in read.lower()}
    assert found == set() and "User 2" in read or files_format == "parquet"
    assert others == {
        str(file): file.read_bytes()
        for feed in ("shows", "watches")
        for file in landed(platform, feed)
    }
    platform.run(SECOND)
    assert not re.search("Late:", platform.streaming("status").output)

    rebuilt = Platform(tmp_path / "rebuilt", files_format, STREAMING_LANDING=str(platform.landing))
    rebuilt.plan(SECOND)
    assert_equal(rebuilt.tables(), oracle.build(platform.deliveries))


def test_what_landing_cannot_be_written_anew(prod: Platform, seeds_in_prod: Platform) -> None:
    def refused(platform: Platform) -> str:
        answer = platform.streaming("erase", "1", "--yes", "--rewrite-landing")
        assert answer.exit_code == 1 and not (platform.data / "erasures").exists()
        return answer.output.splitlines()[-1]

    assert "Take the users out of seeds/" in refused(seeds_in_prod)
    file = prod.file("users", FIRST)
    file.rename(prod.folder / "elsewhere.csv")
    file.symlink_to(prod.folder / "elsewhere.csv")
    answer = prod.streaming("erase", "1", "--yes", "--rewrite-landing")
    assert answer.exit_code == 1
    assert f"1 file could not be written anew. {file}: is a link" in answer.output
    assert file.is_symlink() and "Zebulonia first" in file.read_text()
    assert "Zebulonia" not in prod.file("users", SECOND).read_text()
    file.unlink()
    (prod.folder / "elsewhere.csv").rename(file)
    again = prod.streaming("erase", "1", "--yes", "--rewrite-landing")
    assert again.exit_code == 0 and "Zebulonia" not in file.read_text(), again.output
    assert left(prod) == set()


def landed(platform: Platform, feed: str) -> list[Path]:
    return sorted((platform.landing / feed).rglob(f"*.{platform.files_format}"))


@pytest.mark.parametrize("who", ["0", "-1", "1.5", "Ann", str(2**63)])
def test_the_command_refuses_what_is_no_user(prod: Platform, who: str) -> None:
    answer = prod.streaming("erase", "--yes", "--", who)
    assert answer.exit_code == 2 and "Error:" in answer.output
    assert not (prod.landing / "erasures").exists()


def test_other_versions_and_what_is_kept_for_a_rollback_are_erased(
    prod: Platform, tmp_path: Path
) -> None:
    """Also tables that no environment shows any more."""
    changed = checkout(tmp_path / "changed")
    model = changed / "models" / "silver" / "users.sql"
    model.write_text(model.read_text().replace("  email,", "  LOWER(email) AS email,"))
    with prod.seen_from(changed):
        prod.plan(SECOND)
        ask(prod, THIRD, 1)
        prod.run(THIRD)
    assert prod.streaming("rollback", "--yes").exit_code == 0
    assert left(prod) == set()
    names = prod.query("SELECT name FROM streaming_prod.silver.users WHERE user_id = 1")
    assert names == [("erased",)]


def test_the_command_erases_at_once(prod: Platform) -> None:
    """Without loading anything else; the same again does nothing more."""
    loaded = "SELECT MAX(_loaded_at) FROM streaming_prod.bronze.users"
    before = prod.query(loaded)
    answer = prod.streaming("erase", "1", answer="n\n")
    assert answer.exit_code == 1 and "Nothing was changed" in answer.output
    answer = prod.streaming("erase", "1", "--reason", "ticket-7", "--yes")
    assert answer.exit_code == 0, answer.output
    assert "User 1:" in answer.output and "silver.users_snapshot" in answer.output
    assert not any(secret in answer.output for secret in SECRETS)
    assert prod.query(loaded) == before and left(prod) == set()
    [request] = (prod.landing / "erasures" / f"dt={SECOND}").iterdir()
    prod.deliveries.append(oracle.Delivery("erasures", SECOND, "", ({"user_id": "1"},)))
    prod.check()

    assert prod.streaming("erase", "1", "--yes").exit_code == 0
    deliver(prod, THIRD, [user(1, THIRD)])
    prod.run(THIRD)
    prod.check()
    assert left(prod) == set() and request.name.endswith("-ticket-7.csv")


def test_a_person_is_shown_what_is_held(prod: Platform, tmp_path: Path) -> None:
    """All of it, in a file of one's own and nowhere else."""
    answer = prod.streaming("person", "1", "--out", str(tmp_path / "one.json"))
    assert answer.exit_code == 0 and not any(secret in answer.output for secret in SECRETS)
    text = (tmp_path / "one.json").read_text()
    assert all(secret.lower() in text.lower() for secret in SECRETS)
    assert (tmp_path / "one.json").stat().st_mode & 0o777 == 0o600
    assert {len(rows) for name, rows in json.loads(text).items() if name == "silver.users"} == {1}


def test_a_late_request_is_found_and_granted(prod: Platform) -> None:
    """By the run that finds it, with nothing loaded again; taking the file away changes nothing."""
    deliver(prod, THIRD, [user(2, THIRD)])
    ask(prod, FIRST, 1)
    answer = prod.streaming("run", STREAMING_LATE_FILES="tell")
    assert answer.exit_code == 0
    assert left(prod)
    answer = prod.streaming("run")
    assert answer.exit_code == 0 and "User 1:" in answer.output
    assert left(prod) == set()
    for file in (prod.landing / "erasures" / f"dt={FIRST}").iterdir():
        file.unlink()
    answer = prod.streaming("run")
    assert answer.exit_code == 0 and "Late" not in answer.output


@pytest.mark.drawn(2)
@pytest.mark.parametrize("who", [None, "x1", "0", "1.5"])
def test_a_request_of_nobody_stops_the_run(prod: Platform, who: str | None) -> None:
    """Until the file is right: nobody is left unerased in silence."""
    deliver(prod, THIRD, [user(6, THIRD)])
    ask(prod, THIRD, "1", who)
    with pytest.raises(Stopped, match="request_names_a_user"):
        prod.run(THIRD)
    assert prod.query("SELECT COUNT(*) FROM streaming_prod.silver.users WHERE user_id = 6") == [
        (0,)
    ]
    del prod.deliveries[-1]
    ask(prod, THIRD, "1")
    prod.run(THIRD)
    prod.check()


def test_what_is_cut_off_is_done_by_the_next(prod: Platform) -> None:
    """Killed at any step that writes; a request that was not written yet is typed again."""
    erase = ("streaming", "erase", "1", "--yes")
    ended = command(prod, SECOND, *erase)
    assert ended.code == 0 and left(prod) == set()
    for point in random.sample(ended.writes(), draws(2)):
        prod.restore()
        assert command(prod, SECOND, *erase, kill_at=point).killed
        if not any((prod.landing / "erasures").glob("*/*")):
            assert command(prod, SECOND, *erase).code == 0
        assert command(prod, SECOND, "streaming", "run").code == 0
        assert left(prod) == set(), f"killed before step {point}: {ended.steps[point - 1]}"


def test_one_that_was_cut_off_is_told_and_done_by_the_next_run(
    prod: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """SQLMesh's own run, too; nothing is backed up before."""
    ask(prod, SECOND, "1")

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, prod.context() as context:
        patched.setattr(erasure, "_erase", cut_off)
        with pytest.raises(KeyboardInterrupt):
            erasure.erase(context, [SECOND])
    assert left(prod)
    told = prod.streaming("last-run").output
    assert told.startswith("The erasure of prod was cut off, or is under way")
    assert "Next: sqlmesh run does what is left." in told
    refused = prod.streaming("backup", str(tmp_path / "kept"))
    assert refused.exit_code == 1 and "An erasure was cut off" in refused.stderr
    compared = prod.streaming("check")
    assert compared.exit_code == 1 and "An erasure of prod, begun " in compared.stderr
    prod.run(SECOND)
    assert left(prod) == set()
    assert "The erasure of prod succeeded" in prod.streaming("last-run").output
    assert prod.streaming("backup", str(tmp_path / "kept")).exit_code == 0


def test_without_a_landing_a_request_lies_beside_the_data(seeds_in_prod: Platform) -> None:
    """As csv; a later version of the models reads it again."""
    prod = seeds_in_prod
    names = "SELECT name FROM streaming_prod.silver.users WHERE user_id = 1"
    assert prod.query(names) != [("erased",)]
    answer = prod.streaming("erase", "1", "--yes")
    assert answer.exit_code == 0, answer.output
    assert "raw_users" in answer.output and prod.query(names) == [("erased",)]
    [request] = (prod.data / "erasures" / f"dt={SEEDS_LAST}").iterdir()
    assert request.suffix == ".csv"
    prod.restate(FIRST, SEEDS_LAST, "users", "ratings")
    assert prod.query(names) == [("erased",)]


@pytest.mark.parametrize("files_format", ["csv", "json", "parquet"])
def test_a_request_has_the_landings_format(tmp_path: Path, files_format: str) -> None:
    file, moment = tmp_path / f"request.{files_format}", datetime(2026, 1, 2, 7)
    write(file, files_format, [(1, moment), (2, moment)])
    rows = duckdb.sql(f"SELECT user_id, requested_at::TIMESTAMP FROM '{file}'").fetchall()
    assert rows == [(1, moment), (2, moment)]
