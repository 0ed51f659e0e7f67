"""The project on the stand-in of Databricks: what it sends, and changes on their way to prod.

The stand-in records tags, keys, grants and policies without effect, so the statements are the
evidence: `statements.sql` beside this file is what a first plan sends, and STREAMING_WRITE_GOLDEN=1
writes it anew. Read the difference in review.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from engines import Delivered, filled_model
from harness import Platform
from sqlmesh.core.snapshot import SnapshotChangeCategory

from operations import launcher
from operations.changes.between import changes
from operations.environment.personal_data import PERSONAL
from tests.warehouse.start import Warehouse

GOLDEN = Path(__file__).with_name("statements.sql")
PROJECT_TAG = "project:streaming-platform"
COMPLETED = "SELECT COUNT_IF(is_completed) FROM {}.fct_watches"
MADE = re.compile(r"CREATE (?:OR REPLACE )?(TABLE|VIEW) (?:IF NOT EXISTS )?`(\w+)`\.`(\w+?)__")
KEPT = ("CREATE TABLE", "ALTER TABLE", "SET TAG", "GRANT")
pytestmark = pytest.mark.slow


def test_statements(delivered: Delivered) -> None:
    statements = {
        _without_what_changes(statement.sent)
        for statement in delivered.first_plan
        if not statement.error
    }
    text = "\n".join(sorted(s for s in statements if s.startswith(KEPT))) + "\n"
    if os.environ.get("STREAMING_WRITE_GOLDEN"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


def _without_what_changes(statement: str) -> str:
    """A statement without the plan's id, the versions of tables, comments and the query."""
    text = re.sub(r"/\*.*?\*/", "", statement, flags=re.S).strip()
    text = re.sub(r"__[0-9]{6,}(__temp)?", "", text)
    text = re.sub(r" COMMENT '(\\.|[^'\\])*'", "", text)
    text = text.split(" AS WITH ")[0].split(" AS SELECT ")[0]
    return re.sub(r"temp_(\w+?)_\w{8}`", r"temp_\1`", re.sub(r"\s+", " ", text))


def test_no_statement_failed(delivered: Delivered) -> None:
    assert [s.error for s in delivered.sent if s.error] == []


def test_no_table_is_partitioned(delivered: Delivered) -> None:
    """A day is kilobytes; and Databricks lets no table be both partitioned and clustered."""
    sent = [_without_what_changes(s.sent) for s in delivered.first_plan]
    tables = [text for text in sent if text.startswith("CREATE TABLE")]
    assert tables and not [text for text in tables if "PARTITIONED BY" in text]
    days = [text for text in tables if "`bronze__delivered_watches`" in text]
    assert days and all("CLUSTER BY (`_ingest_date`)" in text for text in days)


def test_nothing_is_asked_that_is_known(delivered: Delivered) -> None:
    """Not the catalog, which the connection says; and comments come as one statement a table."""
    sent = [_without_what_changes(s.sent) for s in delivered.sent]
    assert not [text for text in sent if "CURRENT_CATALOG" in text or text.startswith("USE ")]
    described = [
        s.sent.split("ALTER COLUMN")[0]
        for s in delivered.first_plan
        if " COMMENT '" in s.sent and "ALTER COLUMN" in s.sent
    ]
    assert described and len(described) == len(set(described))


def test_statements_run_at_once(delivered: Delivered) -> None:
    ends, most = [], 0
    for statement in sorted(delivered.first_plan, key=lambda s: s.began):
        ends = [end for end in ends if end > statement.began] + [
            statement.began + statement.seconds
        ]
        most = max(most, len(ends))
    assert 1 < most <= 4


def test_every_statement_says_what_it_is_for(delivered: Delivered) -> None:
    statements = delivered.sent
    assert not [s.sent for s in statements if not s.query_tags.startswith(PROJECT_TAG)]
    filled = {match[1]: s.query_tags for s in statements if (match := filled_model(s))}
    assert len(filled) > 20
    assert filled == {
        model: f"{PROJECT_TAG},environment:prod,model:{model.replace('__', '.', 1)}"
        for model in filled
    }


def test_personal_data_is_tagged_wherever_it_is_stored(delivered: Delivered) -> None:
    with delivered.both.databricks.context() as context:
        tagged = context.engine_adapter.fetchall(
            "SELECT table_name, column_name FROM system.information_schema.column_tags "
            "WHERE catalog_name = 'streaming_prod' AND tag_name = 'personal_data'"
        )
        stored = context.engine_adapter.fetchall(
            "SELECT table_name, column_name FROM system.information_schema.columns "
            "JOIN system.information_schema.tables USING (table_catalog, table_schema, table_name) "
            f"WHERE table_catalog = 'streaming_prod' AND column_name IN {PERSONAL} "
            "AND table_type = 'MANAGED'"
        )
    assert {tuple(row) for row in tagged} == {tuple(row) for row in stored}
    assert len(tagged) == 37


def change(platform: Platform, model: str, old: str, new: str) -> None:
    """Changes the text of a model."""
    path = platform.project / "models" / f"{model}.sql"
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def values(platform: Platform, sql: str) -> list[object]:
    """The first column of a statement's rows."""
    with platform.context() as context:
        return [row[0] for row in context.engine_adapter.fetchall(sql)]


def evaluated(warehouse: Warehouse, since: int) -> set[str]:
    """The models whose tables were filled by statements since the given one."""
    return {match[1] for match in map(filled_model, warehouse.statements()[since:]) if match}


def test_changes_in_a_new_environment(delivered: Delivered) -> None:
    """It shows what prod has, and computes what was changed: a new column of silver.shows costs
    that model, what reads it stays as it is; a changed column of a fact can be compared. What it
    computes lies in prod's catalog, among prod's own tables; only its views do not.
    """
    _, platform, warehouse = delivered.both
    change(
        platform,
        "silver/shows",
        "SELECT\n  deliveries.show_id, /*",
        "SELECT\n  LENGTH(deliveries.title) AS _title_length, /* Characters. */\n"
        "  deliveries.show_id, /*",
    )
    change(platform, "gold/fct_watches", "watches.status = 'completed'", "FALSE")
    with platform.context() as context:
        plan = context.plan_builder("dev", skip_tests=True, skip_linter=True).build()
        changed = (plan.snapshots[key] for key in plan.directly_modified)
        categories = {s.model.view_name: s.change_category for s in changed}
    assert categories == {
        "shows": SnapshotChangeCategory.NON_BREAKING,
        "fct_watches": SnapshotChangeCategory.BREAKING,
    }
    before = len(warehouse.statements())
    platform.plan(delivered.last, "dev", include_unmodified=True)
    assert evaluated(warehouse, before) == {"silver__shows", "gold__fct_watches"}
    made = [
        match.groups() for s in warehouse.statements()[before:] if (match := MADE.search(s.sent))
    ]
    assert {(kind, catalog, schema == "sqlmesh") for kind, catalog, schema in made} == {
        ("TABLE", "streaming_prod", True),
        ("VIEW", "streaming_prod", True),
        ("VIEW", "streaming_dev", False),
    }
    count = "SELECT COUNT(*) FROM {}.fct_ratings"
    in_prod = values(platform, count.format("streaming_prod.gold"))
    assert in_prod[0] and in_prod == values(platform, count.format("streaming_dev.gold__dev"))
    assert values(platform, COMPLETED.format("streaming_dev.gold__dev")) == [0]
    assert values(platform, COMPLETED.format("streaming_prod.gold")) != [0]
    with platform.context() as context:
        (diff,) = context.table_diff(
            "prod", "dev", select_models=["gold.fct_watches"], show=False, skip_grain_check=False
        )
        rows = diff.row_diff()
        assert rows.partial_match_count and not rows.s_only_count and not rows.t_only_count
        (fact,) = (m for m in changes(context, "dev").models if m.name == "gold.fct_watches")
        assert fact.comparison and not (fact.comparison.added or fact.comparison.removed)
        (column,) = fact.comparison.columns
        assert (column.name, column.changed) == ("is_completed", rows.partial_match_count)


def test_changes_in_prod(delivered: Delivered) -> None:
    """Prod takes over what dev has computed."""
    _, platform, warehouse = delivered.both
    before = len(warehouse.statements())
    platform.plan(delivered.last)
    assert evaluated(warehouse, before) == set()
    assert values(platform, COMPLETED.format("streaming_prod.gold")) == [0]
    assert values(platform, "SELECT MIN(_title_length) FROM streaming_prod.silver.shows")[0]


def test_a_rollback(delivered: Delivered) -> None:
    """The table before is shown again, then that of the change, and none is filled for it."""
    _, platform, warehouse = delivered.both
    before = len(warehouse.statements())
    for as_changed in (False, True):
        done = subprocess.run(
            [*launcher.call(platform.project), "rollback", "--gateway", "databricks", "--yes"],
            env=platform.environment(),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        in_prod = values(platform, COMPLETED.format("streaming_prod.gold"))
        assert (in_prod == [0]) == as_changed
    assert evaluated(warehouse, before) == set()


def test_a_forward_only_change(delivered: Delivered) -> None:
    """A new column of a fact is there for what comes, and no old row is computed again."""
    _, platform, warehouse = delivered.both
    change(
        platform,
        "gold/fct_ratings",
        "  ratings.rating_id, /*",
        "  LENGTH(ratings.review) AS review_length, /* Characters. */\n  ratings.rating_id, /*",
    )
    before = len(warehouse.statements())
    platform.plan(delivered.last, forward_only=True)
    assert evaluated(warehouse, before) == set()
    assert values(platform, "SELECT MAX(review_length) FROM streaming_prod.gold.fct_ratings") == [
        None
    ]


def test_restatement(delivered: Delivered) -> None:
    """A day that is loaded again leaves as many rows as there were."""
    _, platform, warehouse = delivered.both
    count = "SELECT COUNT(*) FROM streaming_prod.bronze.ratings"
    (day,) = values(platform, "SELECT MAX(_ingest_date) FROM streaming_prod.bronze.ratings")
    before, since = values(platform, count), len(warehouse.statements())
    platform.restate(day, delivered.last, "ratings")
    filling = [(m[1], s.sent) for s in warehouse.statements()[since:] if (m := filled_model(s))]
    (replaced,) = (sent for model, sent in filling if model == "bronze__delivered_ratings")
    assert "REPLACE WHERE `_ingest_date` BETWEEN" in replaced
    assert values(platform, count) == before


def test_invalidate_and_janitor(delivered: Delivered) -> None:
    """An environment that is given up leaves neither views nor tables of its own."""
    platform = delivered.both.databricks
    views = (
        "SELECT table_name FROM system.information_schema.tables "
        "WHERE table_catalog = 'streaming_dev' AND table_schema = 'gold__dev'"
    )
    assert "fct_watches" in values(platform, views)
    with platform.context() as context:
        context.invalidate_environment("dev", sync=True)
        context.run_janitor(ignore_ttl=True)
    assert values(platform, views) == []
    assert values(platform, "SELECT COUNT(*) FROM streaming_prod.gold.fct_watches")[0]
