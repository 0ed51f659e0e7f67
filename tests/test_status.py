"""`streaming status`, against what the oracle makes of the same deliveries."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date
from pathlib import Path

import oracle
import pytest
from harness import Platform

FIRST, LAST, NOW = date(2026, 1, 5), date(2026, 1, 6), date(2026, 1, 9)


def words(output: str) -> list[list[str]]:
    """The words of each line."""
    return [line.split() for line in output.splitlines()]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """A few rows of three feeds, some of them rejected; the fourth was never delivered."""
    platform = Platform(tmp_path_factory.mktemp("status"))
    moment = "2026-01-04 20:00:00"
    user = {"name": "Ann", "email": "ann@x.org", "subscription_plan": "free", "updated_at": moment}
    platform.deliver(
        "users", FIRST, [{"user_id": 1, **user}, {"user_id": "x", **user}, {"user_id": 0, **user}]
    )
    platform.deliver(
        "users", LAST, [{"user_id": 1, **user}, {"user_id": 2, **user, "name": " ", "email": "x"}]
    )
    platform.deliver("shows", FIRST, [{"show_id": 1, "title": "Show", "updated_at": moment}])
    watched = {"watched_at": "2026-01-06 08:00:00", "status": "completed"}
    watch = {"user_id": 1, "show_id": 1, **watched}
    shares = ("1", "0.5", "1.5", "2", "much")
    platform.deliver(
        "watches",
        LAST,
        [{"watch_id": n, **watch, "completion_pct": s} for n, s in enumerate(shares)],
    )
    platform.plan(NOW)
    return platform


@pytest.fixture(scope="module")
def output(platform: Platform) -> str:
    """What it says."""
    told = platform.streaming("status")
    assert told.exit_code == 0, told.stderr
    return told.stdout


@pytest.fixture
def lines(output: str) -> list[list[str]]:
    """The words of each line."""
    return words(output)


def test_rows_of_every_table_that_readers_meet(platform: Platform, lines: list[list[str]]) -> None:
    counts = {table: len(rows) for table, rows in oracle.build(platform.deliveries).items()}
    counts["silver.users_snapshot"] = counts["silver.users"]
    counts.pop("quality.reconciliation")
    counts["bronze.erasures"] = 0  # nobody asks to be forgotten
    shown = {f"{line[0]}.{line[1]}": int(line[2]) for line in lines if is_count(line)}
    assert shown == counts


def is_count(line: list[str]) -> bool:
    """A line of layer, model and rows."""
    layers = {"bronze", "silver", "quarantine", "gold", "analytics"}
    return len(line) == 3 and line[0] in layers


def test_reconciliation_and_last_delivery(platform: Platform, lines: list[list[str]]) -> None:
    days = {delivery.feed: str(delivery.dt) for delivery in platform.deliveries}
    for row in oracle.build(platform.deliveries)["quality.reconciliation"]:
        assert [*map(str, row.values()), days.get(row["feed"], "none")] in lines


def test_most_frequent_reasons(platform: Platform, lines: list[list[str]]) -> None:
    tables = oracle.build(platform.deliveries)
    at = lines.index(["quarantined", "reason", "rows"])
    shown = lines[at + 1 : lines.index([], at)]
    expected = []
    for feed in oracle.FEEDS:
        rows = tables[f"quarantine.{feed}"]
        counts = Counter(reason for row in rows for reason in row["_rejected_for"])
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        expected += [[feed, reason, str(count)] for reason, count in ranked[:3]]
    assert shown == expected
    assert ["watches", "completion_pct_out_of_range", "2"] in shown


def test_audits_are_counted_and_what_only_warns_is_named(lines: list[list[str]]) -> None:
    audits = next(line for line in lines if line[:1] == ["Audits"])
    assert [str(LAST), f"{NOW}:"] == [audits[4], audits[8]]
    passed, warned, failed = audits[-6::2]
    assert int(passed) > 40
    assert (warned, failed) == ("1", "0")
    assert ["warned", "1", "assert_completed_watches_have_ratings", "gold.fct_watches"] in lines
    assert "As expected, people do not rate all that they finish (1 row).".split() in lines


def test_briefly_it_says_what_analysts_read_and_where_to_begin(
    platform: Platform, lines: list[list[str]]
) -> None:
    told = platform.streaming("status", "--brief")
    assert told.exit_code == 0, told.stderr
    brief = words(told.stdout)
    rows = [line for line in lines if is_count(line) and line[0] in ("gold", "analytics")]
    assert [line for line in brief if is_count(line)] == rows and len(rows) == 6
    tables = oracle.build(platform.deliveries)["quality.reconciliation"]
    delivered, kept = (sum(row[name] for row in tables) for name in ("delivered", "quarantined"))
    assert f"with the reasons: {kept} of {delivered} delivered." in told.stdout
    assert re.search(r"^Audits: \d+ passed, 1 as expected, 0 failed\.$", told.stdout, re.MULTILINE)
    assert f"The data is in {platform.data}/streaming_prod.duckdb." in told.stdout
    [query] = re.findall(r'fetchdf "(.*?)"', told.stdout, re.DOTALL)
    assert platform.query(query) == platform.query(
        "SELECT month, watches, viewers FROM streaming_prod.analytics.monthly_viewing_trend"
    )


def test_a_failing_audit_is_named(platform: Platform) -> None:
    brief = platform.streaming("status", "--brief", STREAMING_MAX_SILENCE_DAYS="3").stdout
    assert "1 as expected, 1 failed." in brief
    lines = words(platform.streaming("status", STREAMING_MAX_SILENCE_DAYS="3").stdout)
    audits = next(line for line in lines if line[:1] == ["Audits"])
    assert audits[-2:] == ["1", "failed"]
    assert ["failed", "2", "feed_is_not_silent", "quality.files"] in lines


def test_says_what_to_do_next_in_100_columns(output: str) -> None:
    facts, _, commands = output.partition("Next:\n")
    assert max(map(len, facts.splitlines())) <= 100
    assert "\x1b" not in output
    for command in (
        "sqlmesh plan dev",
        "streaming run",
        "streaming last-run",
        "STREAMING_LANDING=",
    ):
        assert command in commands


def test_programs_get_the_same_as_json(platform: Platform, lines: list[list[str]]) -> None:
    told = json.loads(platform.streaming("status", "--format", "json").stdout)
    assert (told["environment"], told["gateway"]) == ("prod", "local")
    assert (told["up_to"], told["audited"]) == (str(NOW), [str(LAST), str(NOW)])
    for table in ("models", "feeds", "rejects"):
        for row in told[table]:
            assert [str(value or "none") if value != 0 else "0" for value in row.values()] in lines
    assert Counter(audit["outcome"] for audit in told["audits"])["warned"] == 1


@pytest.mark.parametrize(("environment", "way"), [("prod", "setup.sh run"), ("x", "plan x")])
def test_without_the_environment_says_what_makes_it(
    tmp_path: Path, environment: str, way: str
) -> None:
    told = Platform(tmp_path).streaming("status", "--environment", environment)
    assert (told.exit_code, told.stdout) == (1, "")
    assert f"no environment '{environment}'" in told.stderr and told.stderr.endswith(f"{way}\n")
