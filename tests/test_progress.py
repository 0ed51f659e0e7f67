"""What a terminal shows of plans and runs: few lines, none longer than 80 characters."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from harness import PROJECT, Platform
from sqlmesh import Snapshot

from operations.hooks import progress
from operations.hooks.failures import _warned
from operations.hooks.progress import DAY, MOST_LINES, Progress
from operations.status import FIRST_LOOK

MOST = 40  # lines of a first run
WIDTH = 80
LAST = date(2026, 11, 30)


@pytest.fixture(scope="module")
def snapshots(seeds_in_prod: Platform) -> dict[str, Snapshot]:
    with seeds_in_prod.context() as context:
        return {s.model.name: s for s in context.snapshots.values()}


def test_a_model_has_a_line_that_fits(snapshots: dict[str, Snapshot]) -> None:
    for name, snapshot in snapshots.items():
        shown = Progress()
        shown.begin({snapshot: [(0, DAY)]})
        [line] = shown.lines(snapshot, (0, 1_000 * DAY), 999_900, 12, 1)
        assert line.startswith(f"{name} ") and len(line) <= WIDTH
        assert line.endswith("audits 12 passed, 1 warned 999.9 s")


def test_what_is_computed_of_a_model_is_said(snapshots: dict[str, Snapshot]) -> None:
    said = {
        "bronze.raw_users": "seed",
        "bronze.users": "view",
        "gold.dim_shows": "whole",
        "silver.watches": "2 days",
    }
    for name, what in said.items():
        [line] = Progress().lines(snapshots[name], (0, 2 * DAY), 100, 3, 0)
        assert f" {what}  " in line


def test_many_models_have_a_line_a_layer(
    snapshots: dict[str, Snapshot], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", progress.__name__)
    many = list(snapshots.values())
    assert len(many) > MOST_LINES
    shown = Progress()
    shown.begin({snapshot: [(0, DAY)] for snapshot in many})
    lines = [line for s in many for line in shown.lines(s, (0, DAY), 500, 2, 0)]
    layers = {name.partition(".")[0] for name in snapshots}
    assert sorted(line.split()[0] for line in lines) == sorted(layers)
    [gold] = [line for line in lines if line.startswith("gold ")]
    assert gold.split() == "gold 3 models audits 6 passed 1.5 s".split()
    assert shown.lines_left() == []
    assert len(caplog.records) == len(many)  # the log has a line for each


def test_a_layer_that_failed_is_said_at_the_end(snapshots: dict[str, Snapshot]) -> None:
    many = list(snapshots.values())
    shown = Progress()
    shown.begin({snapshot: [(0, DAY)] for snapshot in many})
    failed = snapshots["gold.fct_watches"]
    for snapshot in many:
        shown.lines(snapshot, (0, DAY), None if snapshot is failed else 500, 2, 0)
    [left] = shown.lines_left()
    assert left.startswith("gold ") and left.endswith(", not all")


def test_a_restatement_says_once_what_it_computes_whole(
    seeds_in_prod: Platform,
) -> None:
    told = seeds_in_prod.command(
        *("plan", "prod", "--restate-model", "bronze.delivered_watches", "--skip-tests"),
        *("--start", "2026-02-05", "--end", "2026-02-06", "--execution-time", str(LAST)),
    )
    assert "Apply - Backfill Tables" in told.stdout, told.stderr  # nobody says yes
    models = "silver.watches, silver.ratings, gold.fct_watches, gold.fct_ratings"
    assert told.stdout.count(f"All days, as rows are kept by key: {models}.") == 1
    assert "WARNING" not in told.stdout and "does not support partial" not in told.stdout


def test_other_warnings_are_said_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _warned("Something else") == "Something else"
    monkeypatch.setattr("operations.hooks.failures.next_step", lambda audit: "Look at it.")
    said = _warned("gold.x: 'an_audit' audit error: 2 rows failed.")
    assert said == "gold.x: an_audit warns of 2 rows. Next: Look at it."


@pytest.mark.slow
def test_the_first_run_fits_a_screen(tmp_path: Path) -> None:
    """As `bash setup.sh run` does it; with it and the set-up come five lines."""
    platform = Platform(tmp_path, STREAMING_LANDING="")
    options = ("--run", "--skip-tests", "--auto-apply", "--no-prompts")
    plan = platform.command("plan", "prod", *options)
    assert plan.returncode == 0, plan.stdout + plan.stderr
    told = platform.streaming("status", "--brief")
    lines = (plan.stdout + told.stdout).splitlines()
    assert len(lines) <= MOST - 5
    assert max(len(line) for line in lines if str(tmp_path) not in line) <= WIDTH
    text = "\n".join(lines)
    assert "Checking signals" not in text and "WARNING" not in text and "[1/1]" not in text
    assert text.count("As expected, people do not rate all that they finish (113 rows).") == 1
    assert f"{platform.data}/streaming_prod.duckdb" in told.stdout
    [query] = re.findall(r'fetchdf "(.*?)"', told.stdout, re.DOTALL)
    assert len(platform.query(query)) == 2
    assert FIRST_LOOK.splitlines()[0] in told.stdout
    assert "34 of 630 delivered" in told.stdout
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    of_layers = re.compile(r"^\w+ +\d+ models  audits .*?(?= +[\d.]+ s$)", re.MULTILINE)
    assert sorted(of_layers.findall(plan.stdout)) == sorted(of_layers.findall(readme))
