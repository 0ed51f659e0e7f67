"""The generator of deliveries, judged with the oracle's reading of the contract."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from oracle import (
    CHOICES,
    FEEDS,
    FOREIGN_KEYS,
    KEYS,
    RANGES,
    REQUIRED,
    Delivery,
    bronze_row,
    reasons,
    silver_row,
)

from generator import generate, population
from generator.generate import append_day, write_days, write_landing
from generator.population import FORMATS, DeliveriesError, Settings
from operations.cli import streaming

Row = dict[str, Any]
Landing = Callable[..., Path]
START = date(2026, 1, 1)
ARROW = {
    "BIGINT": pa.int64(), "INT": pa.int32(), "DOUBLE": pa.float64(), "STRING": pa.string(),
    "DATE": pa.date32(), "TIMESTAMP": pa.timestamp("us"),
}  # fmt: skip


def settings(**changes: Any) -> Settings:
    values = {"watches": 2_000, "days": 15, "format": "csv", "seed": 7, "start": START}
    return Settings(**{**values, "dirt": 0.05, "late": 0.05, **changes})


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Landing:
    """A landing for the settings, written once for all tests."""
    written: dict[Settings, Path] = {}

    def get(**changes: Any) -> Path:
        wanted = settings(**changes)
        if wanted not in written:
            written[wanted] = tmp_path_factory.mktemp("landing")
            write_landing(wanted, written[wanted])
        return written[wanted]

    return get


@pytest.fixture
def many_parents(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough users and shows for every kind of dirt to appear."""
    monkeypatch.setattr(population, "WATCHES_PER_USER", 10)
    monkeypatch.setattr(population, "WATCHES_PER_SHOW", 10)


def files(root: Path, feed: str = "*") -> list[Path]:
    return sorted(root.glob(f"{feed}/dt=*/*"))


def rows_of(path: Path) -> list[Row]:
    if path.suffix == ".parquet":
        return pq.ParquetFile(path).read().to_pylist()
    with path.open(encoding="utf-8", newline="") as lines:
        if path.suffix == ".json":
            return list(map(json.loads, lines))
        # Python's reader cannot tell an absent value from an empty one; both are blank.
        return [
            {column: text or None for column, text in row.items()} for row in csv.DictReader(lines)
        ]


@cache
def bronze(root: Path, feed: str) -> tuple[Row, ...]:
    """Every row of a finished landing as the oracle's bronze has it, in the order of delivery."""
    found: list[Row] = []
    for path in files(root, feed):
        day = date.fromisoformat(path.parent.name.removeprefix("dt="))
        delivery = Delivery(feed, day, str(path), tuple(rows_of(path)))
        found += [bronze_row(delivery, row) for row in delivery.rows]
    return tuple(found)


def content(root: Path) -> dict[str, Any]:
    """Bytes of text files, rows of parquet files."""
    return {
        str(path.relative_to(root)): rows_of(path)
        if path.suffix == ".parquet"
        else path.read_bytes()
        for path in files(root)
    }


def by_key(root: Path, feed: str) -> dict[int, list[Row]]:
    rows = defaultdict(list)
    for row in bronze(root, feed):
        rows[row[KEYS[feed]]].append(row)
    return rows


def first_days(root: Path, feed: str) -> dict[int, date]:
    return {
        key: min(row["_ingest_date"] for row in rows) for key, rows in by_key(root, feed).items()
    }


# ------------------------------------------------------------------ the same again


@pytest.mark.parametrize("format", FORMATS)
def test_same_arguments_give_the_same_files(
    format: str, landing: Landing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "BATCH_DAYS", 7)
    write_landing(settings(format=format), tmp_path, threads=3)
    assert repr(content(tmp_path)) == repr(content(landing(format=format)))


def test_another_seed_gives_other_rows(landing: Landing) -> None:
    assert not set(map(repr, bronze(landing(seed=8), "watches"))) & set(
        map(repr, bronze(landing(), "watches"))
    )


def test_the_same_rows_in_every_format(landing: Landing) -> None:
    def hashes(format: str) -> Counter[tuple[str, date, str]]:
        root = landing(format=format, dirt=0)
        return Counter(
            (feed, row["_ingest_date"], row["_row_hash"])
            for feed in FEEDS
            for row in bronze(root, feed)
        )

    assert hashes("csv") == hashes("json") == hashes("parquet")


@pytest.mark.parametrize("format", FORMATS)
def test_an_appended_day_is_the_day_it_would_have_been(format: str, tmp_path: Path) -> None:
    write_landing(settings(format=format), tmp_path / "appended")
    before = content(tmp_path / "appended")
    assert append_day(tmp_path / "appended").days == 1
    append_day(tmp_path / "appended")
    write_days(settings(format=format), tmp_path / "at_once", range(1, 18))

    appended = content(tmp_path / "appended")
    assert repr(appended) == repr(content(tmp_path / "at_once"))
    assert repr({path: appended[path] for path in before}) == repr(before)
    added = {path.split("/")[1] for path in set(appended) - set(before)}
    assert added == {"dt=2026-01-16", "dt=2026-01-17"}


# ------------------------------------------------------------------ shape


@pytest.mark.parametrize("format", FORMATS)
def test_files_hold_the_contracts_columns(format: str, landing: Landing) -> None:
    for feed, columns in FEEDS.items():
        paths = files(landing(format=format), feed)
        assert {path.name for path in paths} == {f"part-0.{format}"}
        for path in paths:
            if format == "parquet":
                schema = pq.ParquetFile(path).schema_arrow
                assert [(f.name, f.type) for f in schema] == [
                    (c, ARROW[t]) for c, t in columns.items()
                ]
            else:
                assert {tuple(row) for row in rows_of(path)} == {tuple(columns)}


def test_text_needs_its_quotes(landing: Landing) -> None:
    reviews = {row["review"] or "" for row in bronze(landing(dirt=0), "ratings")}
    assert all(any(mark in review for review in reviews) for mark in (",", '"', "\n"))


def test_json_mixes_numbers_and_strings(landing: Landing) -> None:
    cells = [row["user_id"] for path in files(landing(format="json")) for row in rows_of(path)
             if "user_id" in row]  # fmt: skip
    assert {int, str} <= set(map(type, cells))


def test_sizes_and_skew(landing: Landing) -> None:
    root = landing(watches=10_000, days=40, dirt=0, late=0)
    watches = bronze(root, "watches")
    assert len(watches) == 10_000 and len(files(root, "watches")) == 40
    assert 0.1 < len(bronze(root, "ratings")) / 10_000 < 0.15
    users = first_days(root, "users")
    assert len(users) == 200 and Counter(users.values())[START] > 100
    changed = len(bronze(root, "users")) - len(users)
    assert 0.006 < changed / 39 / len(users) < 0.014
    for column, skew in (("show_id", 1.5), ("user_id", 5)):
        times = Counter(row[column] for row in watches).values()
        assert max(times) > skew * sum(times) / len(times)
    hours = Counter(row["watched_at"].hour for row in watches)
    assert sum(hours[hour] for hour in range(18, 23)) > 0.45 * 10_000
    days = Counter(row["watched_at"].date() for row in watches)
    saturday, monday = date(2026, 1, 10), date(2026, 1, 5)
    assert days[saturday] > 1.2 * days[monday]


# ------------------------------------------------------------------ clean


@pytest.mark.parametrize("format", FORMATS)
def test_clean_is_clean(format: str, landing: Landing) -> None:
    root = landing(format=format, dirt=0, late=0)
    known: dict[str, set[int]] = {feed: set() for feed in FEEDS}
    by_day = {feed: defaultdict(list) for feed in FEEDS}
    for feed in FEEDS:
        for row in bronze(root, feed):
            by_day[feed][row["_ingest_date"]].append(row)
    for day in sorted(by_day["watches"]):
        for feed in ("users", "shows", "watches", "ratings"):
            rows = by_day[feed][day]
            known[feed] |= {row[KEYS[feed]] for row in rows}
            assert [row for row in rows if reasons(feed, row, known)] == []
            when = {"watches": "watched_at", "ratings": "rated_at"}.get(feed)
            assert not when or {row[when].date() for row in rows} == ({day} if rows else set())
            keys = [row[KEYS[feed]] for row in rows]
            assert len(keys) == len(set(keys))
    for feed, when in (("users", "updated_at"), ("shows", "updated_at")):
        for rows in by_key(root, feed).values():
            assert sorted({row[when] for row in rows}) == [row[when] for row in rows]
    for feed in ("watches", "ratings"):
        assert all(len(rows) == 1 for rows in by_key(root, feed).values())


# ------------------------------------------------------------------ late


def test_late_repeated_and_corrected_watches(landing: Landing) -> None:
    root = landing(watches=10_000, days=40, dirt=0)
    lags, repeats, corrections, twice = [], 0, 0, 0
    for rows in by_key(root, "watches").values():
        first, *again = rows
        lags.append((first["_ingest_date"] - first["watched_at"].date()).days)
        for row in again:
            if row["_ingest_date"] == first["_ingest_date"]:
                twice += row["_row_hash"] == first["_row_hash"]
            elif row["_row_hash"] == first["_row_hash"]:
                repeats += 1
            else:
                changed = {c for c in FEEDS["watches"] if row[c] != first[c]}
                assert changed <= {"minutes_watched", "completion_pct", "status"}
                corrections += 1
    assert set(lags) == set(range(31))
    assert 0.03 < sum(lag > 0 for lag in lags) / 10_000 < 0.06
    assert min(repeats, corrections, twice) > 50


def test_users_out_of_order(landing: Landing) -> None:
    stale = 0
    for rows in by_key(landing(watches=10_000, days=40, dirt=0), "users").values():
        for before, row in zip(rows, rows[1:], strict=False):
            stale += (
                row["_ingest_date"] > before["_ingest_date"]
                and row["updated_at"] < before["updated_at"]
            )
    assert stale > 3


def test_ratings_move_to_another_watch_of_the_same_user(landing: Landing) -> None:
    root = landing(watches=10_000, days=40, dirt=0)
    watches, moved = by_key(root, "watches"), 0
    for rows in by_key(root, "ratings").values():
        ids = [row["watch_id"] for row in rows]
        if len(set(ids)) == 2 and set(ids) <= set(watches):
            assert {watches[key][0]["user_id"] for key in ids} == {rows[0]["user_id"]}
            assert rows[0]["_ingest_date"] < rows[-1]["_ingest_date"]
            moved += 1
    assert moved > 5


def test_orphans_resolve_or_never_do(landing: Landing) -> None:
    root = landing(watches=10_000, days=40, dirt=0)
    days = {feed: first_days(root, feed) for feed in FEEDS}
    found: Counter[str] = Counter()
    for feed, parents in FOREIGN_KEYS.items():
        for row in bronze(root, feed):
            for column, parent in parents.items():
                if row[column] is None:
                    continue
                known = days[parent].get(row[column])
                if known is None:
                    found[f"{feed}.{column} never"] += 1
                elif known > row["_ingest_date"]:
                    lag = (known - row["_ingest_date"]).days
                    assert lag <= 10 or parent == "watches"
                    found[f"{feed}.{column} later"] += 1
    some = {"watches.user_id", "watches.show_id", "ratings.user_id", "ratings.watch_id"}
    assert {f"{name} {what}" for name in some for what in ("later", "never")} <= set(found)
    assert sum(found.values()) < 0.2 * 11_000


# ------------------------------------------------------------------ dirt


def kinds_of_the_contract(feed: str) -> set[str]:
    """Every reason the rules can give for a row of `feed`, from the oracle's tables."""
    kinds = {f"{column}_missing" for column in REQUIRED[feed]}
    for column, kind in FEEDS[feed].items():
        if kind != "STRING" or column in ("email", "country"):
            kinds.add(f"{column}_malformed")
        if column in RANGES:
            kinds.add(f"{column}_out_of_range")
        if column in CHOICES or column in FOREIGN_KEYS.get(feed, {}):
            kinds.add(f"{column}_unknown")
    return kinds


@pytest.mark.usefixtures("many_parents")
@pytest.mark.parametrize("format", FORMATS)
def test_dirt_is_one_reason_a_row_and_noise_is_none(format: str, tmp_path: Path) -> None:
    write_landing(settings(watches=8_000, dirt=0.2, late=0, format=format), tmp_path / "dirty")
    write_landing(settings(watches=8_000, dirt=0, late=0, format=format), tmp_path / "clean")
    keys = {feed: set(by_key(tmp_path / "clean", feed)) for feed in FEEDS}
    for feed in FEEDS:
        clean = {}
        for row in bronze(tmp_path / "clean", feed):
            clean[row[KEYS[feed]], row.get("updated_at")] = silver_row(feed, row)
        rows = bronze(tmp_path / "dirty", feed)
        found = [reasons(feed, row, keys) for row in rows]
        assert max(map(len, found)) == 1
        assert 0.16 < sum(map(len, found)) / len(rows) < 0.24
        kinds, expected = {why for whys in found for why in whys}, kinds_of_the_contract(feed)
        assert kinds <= expected
        if format != "parquet":
            assert kinds == expected
        else:
            held = (
                "_malformed$" if feed in ("shows", "watches") else "(id|_at|_on|rating)_malformed$"
            )
            typed = {"rating_avg_malformed", "completion_pct_malformed"}
            assert kinds == {k for k in expected if not re.search(held, k) or k in typed}
        spelt = set()
        for row, why in zip(rows, found, strict=True):
            if not why:
                silver, plain = silver_row(feed, row), clean[row[KEYS[feed]], row.get("updated_at")]
                assert {c: silver[c] for c in plain if c[0] != "_"} == {
                    c: plain[c] for c in plain if c[0] != "_"
                }
                text = row[
                    "status" if feed == "watches" else "name" if feed == "users" else KEYS[feed]
                ]
                spelt.add(text != text.strip() if isinstance(text, str) else None)
        assert spelt == ({True, False} if feed in ("users", "watches") else {None})


# ------------------------------------------------------------------ the command line


def generated(*arguments: str) -> Result:
    """`streaming generate` with these arguments."""
    return CliRunner().invoke(streaming, ["generate", *arguments])


def test_a_landing_and_a_day_from_the_command_line(tmp_path: Path) -> None:
    root = str(tmp_path / "new")
    arguments = ["--watches", "500", "--days", "10", "--format", "json", "--start", "2026-03-01"]
    told = generated(*arguments, "--out", root)
    assert told.exit_code == 0
    [watches] = [line.split() for line in told.stdout.splitlines() if line.startswith("watches")]
    assert watches[1] == str(len(bronze(Path(root), "watches")))
    days, following = told.stdout.splitlines()[-2:]
    assert days == "10 days" and following.startswith("Next: ")
    assert told.stderr == "10 of 10 days\n"
    assert generated("--append-day", "--out", root).exit_code == 0
    assert files(Path(root), "watches")[-1].parent.name == "dt=2026-03-11"


@pytest.mark.parametrize(
    "arguments, code, message",
    [
        ("--watches 5 --days 5", 2, "needs --format"),
        ("--watches 0 --days 5 --format csv", 1, "watches is 0"),
        ("--watches 5 --days 0 --format csv", 1, "days is 0"),
        ("--watches 5 --days 5 --format csv --dirt 1.5", 1, "dirt is 1.5"),
        ("--watches 5 --days 5 --format csv --late -1", 1, "late is -1.0"),
        ("--watches 5 --days 5 --format csv --start soon", 2, "'soon' does not match"),
        ("--append-day", 1, "_generator.json does not exist"),
        ("--append-day --days 5", 2, "leave these out"),
    ],
)
def test_errors_name_the_value_and_the_way_out(
    arguments: str, code: int, message: str, tmp_path: Path
) -> None:
    told = generated(*arguments.split(), "--out", str(tmp_path))
    assert told.exit_code == code
    assert message in told.stderr.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DeliveriesError, match="is not an empty folder"):
        write_landing(settings(), tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"start": "2026-01-01", "watches": 5}'])
def test_unreadable_settings_are_an_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "_generator.json").write_text(text)
    with pytest.raises(DeliveriesError, match="does not hold a landing's settings"):
        append_day(tmp_path)


def test_the_smallest_landing(tmp_path: Path) -> None:
    write_landing(settings(watches=1, days=1, start=date(2026, 2, 28)), tmp_path)
    assert len(files(tmp_path, "users")) == 1
    append_day(tmp_path)
