"""The peers of the benchmarks say the same: what dbt and plain SQL make is this project's gold."""

from __future__ import annotations

import re
import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb
import oracle
import pytest
from harness import FIRST, PROJECT, Platform, Tables, assert_equal, tier_lacks

from benchmarks import dbt_environment
from benchmarks.measure import run
from benchmarks.peers import Dbt, OneDatabase, Plain
from generator.generate import write_landing
from generator.population import Settings

DAYS = [FIRST + timedelta(days=n) for n in range(6)]
ENDS = [DAYS[3], DAYS[5]]
# Of silver the peers keep what gold is made of, of analytics all.
PEERS_TABLES = {
    "gold.dim_shows": "gold.dim_shows",
    "gold.fct_watches": "gold.fct_watches",
    "gold.fct_ratings": "gold.fct_ratings",
    "silver.users": "silver.silver_users",
    "silver.users_history": "silver.silver_users_history",
    "analytics.monthly_viewing_trend": "analytics.monthly_viewing_trend",
    "analytics.show_ratings_by_genre": "analytics.show_ratings_by_genre",
    "analytics.top_users_by_engagement": "analytics.top_users_by_engagement",
}


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six clean days, with late, repeated and corrected rows, and keys that come late."""
    root = tmp_path_factory.mktemp("generated") / "landing"
    write_landing(Settings(4000, len(DAYS), "parquet", 5, FIRST, 0.0, 0.1), root)
    return root


@pytest.fixture(scope="module")
def platform(landing: Path, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """This project, which has loaded the days in slices."""
    platform = Platform(tmp_path_factory.mktemp("sqlmesh"), "parquet")
    for number, end in enumerate(ENDS):
        deliver(landing, platform.landing, end)
        if number == 0:
            platform.plan(end)
        else:
            platform.run(end)
    return platform


def deliver(generated: Path, landing: Path, end: date) -> None:
    """Puts the days up to `end` into a landing."""
    for feed in oracle.FEEDS:
        for day in DAYS[: DAYS.index(end) + 1]:
            if (generated / feed / f"dt={day}").exists():
                target = landing / feed / f"dt={day}"
                shutil.copytree(generated / feed / f"dt={day}", target, dirs_exist_ok=True)


def tables(peer: OneDatabase) -> Tables:
    """What a peer has, its rows as dicts in the oracle's order."""
    found = {}
    with duckdb.connect(str(peer.databases()[0]), read_only=True) as connection:
        for table, of_peer in PEERS_TABLES.items():
            columns = oracle.COLUMNS[table]
            rows = connection.execute(f"SELECT {', '.join(columns)} FROM {of_peer}").fetchall()
            named = [dict(zip(columns, row, strict=True)) for row in rows]
            found[table] = sorted(named, key=lambda row: oracle.sort_key(row, columns))
    return found


def check(peer: OneDatabase, generated: Path, platform: Platform) -> None:
    """Loads the days in the same slices, and one of them again, and compares with the project."""
    peer.check_out()
    for end in ENDS:
        deliver(generated, peer.landing, end)
        run(peer.load(end))
    expected = {name: rows for name, rows in platform.tables().items() if name in PEERS_TABLES}
    assert all(expected.values())
    assert_equal(tables(peer), expected)
    run(peer.restate(DAYS[1], ENDS[-1]))
    assert_equal(tables(peer), expected)
    assert peer.rows()["fct_watches"] == len(expected["gold.fct_watches"])


@pytest.mark.slow
def test_dbt(landing: Path, platform: Platform, tmp_path: Path) -> None:
    if not dbt_environment.ready():
        tier_lacks("dbt is not there: python -m benchmarks.dbt_environment installs it")
    check(Dbt(tmp_path / "dbt", tmp_path / "landing", "parquet"), landing, platform)


@pytest.mark.slow
def test_plain_sql(landing: Path, platform: Platform, tmp_path: Path) -> None:
    check(Plain(tmp_path / "plain", tmp_path / "landing", "parquet"), landing, platform)


def test_dbt_runs_on_the_project_s_duckdb() -> None:
    """Else the engines would be compared, and not what stands around them."""
    pins = [
        re.search(r"^duckdb==\S+", path.read_text(), re.MULTILINE)
        for path in (PROJECT / "requirements.txt", dbt_environment.PINS)
    ]
    assert pins[0] and pins[1] and pins[0].group() == pins[1].group()
