"""Every audit can fail, and one that fails keeps gold as it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from harness import FIRST, Platform, Stopped, deliver_day, gold
from sqlglot import exp
from sqlmesh import Context
from sqlmesh.core.audit import Audit
from sqlmesh.core.snapshot import Snapshot

LAST = date(2026, 2, 20)

DOUBLED = "SELECT * FROM {rows} UNION ALL SELECT * FROM {rows}"
NOTHING_IN = "SELECT * REPLACE (NULL AS {column}) FROM {rows}"

# What the audited rows are replaced by, so that the audit must find something.
BREAKS = {
    "accepted_range": "SELECT * REPLACE (9 AS rating_avg) FROM {rows}",
    "assert_completed_watches_have_ratings": (
        "SELECT * REPLACE (TRUE AS is_completed, NULL AS rating) FROM {rows}"
    ),
    "assert_completion_pct_valid": "SELECT * REPLACE (1.01 AS completion_pct) FROM {rows}",
    "assert_fct_watches_valid_ratings": "SELECT * REPLACE (0 AS rating) FROM {rows}",
    "assert_ratings_valid_range": "SELECT * REPLACE (6 AS rating) FROM {rows}",
    "every_row_is_accounted_for": "SELECT * REPLACE (-1 AS unaccounted) FROM {rows}",
    "feed_is_not_silent": "SELECT * REPLACE (DATE '2026-02-16' AS _ingest_date) FROM {rows}",
    "foreign_key": "SELECT * REPLACE (-1 AS {column}) FROM {rows}",
    "grain_is_unique": DOUBLED,
    "not_null": NOTHING_IN,
    "not_null_in_changed": NOTHING_IN,
    "open_version_is_the_user": "SELECT * REPLACE ('?' AS name) FROM {rows}",
    "reject_share_is_within_limit": (
        "SELECT * REPLACE (1000 AS delivered, 201 AS rejected) FROM {rows}"
    ),
    "unique_combination_of_columns": DOUBLED,
    "unique_values": DOUBLED,
    "validity_does_not_overlap": "SELECT * REPLACE (valid_from AS valid_to) FROM {rows}",
}


@pytest.fixture(scope="module")
def context(seeds_in_prod: Platform) -> Iterator[Context]:
    """A context on prod, built from the seeds, that judges silence."""
    seeds_in_prod.settings["STREAMING_MAX_SILENCE_DAYS"] = "3"
    with seeds_in_prod.context() as context:
        yield context


def failures(context: Context, snapshot: Snapshot, start: date = FIRST) -> dict[str, int]:
    """The audits of a model that found something, and how many rows they found."""
    results = context.snapshot_evaluator.audit(
        snapshot=snapshot, snapshots=context.snapshots, start=start, end=LAST
    )
    return {result.audit.name: result.count for result in results if result.count}


def audits(context: Context) -> list[tuple[Snapshot, Audit, dict]]:
    return [
        (snapshot, audit, arguments)
        for snapshot in context.snapshots.values()
        for audit, arguments in snapshot.node.audits_with_args
    ]


def test_every_audit_passes_on_the_seeds(context: Context) -> None:
    found = {
        (snapshot.name, name)
        for snapshot in context.snapshots.values()
        for name in failures(context, snapshot)
    }
    # People do not rate all they watch; the seeds end eleven days before the last day.
    assert {name for _, name in found} == {
        "assert_completed_watches_have_ratings",
        "feed_is_not_silent",
    }


def test_every_audit_can_fail(context: Context) -> None:
    """Whichever model an audit is attached to, it finds rows that break what it promises."""
    adapter = context.engine_adapter
    silent = []
    for snapshot, audit, arguments in audits(context):
        table, rows = snapshot.table_name(), BREAKS[audit.name]
        columns = [c.name for value in arguments.values() for c in value.find_all(exp.Column)]
        if audit.name == "not_null_in_changed":
            columns.remove("_accepted_on")
        for column in columns if "not_null" in audit.name else columns[:1] or [""]:
            broken = rows.format(rows=table, column=column)
            adapter.execute(f"CREATE OR REPLACE TABLE streaming_dev.main.broken AS {broken}")
            adapter.execute("BEGIN")
            if snapshot.model.kind.is_view:
                adapter.execute(f"CREATE OR REPLACE VIEW {table} AS FROM streaming_dev.main.broken")
            else:
                adapter.execute(f"DELETE FROM {table}")
                adapter.execute(f"INSERT INTO {table} FROM streaming_dev.main.broken")
            if audit.name not in failures(context, snapshot):
                silent.append(f"{audit.name} on {snapshot.name} {column}")
            adapter.execute("ROLLBACK")
    assert not silent


def test_a_long_interval_touches_every_key(context: Context) -> None:
    """A repeated key is found by the audit of the days that touched it, or of many days."""
    adapter, snapshot = context.engine_adapter, context.get_snapshot("gold.fct_watches")
    table, rows = snapshot.table_name(), "streaming_prod.silver.watches"
    few, many = LAST - timedelta(days=30), LAST - timedelta(days=31)
    everything = f"SELECT COUNT(*), COUNT(*) FILTER (_accepted_on >= '{few}') FROM {rows}"
    ((watches, touched),) = adapter.fetchall(everything)
    assert 0 < touched < watches
    adapter.execute("BEGIN")
    adapter.execute(f"INSERT INTO {table} FROM {table}")
    found = [failures(context, snapshot, start)["grain_is_unique"] for start in (few, many)]
    adapter.execute("ROLLBACK")
    assert found == [touched, watches]


@pytest.fixture
def platform(first_day_in_prod: Platform) -> Platform:
    """A platform whose first day is in prod."""
    return first_day_in_prod


def test_too_many_rejects_keep_gold_as_it_was(platform: Platform) -> None:
    before = gold(platform)
    second = FIRST + timedelta(days=1)
    deliver_day(platform, second, users=1000, bad_users=201)
    with pytest.raises(
        Stopped, match=r"quality.*deliveries.*'reject_share_is_within_limit' audit error: 1 row"
    ):
        platform.run(second)
    assert gold(platform) == before

    platform.settings["STREAMING_MAX_REJECT_SHARE"] = "0.201"
    platform.run(second)
    platform.check()
    assert gold(platform) != before


def test_a_silent_feed_keeps_gold_as_it_was(platform: Platform) -> None:
    """Ratings were never delivered: their silence is counted from the start of the history."""
    before = gold(platform)
    platform.settings["STREAMING_MAX_SILENCE_DAYS"] = "2"
    third, fourth = FIRST + timedelta(days=2), FIRST + timedelta(days=3)
    deliver_day(platform, third)
    platform.run(third)
    assert gold(platform) != before

    before = gold(platform)
    deliver_day(platform, fourth)
    with pytest.raises(
        Stopped, match=r"bronze.*delivered_ratings.*'feed_is_not_silent' audit error: 1 row"
    ):
        platform.run(fourth)
    assert gold(platform) == before


def test_an_unaccounted_row_keeps_gold_as_it_was(platform: Platform) -> None:
    """A row vanishes from silver behind the platform's back: the next run says so and stops."""
    (name,) = platform.query(
        "SELECT table_name FROM duckdb_tables() "
        "WHERE table_name SIMILAR TO 'silver__watches__[0-9]+'"
    )[0]
    platform.query(f"DELETE FROM streaming_prod.sqlmesh__silver.{name}", "READ_WRITE")
    before = gold(platform)
    second = FIRST + timedelta(days=1)
    deliver_day(platform, second)
    with pytest.raises(
        Stopped, match=r"quality.*reconciliation.*'every_row_is_accounted_for' audit error: 1 row"
    ):
        platform.run(second)
    assert gold(platform) == before


def test_the_command_names_audit_model_and_count(platform: Platform) -> None:
    deliver_day(platform, FIRST + timedelta(days=1), users=1000, bad_users=999)
    command = platform.command("run", "prod")
    assert command.returncode != 0
    assert "quality" in command.stdout and "deliveries" in command.stdout
    assert "'reject_share_is_within_limit' audit error: 1 row failed" in command.stdout
