"""The runner of the benchmarks: what it makes and writes, never how long anything takes."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import duckdb
import pytest

from benchmarks import dbt_environment, statements, works
from benchmarks.__main__ import Benchmark, Size, main
from benchmarks.data import DataChanged, Deliveries, provide
from benchmarks.measure import Command, CommandFailed, Cost, run
from benchmarks.peers import SqlMesh
from benchmarks.plain.project import Project
from benchmarks.results import Goal, Measurement, Measurements, judged
from benchmarks.startup import SAVINGS

PROJECT = Path(__file__).parent.parent


COSTS = PROJECT / "docs" / "cost.md"


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory: pytest.TempPathFactory) -> Deliveries:
    """A small history in csv, and the days after it."""
    return provide(tmp_path_factory.mktemp("data"), 20_000, 10, "csv")


def names(root: Path) -> set[str]:
    """The files below a folder."""
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_sizes_as_they_are_typed() -> None:
    assert Size.parsed("10M") == Size(10_000_000, "parquet")
    assert Size.parsed("2000:csv") == Size(2000, "csv")
    for wrong in ("", "M", "0", "10M:json", "ten"):
        with pytest.raises(ValueError):
            Size.parsed(wrong)


def test_deliveries_are_kept_and_checked(deliveries: Deliveries) -> None:
    before = names(deliveries.folder)
    deliveries.deliver(deliveries.eventful, deliveries.day_after(1))
    assert names(deliveries.folder) > before
    folder = deliveries.folder.parent
    assert provide(folder, 20_000, 10, "csv") == deliveries
    assert names(deliveries.folder) == before, "what was delivered to the landing is taken back"
    path = next(deliveries.eventful.rglob("*.csv"))
    text = path.read_text()
    path.write_text(text + "\n")
    with pytest.raises(DataChanged, match="remove it"):
        provide(folder, 20_000, 10, "csv")
    path.write_text(text)


def test_a_quiet_day_has_only_what_is_new(deliveries: Deliveries) -> None:
    day = deliveries.day_after(1)

    def rows(root: Path, feed: str, time: str) -> tuple[int, int]:
        """Rows of the day, and those that are of a day before."""
        ((count, before),) = duckdb.sql(
            f"SELECT COUNT(*), COUNT(*) FILTER ({time} < '{day}') "
            f"FROM read_csv('{root}/{feed}/dt={day}/*.csv', all_varchar = true)"
        ).fetchall()
        return count, before

    eventful = rows(deliveries.eventful, "watches", "watched_at")
    quiet = rows(deliveries.quiet, "watches", "watched_at")
    assert eventful[1] > 0 and quiet == (eventful[0] - eventful[1], 0)
    assert rows(deliveries.quiet, "ratings", "rated_at")[1] == 0
    described = deliveries.described()
    assert 0 < described["late_share_of_the_eventful_day"] < 0.05
    assert 0 < described["users_changed_on_the_eventful_day"] < 0.1


def test_a_process_is_measured_and_its_failure_told(tmp_path: Path) -> None:
    cost = run(Command(("python3", "-c", "x = bytes(50_000_000)"), tmp_path))
    assert cost.wall > 0 and cost.cpu > 0 and cost.memory > 50_000_000
    with pytest.raises(CommandFailed, match="ended with 1:\nno such thing"):
        run(Command(("python3", "-c", "raise SystemExit('no such thing')"), tmp_path))


def measurement(work: str, contestant: str, run: int, wall: float, watches: int) -> Measurement:
    return Measurement(watches, "parquet", work, contestant, run, Cost(wall, 1.0, 1), 1, {})


def test_ratios_are_of_the_runs_that_followed_one_another() -> None:
    measured = Measurements()
    for number, (own, other) in enumerate([(1.0, 2.0), (9.0, 10.0), (3.0, 2.0)], 1):
        measured.all.append(measurement(works.PROMOTION, "sqlmesh", number, own, 100))
        measured.all.append(measurement(works.PROMOTION, "dbt", number, other, 100))
    goal = Goal(works.PROMOTION, "wall", 0.25, than="dbt")
    assert goal.ratio(measured, 100, 180) == 0.9
    assert goal.ratio(measured, 200, 180) is None
    told = {line["goal"]: (line["value"], line["met"]) for line in judged(measured, 180)}
    assert told["promotion, 100 watches: wall of dbt"] == (0.9, False)


def test_snapshots_count_for_as_many_days_as_the_history_has() -> None:
    measured = Measurements()
    measured.all.append(measurement(works.HISTORY, "sqlmesh", 1, 5.0, 100))
    for _ in range(10):
        measured.all.append(measurement(works.HISTORY, "dbt snapshot", 1, 2.0, 100))
    goal = Goal(works.HISTORY, "wall", 0.01, than="dbt snapshot")
    assert goal.ratio(measured, 100, 180) == pytest.approx(5 / 360)


def test_results_are_read_back_as_they_were_written() -> None:
    one = measurement(works.HISTORY, "sqlmesh", 1, 5.0, 100)
    assert Measurement.from_json(json.loads(json.dumps(one.to_json()))) == one
    measured = Measurements([one, measurement(works.TESTS, "dbt", 1, 1.0, 100)])
    measured.forget([works.HISTORY], 100, "parquet")
    assert [m.work for m in measured.all] == [works.TESTS]


def test_differing_gold_is_told() -> None:
    measured = Measurements()
    for contestant, rows in (("sqlmesh", 1), ("dbt", 2)):
        cost = Cost(1.0, 1.0, 1)
        measured.all.append(
            Measurement(1, "csv", works.NEXT_DAY, contestant, 1, cost, 1, {"fct_watches": rows})
        )
    assert len(measured.differing_rows()) == 1


def test_every_work_has_its_scenario_and_every_peer_its_turn(
    deliveries: Deliveries, tmp_path: Path
) -> None:
    benchmark = Benchmark(deliveries, tmp_path / "states")
    measured = [work for scenario in benchmark.scenarios for work in scenario.works]
    assert sorted(measured) == sorted(
        value for name, value in vars(works).items() if name.isupper() and isinstance(value, str)
    )
    for scenario in benchmark.scenarios:
        for turn in scenario.turns:
            assert {step.work for step in turn.steps} == set(scenario.works)
    assert {turn.peer.name for turn in benchmark.scenarios[0].turns} == {"sqlmesh", "dbt", "plain"}


def test_plain_sql_has_the_models_and_as_many_checks_as_dbt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BENCHMARK_LANDING", "landing")
    monkeypatch.setenv("BENCHMARK_FORMAT", "csv")
    project = Project(PROJECT / "benchmarks" / "dbt", lambda sql: [])
    models = project.models()
    files = [path.stem for path in (PROJECT / "benchmarks" / "dbt" / "models").rglob("*.sql")]
    assert sorted(model.name for model in models) == sorted([*files, "snap_users"])
    places = {model.name: place for place, model in enumerate(models)}
    assert all(places[parent] < places[m.name] for m in models for parent in m.parents)
    # dbt counts as many: "64 data tests". So many audits had this project when they were written.
    assert sum(len(model.checks) for model in models) + len(project.singular_tests()) == 64


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        ("/* SQLMESH_PLAN: 1 */ USE CATALOG `a`", "catalog asked or set"),
        ("SELECT CURRENT_CATALOG()", "catalog asked or set"),
        ("SELECT COUNT(*) FROM (SELECT 1) AS `audit`", "rows counted or read"),
        ("SELECT `c` FROM `system`.`information_schema`.`columns`", "what there is"),
        ("CREATE TABLE `t` COMMENT 'a AS b' AS SELECT 1 AS `a`", "rows written"),
        ("CREATE TABLE `t` (`a` INT COMMENT 'b')", "tables created, altered or dropped"),
        ("ALTER TABLE `t` ALTER COLUMN `a` COMMENT 'b', `c` COMMENT 'd'", "comments"),
        ("ALTER TABLE t ALTER COLUMN a SET NOT NULL", "keys and tags"),
        ("LIST '/Volumes/a'", "landing listed"),
    ],
)
def test_statements_are_told_apart(sent: str, kind: str) -> None:
    assert statements.kind(sent) == kind


def test_a_statement_of_no_known_kind_is_told() -> None:
    with pytest.raises(ValueError, match="^VACUUM t$"):
        statements.kind("VACUUM t")


def test_the_page_on_costs_shows_what_was_counted() -> None:
    counts = json.loads(statements.RESULT.read_text(encoding="utf-8"))
    assert statements.markdown(counts) in COSTS.read_text(encoding="utf-8")


def test_the_costs_on_the_page_follow_from_its_values() -> None:
    page = COSTS.read_text(encoding="utf-8")
    values = re.findall(r"^\| `(\w+)` \|.*\| ([\d.]+)( million)? \| [^|]+ \|$", page, re.M)
    of = {name: float(number) * (1e6 if million else 1) for name, number, million in values}
    daily = json.loads(statements.RESULT.read_text(encoding="utf-8"))["a daily run"]
    assert of["statements"] == sum(daily.values())
    rows = re.findall(r"^\| ([\d,]+) \| ([\d,]+) \| ([\d,]+ \|.*) \|$", page, re.M)
    assert len(rows) == 3
    for history, day, shown in rows:
        watches, delivered = (int(number.replace(",", "")) for number in (history, day))
        assert delivered == watches // 180
        seconds = (
            of["starts"] * (of["start"] + of["idle"]),
            of["statements"] * of["s"] / of["tasks"],
            of["reads"] * watches / of["R"],
            (of["per_watch"] * watches / 180 + of["share"] * watches) / of["V"],
        )
        expected = [*(f"{each:,.0f}" for each in seconds), f"{sum(seconds) / 3600:.2f}"]
        assert shown == " | ".join(expected)


def test_each_saving_at_the_start_can_be_taken_out(tmp_path: Path) -> None:
    """Its lines are found once in the project as it is, and no other saving's."""
    for number, take_out in enumerate(SAVINGS.values()):
        platform = SqlMesh(tmp_path / str(number), tmp_path, "parquet")
        platform.check_out()
        take_out(platform.folder / "project")


@pytest.mark.slow
def test_a_small_run(tmp_path: Path) -> None:
    """The works of a load and of a change, on a small size."""
    if not dbt_environment.ready() and not os.environ.get("STREAMING_REQUIRE_ALL_TIERS"):
        pytest.skip("dbt is not there: python -m benchmarks.dbt_environment installs it")
    chosen = [works.FULL_BUILD, works.EVENTFUL_DAY, works.PROMOTION]
    size = ["--sizes", "20000", "--days", "10", "--runs", "1"]
    places = ["--folder", str(tmp_path / "work"), "--out", str(tmp_path / "results")]
    assert main([*size, *places, "--work", *chosen]) == 0
    results = json.loads((tmp_path / "results" / "peers.json").read_text())
    of_change = {(work, who) for work in chosen[2:] for who in ("sqlmesh", "dbt")}
    of_change |= {(work, who) for work, who in of_change for work in (works.CHANGE_IN_DEV,)}
    of_change |= {(works.ROLLBACK, who) for who in ("sqlmesh", "dbt")}
    of_loads = {(work, who) for work in chosen[:2] for who in ("sqlmesh", "dbt", "plain")}
    assert {(m["work"], m["contestant"]) for m in results["medians"]} == of_loads | of_change
    rows = {(m["work"], m["contestant"]): m["rows"] for m in results["medians"]}
    before, after = rows[works.FULL_BUILD, "dbt"], rows[works.EVENTFUL_DAY, "dbt"]
    assert 19_000 < before["fct_watches"] < after["fct_watches"] < 24_000
    for peer in ("sqlmesh", "dbt"):
        assert rows[works.CHANGE_IN_DEV, peer] == before
        assert rows[works.PROMOTION, peer] == before | {"completed": 0}
        assert rows[works.ROLLBACK, peer] == before
    assert all(m["memory"] > 50e6 and m["size"] > 1e6 for m in results["medians"])
    assert all({"goal", "value", "at_most", "met"} == goal.keys() for goal in results["goals"])
    assert {path.name for path in (tmp_path / "results").iterdir()} == {
        "peers.json", "peers.md", "peers_wall.svg", "peers_cpu.svg", "peers_memory.svg"
    }  # fmt: skip
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["parquet-20000-10"]
