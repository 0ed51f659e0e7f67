"""Every audit can fail, and one that fails keeps gold as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from harness import FIRST, Platform, Stopped, deliver_day, gold
from sqlglot import exp, parse_one
from sqlmesh import Context
from sqlmesh.core.audit import Audit
from sqlmesh.core.model import SqlModel
from sqlmesh.core.snapshot import DeployabilityIndex, Snapshot

LAST = date(2026, 2, 20)

DOUBLED = "SELECT * FROM {rows} UNION ALL SELECT * FROM {rows}"
NOTHING_IN = "SELECT * REPLACE (NULL AS {column}) FROM {rows}"

# What the audited rows are replaced by, as by hand, so that the audit must find something.
BREAKS = {
    "accepted_range": "SELECT * REPLACE (9 AS rating_avg) FROM {rows}",
    "assert_completed_watches_have_ratings": (
        "SELECT * REPLACE (TRUE AS is_completed, NULL AS rating) FROM {rows}"
    ),
    "assert_completion_pct_valid": "SELECT * REPLACE (1.01 AS completion_pct) FROM {rows}",
    "assert_fct_watches_valid_ratings": "SELECT * REPLACE (0 AS rating) FROM {rows}",
    "assert_ratings_valid_range": "SELECT * REPLACE (6 AS rating) FROM {rows}",
    "every_file_is_loaded": "SELECT * REPLACE (rows - 1 AS rows) FROM {rows}",
    "every_row_is_accounted_for": "SELECT * REPLACE (-1 AS unaccounted) FROM {rows}",
    "every_row_is_shown": "SELECT * FROM {rows} LIMIT 0",
    "feed_is_not_silent": "SELECT * REPLACE (DATE '2026-02-16' AS _ingest_date) FROM {rows}",
    "foreign_key": "SELECT * REPLACE (-1 AS {column}) FROM {rows}",
    "grain_is_unique": DOUBLED,
    "not_null": NOTHING_IN,
    "nothing_is_left": "SELECT * REPLACE (1 AS _unerased) FROM {rows}",
    "not_null_in_changed": NOTHING_IN,
    "open_version_is_shown": "SELECT * REPLACE ('?' AS name) FROM {rows}",
    "open_version_is_the_user": "SELECT * REPLACE ('?' AS name) FROM {rows}",
    "reject_share_is_within_limit": (
        "SELECT * REPLACE (1000 AS delivered, 201 AS rejected) FROM {rows}"
    ),
    "request_names_a_user": "SELECT * REPLACE (0 AS user_id) FROM {rows}",
    "unique_combination_of_columns": DOUBLED,
    "unique_values": DOUBLED,
    "validity_does_not_overlap": "SELECT * REPLACE (valid_from AS valid_to) FROM {rows}",
}

USERS = "JOIN silver.users AS users ON users.user_id = deliveries.user_id"
SHOWS = "JOIN silver.shows AS shows ON shows.show_id = deliveries.show_id"
# Later changes of a query that makes true what its audit asks for: audit, model, what was written,
# what stands there instead.
CHANGES = [
    (
        "assert_completion_pct_valid",
        "silver.watches",
        "@IS_ACCEPTABLE(@WATCHES_RULES(), deliveries)",
        "NOT deliveries.watch_id IS NULL",
    ),
    (
        "assert_ratings_valid_range",
        "silver.ratings",
        "@IS_ACCEPTABLE(@RATINGS_RULES(), deliveries)",
        "NOT deliveries.rating_id IS NULL",
    ),
    (
        "assert_fct_watches_valid_ratings",
        "gold.fct_watches",
        "ratings.rating /*",
        "watches.minutes_watched AS rating /*",
    ),
    ("foreign_key", "silver.watches", USERS, f"LEFT {USERS}"),
    ("foreign_key", "silver.watches", SHOWS, f"LEFT {SHOWS}"),
]


@pytest.fixture(scope="module")
def context(seeds_in_prod: Platform) -> Iterator[Context]:
    """A context on prod, built from the seeds, that judges silence; a user is erased."""
    assert seeds_in_prod.streaming("erase", "1", "--yes").exit_code == 0
    seeds_in_prod.settings["STREAMING_MAX_SILENCE_DAYS"] = "3"
    with seeds_in_prod.context() as context:
        yield context


def failures(context: Context, snapshot: Snapshot, start: date = FIRST) -> dict[str, int]:
    """The audits of a model that found something, and how many rows they found."""
    results = context.snapshot_evaluator.audit(
        snapshot=snapshot, snapshots=context.snapshots, start=start, end=LAST
    )
    return {result.audit.name: result.count for result in results if result.count}


@contextmanager
def rows_of(context: Context, snapshot: Snapshot, query: str) -> Iterator[None]:
    """Gives a model the rows of a query, for as long as the block lasts."""
    adapter, table = context.engine_adapter, snapshot.table_name()
    adapter.execute(f"CREATE OR REPLACE TABLE streaming_dev.main.broken AS {query}")
    adapter.execute("BEGIN")
    if snapshot.model.kind.is_view:
        adapter.execute(f"CREATE OR REPLACE VIEW {table} AS FROM streaming_dev.main.broken")
    else:
        adapter.execute(f"DELETE FROM {table}")
        adapter.execute(f"INSERT INTO {table} FROM streaming_dev.main.broken")
    try:
        yield
    finally:
        adapter.execute("ROLLBACK")


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
    silent = []
    for snapshot, audit, arguments in audits(context):
        if audit.name == "file_is_not_replaced":  # looks at files: see tests/test_landing.py
            continue
        table, rows = snapshot.table_name(), BREAKS[audit.name]
        columns = [c.name for value in arguments.values() for c in value.find_all(exp.Column)]
        if audit.name == "not_null_in_changed":
            columns.remove("_accepted_on")
        for column in columns if "not_null" in audit.name else columns[:1] or [""]:
            with rows_of(context, snapshot, rows.format(rows=table, column=column)):
                if audit.name not in failures(context, snapshot):
                    silent.append(f"{audit.name} on {snapshot.name} {column}")
    assert not silent


@pytest.mark.parametrize(("audit", "name", "written", "instead"), CHANGES)
def test_an_audit_finds_a_later_change_of_the_query(
    context: Context, audit: str, name: str, written: str, instead: str
) -> None:
    """What an audit asks for is true by the query today; it is there for the day it is not."""
    snapshot = context.get_snapshot(name, raise_if_missing=True)
    query = snapshot.model.query.sql("databricks")
    assert query.count(written) == 1
    changed = parse_one(query.replace(written, instead), dialect="databricks")
    rendered = SqlModel(**{**snapshot.model.dict(), "query": changed}).render_query_or_raise(
        start=FIRST,
        end=LAST,
        snapshots=context.snapshots,
        deployability_index=DeployabilityIndex.all_deployable(),
        engine_adapter=context.engine_adapter,
    )
    with rows_of(context, snapshot, rendered.sql("duckdb")):
        assert audit in failures(context, snapshot)


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


def test_gold_has_no_row_that_silver_lacks(context: Context) -> None:
    """Of no day that was touched: the number of rows tells."""
    gold, silver = context.get_snapshot("gold.fct_ratings"), context.get_snapshot("silver.ratings")
    rows = silver.table_name()
    without_oldest = f"SELECT * FROM {rows} QUALIFY ROW_NUMBER() OVER (ORDER BY _accepted_on) > 1"
    assert "every_row_is_shown" not in failures(context, gold, LAST)
    with rows_of(context, silver, without_oldest):
        assert failures(context, gold, LAST)["every_row_is_shown"] == 1


@pytest.fixture
def platform(first_day_in_prod: Platform) -> Platform:
    """A platform whose first day is in prod."""
    return first_day_in_prod


def run_that_stops(platform: Platform, day: date, model: str, audit: str) -> None:
    """Runs a day: one audit of one model stops it, and gold is as before."""
    schema, name = model.split(".")
    before = gold(platform)
    with pytest.raises(Stopped, match=rf"{schema}.*{name}.*'{audit}' audit error: 1 row"):
        platform.run(day)
    assert gold(platform) == before


def test_too_many_rejects_keep_gold_as_it_was(platform: Platform) -> None:
    before = gold(platform)
    second = FIRST + timedelta(days=1)
    deliver_day(platform, second, users=1000, bad_users=201)
    run_that_stops(platform, second, "quality.deliveries", "reject_share_is_within_limit")

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

    deliver_day(platform, fourth)
    run_that_stops(platform, fourth, "quality.files", "feed_is_not_silent")

    platform.deliver("ratings", fourth, [])  # a file without rows is no silence
    platform.run(fourth)


def test_an_unaccounted_row_keeps_gold_as_it_was(platform: Platform) -> None:
    """A row vanishes from silver behind the platform's back: the next run says so and stops."""
    (name,) = platform.query(
        "SELECT table_name FROM duckdb_tables() "
        "WHERE table_name SIMILAR TO 'silver__watches__[0-9]+'"
    )[0]
    platform.query(f"DELETE FROM streaming_prod.sqlmesh__silver.{name}", "READ_WRITE")
    second = FIRST + timedelta(days=1)
    deliver_day(platform, second)
    run_that_stops(platform, second, "quality.reconciliation", "every_row_is_accounted_for")


def test_the_command_names_audit_model_and_count(platform: Platform) -> None:
    deliver_day(platform, FIRST + timedelta(days=1), users=1000, bad_users=999)
    command = platform.command("run", "prod")
    assert command.returncode != 0
    assert "quality" in command.stdout and "deliveries" in command.stdout
    assert "'reject_share_is_within_limit' audit error: 1 row failed" in command.stdout
