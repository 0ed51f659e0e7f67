"""The report of the last run: what was recorded, and what the tables say of it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from harness import FIRST, Platform, deliver_day

from operations.changes.backfill import DAY
from operations.hooks import records, run_record
from operations.hooks.run_record import RunRecord, durations
from operations.sqlmesh_internals import EnvironmentNamingInfo

SECOND = FIRST + timedelta(days=1)


def report(platform: Platform, environment: str = "prod") -> dict:
    told = platform.streaming("last-run", environment, "--format", "json")
    assert told.exit_code == 0, told.stderr
    return json.loads(told.stdout)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """Two days, run one after the other; on the second three of eight users have no address."""
    platform = Platform(tmp_path_factory.mktemp("last_run"))
    deliver_day(platform, FIRST, users=2)
    platform.plan(FIRST)
    deliver_day(platform, SECOND, users=8, bad_users=3)
    run = platform.command("run", "prod", "--end", str(SECOND))
    assert run.returncode == 0, run.stdout
    return platform


def test_it_says_what_the_run_did(platform: Platform) -> None:
    said = report(platform)
    assert said["succeeded"] is True and said["began"] <= said["ended"]
    assert said["first_day"] == said["last_day"] == str(SECOND)
    assert said["feeds"] == [
        {"feed": "users", "delivered": 8, "rejected": 3},
        {"feed": "shows", "delivered": 1, "rejected": 0},
        {"feed": "watches", "delivered": 1, "rejected": 0},
        {"feed": "ratings", "delivered": 0, "rejected": 0},
    ]
    assert said["rejects"] == [{"feed": "users", "reason": "email_missing", "rows": 3}]
    assert said["failed"] == []


def test_rows_are_those_of_the_tables(platform: Platform) -> None:
    models = {model["name"]: model for model in report(platform)["models"]}
    counted = dict(
        platform.query(
            "SELECT 'gold.fct_watches', COUNT(*) FROM streaming_prod.gold.fct_watches "
            "UNION ALL SELECT 'quarantine.users', COUNT(*) FROM streaming_prod.quarantine.users "
            "UNION ALL SELECT 'silver.users', COUNT(*) FROM streaming_prod.silver.users"
        )
    )
    assert {name: models[name]["rows_out"] for name in counted} == counted
    accepted, history = platform.query(
        "SELECT COUNT(*) FROM streaming_prod.silver.accepted_users "
        "UNION ALL SELECT COUNT(*) FROM streaming_prod.silver.users_history"
    )
    assert models["silver.users"]["rows_in"] == accepted[0]
    assert all(model["seconds"] > 0 for model in models.values())
    with platform.context() as context:
        kept = (records.last(context, "prod") or {})["models"].values()
    tables = {model["name"]: model["rows"] for model in kept if "rows" in model}
    assert tables == {name: models[name]["rows_out"] for name in tables}
    assert counted.keys() <= tables.keys()
    assert "analytics.monthly_viewing_trend" not in tables  # a view is not counted
    assert models["gold.fct_watches"]["audits_passed"] == 3
    assert models["gold.fct_watches"]["audits_failed"] == 1  # the one that only warns


def test_text_is_plain_and_ends_with_what_is_next(platform: Platform) -> None:
    told = platform.streaming("last-run")
    assert told.exit_code == 0 and "\x1b" not in told.stdout
    first, *_, last = told.stdout.strip().splitlines()
    assert first.startswith(f"The run of prod for {SECOND} succeeded: ")
    assert last.startswith("Next: ")
    words = [line.split() for line in told.stdout.splitlines()]
    assert ["users", "email_missing", "3"] in words
    assert ["users", "8", "3"] in words


def test_ten_reasons_are_shown_and_how_many_more(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    many = [("users", f"reason_{n}", 20 - n) for n in range(12)]
    monkeypatch.setattr("operations.last_run.rejected", lambda *_: many)
    page = tmp_path / "run.html"
    assert platform.streaming("last-run", "--format", "html", "--out", str(page)).exit_code == 0
    for text in (platform.streaming("last-run").stdout, page.read_text()):
        assert "reason_9" in text and "reason_10" not in text
        assert "and 2 more reasons" in text
    assert len(report(platform)["rejects"]) == 12
    monkeypatch.setattr("operations.last_run.rejected", lambda *_: many[:10])
    assert "more reason" not in platform.streaming("last-run").stdout


def test_the_page_needs_nothing_else(platform: Platform, tmp_path: Path) -> None:
    page = tmp_path / "run.html"
    told = platform.streaming("last-run", "--format", "html", "--out", str(page))
    assert (told.exit_code, told.stdout) == (0, "")
    text = page.read_text()
    assert "<h1>Last run of prod: succeeded</h1>" in text
    assert "<td>email_missing</td>" in text
    assert "<script" not in text and "http" not in text


def test_a_failed_run_says_what_failed(first_day_in_prod: Platform) -> None:
    platform = first_day_in_prod
    deliver_day(platform, SECOND, users=1000, bad_users=201)
    assert platform.command("run", "prod", "--end", str(SECOND)).returncode == 1
    said = report(platform)
    assert said["succeeded"] is False
    [failure] = said["failed"]
    assert failure["model"] == "quality.deliveries"
    assert "reject_share_is_within_limit" in failure["reason"]
    assert "audits/" in said["next"]
    assert platform.streaming("last-run").stdout.startswith(
        f"The run of prod for {SECOND} failed: "
    )


def test_each_command_is_told_as_what_it_was(platform: Platform) -> None:
    assert report(platform)["command"] == "run"
    told = platform.streaming("last-run", "dev")
    assert told.exit_code == 1 and "No command has left a record of 'dev'" in told.stderr
    before = report(platform)
    platform.plan(SECOND, "dev", include_unmodified=True)
    assert report(platform) == before
    said = report(platform, "dev")
    assert (said["command"], said["succeeded"], said["models"]) == ("plan", True, [])
    platform.restate(FIRST, SECOND, "shows")
    assert platform.streaming("last-run").stdout.startswith(
        "The restatement of prod for 2026-01-01 "
    )


def test_a_command_that_runs_after_its_plan_leaves_one_record(tmp_path: Path) -> None:
    platform = Platform(tmp_path)
    deliver_day(platform, FIRST)
    options = ("--run", "--skip-tests", "--skip-linter", "--auto-apply", "--no-prompts")
    command = platform.command("plan", "prod", *options)
    assert command.returncode == 0, command.stdout
    said = report(platform)
    assert said["feeds"][0] == {"feed": "users", "delivered": 1, "rejected": 0}
    assert {"bronze.delivered_users", "gold.fct_watches"} <= {m["name"] for m in said["models"]}


def test_a_record_that_cannot_be_written_stops_no_run(
    first_day_in_prod: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = first_day_in_prod
    before = report(platform)

    def fail(*arguments: object) -> None:
        raise OSError("no space")

    deliver_day(platform, SECOND)
    with monkeypatch.context() as patched:
        patched.setattr(records, "write", fail)
        platform.run(SECOND)
    platform.check()
    assert report(platform)["began"] == before["began"]


def test_it_keeps_how_long_models_took(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the number of days at once, for the five last numbers; also of the runs before."""
    model: Any = SimpleNamespace(
        is_model=True, name="a", model=SimpleNamespace(name="a"), parents=()
    )
    record = RunRecord()
    with platform.context() as context:
        for first_of_run, seconds in ((1, 1), (5, 2)):
            record.open(context)
            record.begin_run({}, EnvironmentNamingInfo(name="tried"), None)
            for days in range(first_of_run, first_of_run + 3):
                record.add(model, (0, days * DAY), 0, seconds * 1000, 0, 0)
            record.add(model, (0, 9 * DAY), 0, None, 0, 0)  # it failed
            record.end(succeeded=True)
        kept = {"a": {2: 1.0, 3: 1.0, 5: 2.0, 6: 2.0, 7: 2.0}}
        assert durations(context, "tried") == kept
        assert durations(context, "never") == {}


def test_a_run_whose_rows_cannot_be_counted_leaves_its_record(
    first_day_in_prod: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise RuntimeError("tried")

    platform = first_day_in_prod
    deliver_day(platform, SECOND)
    with monkeypatch.context() as patched:
        patched.setattr(run_record, "rows", fail)
        platform.run(SECOND)
    with platform.context() as context:
        record = records.last(context, "prod") or {}
    assert record["succeeded"] is True and record["days"]
    assert not [model for model in record["models"].values() if "rows" in model]


def test_records_are_kept_for_a_time(platform: Platform) -> None:
    """Those of ninety days, and a restatement that is not finished for as long as it is not."""
    record = {"environment": "old", "restates": {}, "succeeded": True, "began": "2020-01-01"}
    with platform.context() as context:
        late = [{"late": "came", "day": FIRST}]
        records.write(context, record | {"id": "done", "late": late})
        records.write(context, record | {"id": "left", "restates": {"a": []}, "succeeded": None})
        assert records.last(context, "old") is not None
        records.write(context, record | {"id": "new", "environment": "new", "began": "2999-01-01"})
        assert [left["id"] for left in records.unfinished(context)] == ["left"]
        assert (records.last(context, "old") or {})["id"] == "left"
        records.finish(context, records.unfinished(context)[0])
        records.write(
            context, record | {"id": "newer", "environment": "new", "began": "2999-01-02"}
        )
        assert records.last(context, "old") is None
