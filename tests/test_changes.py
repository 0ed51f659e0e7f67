"""What an environment changes in the data, against counts that are made here in Python."""

from __future__ import annotations

import copy
import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from harness import Platform, checkout, draws
from hypothesis import given
from hypothesis import settings as of_hypothesis
from hypothesis import strategies as st
from sqlmesh.core.engine_adapter.duckdb import DuckDBEngineAdapter

from generator.generate import write_landing
from generator.population import Settings
from operations import launcher, terminal
from operations.changes import report as change_report
from operations.changes.between import Changes, ChangesError, changes
from operations.changes.models import PREVIEW, Audit, ModelChange
from operations.changes.rows import ColumnChange, Comparison, Sample, compare

DAYS = [date(2026, 1, 5) + timedelta(days=n) for n in range(5)]
FIRST_BUILD, LAST, LATER = DAYS[2], DAYS[3], DAYS[4]
Rows = dict[tuple[Any, ...], dict[str, Any]]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """Prod from three days of a small dirty delivery, and a run for the fourth."""
    landing = tmp_path_factory.mktemp("generated") / "landing"
    write_landing(Settings(800, len(DAYS), "json", 7, DAYS[0], dirt=0.08, late=0.05), landing)
    platform = Platform(tmp_path_factory.mktemp("changes"), "json")
    platform.project = checkout(tmp_path_factory.mktemp("main"))
    platform.receive(landing, DAYS)
    # nothing is wrong with these but one value
    watch = {"user_id": 3, "show_id": 8, "watched_at": "2026-01-06 08:00:00"}
    watch |= {"completion_pct": 1, "minutes_watched": 60}
    platform.deliver(
        "watches",
        DAYS[1],
        [{"watch_id": n, **watch, "status": "paused"} for n in (90_001, 90_002)],
        name="part-9",
    )
    platform.plan(FIRST_BUILD)
    platform.run(LAST)
    return platform


Branch = Callable[..., Platform]


@pytest.fixture(scope="module")
def branch(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Branch:
    """Makes another checkout on the same platform, with files changed."""

    def make(name: str, *edits: tuple[str, str, str]) -> Platform:
        changed = copy.copy(platform)
        changed.project = checkout(tmp_path_factory.mktemp(name))
        for file, old, new in edits:
            path = changed.project / file
            text = path.read_text()
            assert text.count(old) == 1, f"{file} has {old!r} {text.count(old)} times"
            path.write_text(text.replace(old, new))
        return changed

    return make


def found(platform: Platform, environment: str) -> Changes:
    """What an environment changes, as the command finds it."""
    with platform.context() as context:
        return changes(context, environment)


def model(found: Changes, name: str) -> ModelChange:
    (change,) = [change for change in found.models if change.name == name]
    return change


def comparison(found: Changes, name: str) -> Comparison:
    compared = model(found, name).comparison
    assert compared
    return compared


NEW_MODEL = """MODEL (
  name gold.watches_per_day,
  kind FULL,
  description 'Watches, day by day. Grain: watch_date.',
  grain watch_date,
  tags (gold),
  depends_on (quality.deliveries, quality.reconciliation),
  audits (unique_values(columns := (watch_date)))
);

SELECT
  watch_date, /* Day. */
  COUNT(*) AS watches /* Number of watches. */
FROM gold.fct_watches
GROUP BY
  watch_date
"""


@pytest.fixture(scope="module")
def work(branch: Branch) -> Platform:
    """Many kinds of change in one environment."""
    fct_watches = "models/gold/fct_watches.sql"
    work = branch(
        "work",
        (
            fct_watches,
            "status = 'completed' AS is_completed",
            "status <> 'abandoned' AS is_completed",
        ),
        (fct_watches, "HOUR(watches.watched_at)::INT", "HOUR(watches.watched_at)::BIGINT"),
        (
            fct_watches,
            "  watches.device, /* Device on which it was watched, in lower case. */\n",
            "",
        ),
        (
            fct_watches,
            "  ratings.rating, /*",
            "  NULLIF(watches.minutes_watched, 0) AS minutes, /* Minutes. */\n  ratings.rating, /*",
        ),
        (
            "models/silver/shows.sql",
            "SELECT\n  deliveries.show_id, /*",
            "SELECT\n  LENGTH(deliveries.title) AS _length, /* Characters. */\n"
            "  deliveries.show_id, /*",
        ),
        (
            "models/silver/users_snapshot.sql",
            "What was shown when. A row",
            "What was shown, and when. A row",
        ),
    )
    (work.project / "models/gold/watches_per_day.sql").write_text(NEW_MODEL)
    (work.project / "models/analytics/show_ratings_by_genre.sql").unlink()
    work.plan(LAST, "work")
    return work


@pytest.fixture(scope="module")
def work_found(work: Platform) -> Changes:
    return found(work, "work")


def table(platform: Platform, relation: str, key: Iterable[str]) -> Rows:
    """A relation's rows as dicts, by their key."""
    columns = [name for name, *_ in platform.query(f"DESCRIBE {relation}")]
    rows = (dict(zip(columns, r, strict=True)) for r in platform.query(f"SELECT * FROM {relation}"))
    return {tuple(row[column] for column in key): row for row in rows}


def differ(before: Any, after: Any) -> bool:
    """Whether two values differ, doubles from the sixth decimal on."""
    if isinstance(before, float) and isinstance(after, float):
        return round(before, 6) != round(after, 6)
    return before != after


def assert_rows_are(compared: Comparison, before: Rows, after: Rows) -> None:
    """Asserts a comparison's counts against a comparison of dicts."""
    counts: Counter[str] = Counter()
    retyped = {name for name, *_ in compared.retyped_columns}
    changed = 0
    for key in before.keys() & after.keys():
        columns = before[key].keys() & after[key].keys() - retyped
        names = [c for c in columns if differ(before[key][c], after[key][c])]
        counts.update(names)
        changed += bool(names)
    assert (compared.before, compared.after) == (len(before), len(after))
    assert compared.added == len(after.keys() - before.keys())
    assert compared.removed == len(before.keys() - after.keys())
    assert compared.common == len(before.keys() & after.keys())
    assert compared.changed == changed
    assert {c.name: c.changed for c in compared.columns} == counts


def words(text: str) -> str:
    """A text without its line breaks."""
    return " ".join(text.split())


def both(found: Changes) -> tuple[str, str]:
    """Both forms of a report."""
    return change_report.markdown(found), change_report.text(found)


def test_rows_and_values_that_differ(work: Platform, work_found: Changes) -> None:
    before = table(work, "streaming_prod.gold.fct_watches", ["watch_id"])
    after = table(work, "streaming_dev.gold__work.fct_watches", ["watch_id"])
    compared = comparison(work_found, "gold.fct_watches")
    assert_rows_are(compared, before, after)
    (column,) = compared.columns
    assert column.name == "is_completed" and not column.is_personal
    (sample,) = column.samples  # all changes are alike
    assert (sample.before, sample.after) == ("false", "true")
    key = (int(sample.key.removeprefix("watch_id ")),)
    assert before[key]["is_completed"] is False and after[key]["is_completed"] is True

    assert model(work_found, "analytics.monthly_viewing_trend").how == "affected"
    for name in ("analytics.monthly_viewing_trend", "analytics.top_users_by_engagement"):
        schema, view = name.split(".")
        key_columns = ["month"] if "month" in view else ["user_id"]
        assert_rows_are(
            comparison(work_found, name),
            table(work, f"streaming_prod.{name}", key_columns),
            table(work, f"streaming_dev.{schema}__work.{view}", key_columns),
        )


def test_columns_that_differ(work: Platform, work_found: Changes) -> None:
    compared = comparison(work_found, "gold.fct_watches")
    assert compared.removed_columns == ("device",)
    assert compared.retyped_columns == (("watch_hour", "INT", "BIGINT"),)
    (added,) = compared.added_columns
    view = "streaming_dev.gold__work.fct_watches"
    (counted,) = work.query(f"SELECT COUNT(minutes), COUNT(*) FROM {view}")
    assert (added.name, added.type, added.filled) == ("minutes", "INT", counted[0])
    assert 0 < counted[0] < counted[1] and not added.is_personal
    values = {str(value) for (value,) in work.query(f"SELECT minutes FROM {view}")}
    assert len(added.values) == 3 and values.issuperset(added.values)
    for report in both(work_found):
        assert "minutes INT" in report and "of another type" in report and "device" in report


def test_models_that_come_and_go(work: Platform, work_found: Changes) -> None:
    new = model(work_found, "gold.watches_per_day")
    (counted,) = work.query("SELECT COUNT(*) FROM streaming_dev.gold__work.watches_per_day")
    assert (new.how, new.rows) == ("new", counted[0])
    assert new.columns == (("watch_date", "DATE"), ("watches", "BIGINT"))
    (counted,) = work.query("SELECT COUNT(*) FROM streaming_prod.analytics.show_ratings_by_genre")
    assert work_found.removed == (("analytics.show_ratings_by_genre", counted[0]),)
    for report in both(work_found):
        assert "show_ratings_by_genre" in report and "removed, with" in report


def test_what_shows_the_same_table_is_named_and_not_compared(work_found: Changes) -> None:
    compared = {change.name for change in work_found.models}
    assert "silver.shows" in compared
    assert {"silver.watches", "quarantine.watches", "gold.dim_shows"} <= set(work_found.same)
    assert not compared.intersection(work_found.same)
    assert comparison(work_found, "silver.shows").touched == 0
    for report in both(work_found):
        assert report.count("gold.dim_shows") == 1


def test_a_change_of_metadata_alone(work_found: Changes) -> None:
    snapshot = model(work_found, "silver.users_snapshot")
    assert (snapshot.how, snapshot.comparison) == ("metadata", None)
    assert {audit.outcome for audit in snapshot.audits} == {"passed"}


def test_audits(work: Platform, work_found: Changes) -> None:
    outcomes = {audit.name: audit for audit in model(work_found, "gold.fct_watches").audits}
    (counted,) = work.query(
        "SELECT COUNT(*) FROM streaming_dev.gold__work.fct_watches "
        "WHERE is_completed AND rating IS NULL"
    )
    warned = outcomes.pop("assert_completed_watches_have_ratings")
    assert warned == Audit(warned.name, "warned", counted[0]) and counted[0]
    assert {audit.outcome for audit in outcomes.values()} == {"passed"}
    markdown, text = both(work_found)
    assert f"warned ({counted[0]} rows)" in markdown and f"warned ({counted[0]} rows)" in text
    assert max(map(len, text.splitlines())) <= 100


def test_the_headline_says_the_finding(work: Platform, work_found: Changes) -> None:
    compared = comparison(work_found, "gold.fct_watches")
    touched, rows = compared.changed, compared.common
    expected = f"{touched} of {rows} rows of gold.fct_watches; nothing to backfill"
    for report in both(work_found):
        first = words(report.split("\n\n")[0]).replace("`", "").strip("*")
        assert first.endswith(expected)
        assert first.startswith("6 models change, 4 directly; ")


def test_nothing_is_left_of_the_comparison(work: Platform, work_found: Changes) -> None:
    """The tables that SQLMesh's table diff makes are gone, with their schema."""
    assert work_found.models
    schemas = {name for (name,) in work.query("SELECT schema_name FROM duckdb_schemas()")}
    assert "gold__work" in schemas
    assert not [name for name in schemas if name.startswith(("changes_", "sqlmesh_temp"))]


def command(platform: Platform, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command of a checkout."""
    return subprocess.run(
        [*launcher.call(platform.project), "changes", *arguments],
        env=platform.environment(),
        capture_output=True,
        text=True,
    )


def test_the_command_writes_the_report(work: Platform, work_found: Changes, tmp_path: Path) -> None:
    path = tmp_path / "comment.md"
    told = command(work, "work", "--format", "markdown", "--out", str(path))
    assert (told.returncode, told.stdout) == (0, "")
    assert path.read_text(encoding="utf-8") == change_report.markdown(work_found)
    assert told.stderr.splitlines() == [f"Comparing {len(work_found.models)} models"]


def test_programs_get_what_was_found_as_json(work_found: Changes) -> None:
    told = json.loads(terminal.as_json(work_found))
    assert (told["environment"], told["against"]) == ("work", "prod")
    assert [each["name"] for each in told["models"]] == [each.name for each in work_found.models]
    for each, expected in zip(told["models"], work_found.models, strict=True):
        if expected.comparison:
            assert each["comparison"]["added"] == expected.comparison.added


def test_a_checkout_that_was_not_planned(work: Platform) -> None:
    """A change that the environment does not show is an error, not a report without it."""
    path = work.project / "models/gold/dim_shows.sql"
    text = path.read_text()
    path.write_text(text.replace("rating_avg >= 3.5", "rating_avg >= 3.9"))
    try:
        with pytest.raises(ChangesError, match=r"has gold.dim_shows neither.*sqlmesh plan work"):
            found(work, "work")
    finally:
        path.write_text(text)


def test_a_model_that_was_left_out_of_the_plan(work: Platform) -> None:
    work.plan(LAST, "part", backfill_models=["gold.watches_per_day"])
    with pytest.raises(ChangesError, match=r"does not show .*fct_watches.*sqlmesh plan part"):
        found(work, "part")


def test_environments_that_are_not_there(platform: Platform, tmp_path: Path) -> None:
    with pytest.raises(ChangesError, match="no environment 'nowhere'.*sqlmesh plan nowhere"):
        found(platform, "nowhere")
    with pytest.raises(ChangesError, match="cannot be compared with itself"):
        found(platform, "prod")
    told = Platform(tmp_path).streaming("changes", "prod")
    assert told.exit_code == 1 and told.stderr.endswith("Make it: bash setup.sh run\n")


@pytest.fixture(scope="module")
def rules(branch: Branch) -> Platform:
    """One rule is stricter, another more lenient."""
    rules = branch(
        "rules",
        (
            "macros/rules.py",
            '("minutes_watched", "out_of_range", "value < 0")',
            '("minutes_watched", "out_of_range", "value < 20")',
        ),
        ("macros/rules.py", "'completed', 'in_progress',", "'completed', 'paused', 'in_progress',"),
    )
    rules.plan(LAST, "rules")
    return rules


@pytest.fixture(scope="module")
def rules_found(rules: Platform) -> Changes:
    return found(rules, "rules")


def rejected(platform: Platform, relation: str) -> tuple[Counter[Any], Counter[Any]]:
    """The rows of a quarantine, and those rows once for each reason."""
    rows = platform.query(f"SELECT _ingest_date, _source, _row_hash, _rejected_for FROM {relation}")
    return (
        Counter(row[:3] for row in rows),
        Counter((*row[:3], reason) for row in rows for reason in row[3]),
    )


@pytest.mark.parametrize("feed", ["watches", "ratings"])
def test_rows_that_a_rule_rejects_or_lets_go(
    rules: Platform, rules_found: Changes, feed: str
) -> None:
    before = rejected(rules, f"streaming_prod.quarantine.{feed}")
    after = rejected(rules, f"streaming_dev.quarantine__rules.{feed}")
    told = model(rules_found, f"quarantine.{feed}").rejections
    assert told
    assert (told.came, told.left) == (
        (after[0] - before[0]).total(),
        (before[0] - after[0]).total(),
    )
    newly = Counter(row[3] for row in (after[1] - before[1]).elements())
    no_longer = Counter(row[3] for row in (before[1] - after[1]).elements())
    assert {reason: (came, gone) for reason, came, gone in told.reasons} == {
        reason: (newly[reason], no_longer[reason]) for reason in newly | no_longer
    }
    if feed == "watches":
        assert newly["minutes_watched_out_of_range"] and no_longer["status_unknown"]
        assert told.left == 2
    for report in both(rules_found):
        assert f"{told.came} rows newly in quarantine, {told.left} left" in words(report)


def test_a_rule_is_shown_before_and_after(rules_found: Changes) -> None:
    *_, rule = model(rules_found, "silver.watches").rules
    assert rule.reason == "status_unknown"
    assert rule.before == "NOT one_of('completed', 'in_progress', 'abandoned')"
    assert rule.after == "NOT one_of('completed', 'paused', 'in_progress', 'abandoned')"
    for report in both(rules_found):
        assert "status_unknown" in report and rule.before in report and rule.after in report


def test_delivered_rows_are_compared_whole(rules: Platform, rules_found: Changes) -> None:
    """Rows without a key count as often as they are there; when they were loaded does not."""
    query = "SELECT * EXCLUDE (_loaded_at, _rejected_for), _rejected_for::VARCHAR FROM {}.watches"
    before, after = (
        Counter(rules.query(query.format(schema)))
        for schema in ("streaming_prod.quarantine", "streaming_dev.quarantine__rules")
    )
    compared = comparison(rules_found, "quarantine.watches")
    assert (compared.common, compared.changed, compared.columns) == (None, None, ())
    assert (compared.before, compared.after) == (before.total(), after.total())
    assert (compared.added, compared.removed) == (
        (after - before).total(),
        (before - after).total(),
    )


def test_rows_that_a_rule_takes_from_gold(rules: Platform, rules_found: Changes) -> None:
    for name, key in (("fct_watches", "watch_id"), ("fct_ratings", "rating_id")):
        compared = comparison(rules_found, f"gold.{name}")
        before = table(rules, f"streaming_prod.gold.{name}", [key])
        after = table(rules, f"streaming_dev.gold__rules.{name}", [key])
        assert_rows_are(compared, before, after)
    assert compared.removed


PEOPLE = (
    # a column that people may see becomes one that holds names
    ("models/gold/fct_watches.sql", "  watches.device, /*", "  users.name AS device, /*"),
    # a copy under another name, and a text made of two
    (
        "models/gold/fct_ratings.sql",
        "  ratings.rating_id, /*",
        "  UPPER(users.email) || '!' AS contact, /* New. */\n  ratings.rating_id, /*",
    ),
    (
        "models/gold/fct_ratings.sql",
        "  ratings.review, /*",
        "  LOWER(ratings.review) AS review, /*",
    ),
    # a new name for a column that is tagged above
    (
        "models/analytics/top_users_by_engagement.sql",
        "  name, /* Full name, every",
        "  name AS full_name, /* Full name, every",
    ),
    (
        "models/analytics/top_users_by_engagement.sql",
        "columns := (user_id, name)",
        "columns := (user_id, full_name)",
    ),
)


@pytest.fixture(scope="module")
def people_found(branch: Branch) -> tuple[Changes, Changes]:
    """Personal data under new names and in an existing column; then beside a key that is one."""
    people = branch("people", *PEOPLE)
    path = people.project / "models/gold/people.sql"
    text = NEW_MODEL.replace("watches_per_day", "people").replace("watch_date", "device")
    path.write_text(text.replace("Watches, day by day", "Watches, name by name"))
    people.plan(LAST, "people")
    first = found(people, "people")
    path.write_text(path.read_text().replace("COUNT(*)", "COUNT(*) + 1"))
    people.plan(LAST, "people_too")
    with people.context() as context:
        return first, changes(context, "people_too", "people")


def test_no_personal_data_is_shown(
    platform: Platform,
    people_found: tuple[Changes, Changes],
    work_found: Changes,
    rules_found: Changes,
) -> None:
    """No name, address or review of a delivery is in any report, in whatever case."""
    first, keys = people_found
    texts = {
        str(value).strip().lower()
        for delivery in platform.deliveries
        for row in delivery.rows
        for column in ("name", "email", "review")
        if (value := row.get(column)) and len(str(value).strip()) > 3
    }
    assert len(texts) > 40
    for told in (first, keys, work_found, rules_found):
        for report in both(told):
            shown = words(report).lower()
            assert not [text for text in texts if text in shown]

    device = {c.name: c for c in comparison(first, "gold.fct_watches").columns}["device"]
    assert device.changed and device.is_personal and not device.samples
    (contact,) = comparison(first, "gold.fct_ratings").added_columns
    assert contact.filled and contact.is_personal and not contact.values
    (review,) = comparison(first, "gold.fct_ratings").columns
    assert review.changed and review.is_personal and not review.samples
    renamed = comparison(first, "analytics.top_users_by_engagement")
    assert [(c.name, c.is_personal) for c in renamed.added_columns] == [("full_name", True)]
    assert renamed.removed_columns == ("name",)
    assert keys.left is None  # nothing is deployed to other environments than prod
    (watches,) = comparison(keys, "gold.people").columns
    assert {sample.key for sample in watches.samples} == {"device not shown"}
    for report in both(first):
        assert "personal data, not shown" in report


@pytest.fixture(scope="module")
def forward(branch: Branch) -> Platform:
    """A forward-only change of a fact: dev holds a preview of the last day."""
    forward = branch(
        "forward",
        (
            "models/gold/fct_ratings.sql",
            "  ratings.rating_id, /*",
            "  ratings.rating * 2 AS double_rating, /* New. */\n  ratings.rating_id, /*",
        ),
        (
            "models/gold/fct_ratings.sql",
            "  ratings.rating, /*",
            "  (6 - ratings.rating)::INT AS rating, /*",
        ),
    )
    forward.plan(LAST, "forward", forward_only=True)
    return forward


def test_a_forward_only_change(forward: Platform) -> None:
    """Rows that the preview has not are not told to be removed, nor what reads it to differ."""
    told = found(forward, "forward")
    before = table(forward, "streaming_prod.gold.fct_ratings", ["rating_id"])
    after = table(forward, "streaming_dev.gold__forward.fct_ratings", ["rating_id"])
    assert 0 < len(after) < len(before)
    change = model(told, "gold.fct_ratings")
    assert change.is_forward_only and change.comparison
    assert (change.comparison.removed, change.comparison.added) == (None, 0)
    changed = [key for key in after if after[key]["rating"] != before[key]["rating"]]
    assert (change.comparison.common, change.comparison.changed) == (len(after), len(changed))
    assert [(c.name, c.changed) for c in change.comparison.columns] == [("rating", len(changed))]
    assert changed
    assert [c.name for c in change.comparison.added_columns] == ["double_rating"]
    genres = model(told, "analytics.show_ratings_by_genre")
    assert genres.comparison is None and genres.why_not == PREVIEW
    assert told.left == ()
    for report in both(told):
        assert "rows that are in prod stay as they are" in words(report).replace("`", "")
        assert "removed rows not known" in words(report)


def test_nothing_changed(platform: Platform) -> None:
    platform.plan(LAST, "same", include_unmodified=True)
    told = command(platform, "same")
    assert told.returncode == 0
    assert told.stdout == "same changes nothing: every model is as in prod\n"
    assert change_report.markdown(found(platform, "same")).count("\n") == 1


def test_the_state_moves_on(
    platform: Platform, work: Platform, rules: Platform, rules_found: Changes
) -> None:
    """A day that prod has run since is left to compute; days that both have are compared."""
    platform.run(LATER)
    told = found(rules, "rules")
    assert rules_found.left == () and told.left
    missing = {item.model: item for item in told.left}
    with rules.context() as context:
        plan = context.plan_builder("prod", skip_tests=True, skip_linter=True).build()
        left = [plan.snapshots[m.snapshot_id].model for m in plan.missing_intervals]
    assert missing.keys() == {model.name for model in left if not model.kind.is_view}
    assert {(item.days, item.first, item.last) for item in missing.values()} == {(1, LATER, LATER)}
    query = "SELECT COUNT(*) FROM streaming_prod.{}"
    days = (LATER - date(2026, 1, 1)).days + 1
    for name in ("quarantine.held_watches", "gold.fct_watches"):
        ((rows,),) = rules.query(query.format(name))
        assert (missing[name].rows, missing[name].is_whole) == (round(rows / days), False)
        assert missing[name].seconds is not None
    ((rows,),) = rules.query(query.format("quarantine.watches"))
    assert (missing["quarantine.watches"].rows, missing["quarantine.watches"].is_whole) == (
        rows,
        True,
    )
    longest = max(item.seconds or 0 for item in told.left)
    assert longest <= told.seconds <= sum(item.seconds or 0 for item in told.left)

    by_day = model(told, "quarantine.held_watches")
    assert (by_day.days_lacking, by_day.is_by_day) == (1, True)
    query = "SELECT COUNT(*) FROM {}.held_watches WHERE _ingest_date <= DATE '{}'"
    ((before,),) = rules.query(query.format("streaming_prod.quarantine", LAST))
    ((after,),) = rules.query(query.format("streaming_dev.quarantine__rules", LAST))
    compared = by_day.comparison
    assert compared and (compared.before, compared.after) == (before, after)
    assert (
        compared.added
        and compared.added == comparison(rules_found, "quarantine.held_watches").added
    )
    assert comparison(told, "gold.fct_watches").removed is None
    for report in both(told):
        plain = words(report).replace("`", "")
        assert f"{len(missing)} models to backfill, about" in plain
        assert "rules lacks 1 day that prod has" in plain
        assert "quarantine.watches: whole, about" in plain


def of_text(name: str, value: str) -> ModelChange:
    """A change of a model in a value of text."""
    column = ColumnChange("title", 1, False, (Sample(f"key {value}", value, value[::-1]),))
    compared = Comparison(2, 2, 0, 0, 2, 1, (column,), (), (), (), 0)
    return ModelChange(name, "changed", (), comparison=compared)


@pytest.mark.parametrize(
    "value", ["`a` | b", "<img src=x>", "@someone", "two\nlines\r", "\x1b[31mred", "", "-" * 999]
)
def test_values_are_neither_markup_nor_orders_to_a_terminal(value: str) -> None:
    told = Changes("dev", "prod", (of_text("gold.dim_shows", value),), (), (), (), 0.0)
    item = [line for line in change_report.markdown(told).splitlines() if line.startswith("- ")]
    assert len(item) == 1 and len(item[0]) < 200
    outside = re.sub(r"`[^`]+`", "", item[0])
    assert outside == "- : 1 changed (50.0 %)<br> ->  ()"
    text = change_report.text(told)
    assert text.replace("\n", "").isprintable()
    assert max(map(len, text.splitlines())) <= 100


def test_a_long_report_fits_a_comment() -> None:
    models = tuple(of_text(f"gold.model_{n}", f"value {n} " * 3) for n in range(2_000))
    told = Changes("dev", "prod", models, (), (), (), 0.0)
    report = change_report.markdown(told)
    assert 60_000 < len(report) <= 65_000
    assert "too long for a comment" in report and "`streaming changes dev`" in report
    assert "**Deployment**" in report and "`gold.model_0`" in report
    assert report.count("<details>") == report.count("</details>")
    assert len(change_report.text(told)) > 65_000


KEYS = st.integers(0, 9)
VALUES = st.one_of(st.none(), st.integers(0, 2))
TABLES = st.lists(st.tuples(KEYS, VALUES, st.sampled_from(["x", "y", ""])), max_size=12)


def compared_in_memory(before: list[Any], after: list[Any], key: list[str]) -> Comparison:
    """The comparison of two tables that hold these rows."""
    adapter = DuckDBEngineAdapter(lambda: connection)
    connection = duckdb.connect()
    try:
        for name, rows in (("before", before), ("after", after)):
            connection.execute(f"CREATE TABLE {name} (id INT, number INT, word TEXT)")
            if rows:
                connection.executemany(f"INSERT INTO {name} VALUES (?, ?, ?)", rows)
        return compare(
            adapter, "memory.main.before", "memory.main.after", key, lambda _: False, "memory.diffs"
        )
    finally:
        connection.close()


def by_key(rows: list[Any]) -> dict[int, Any]:
    return {row[0]: row for row in rows}


@of_hypothesis(max_examples=draws(40), deadline=None)
@given(TABLES.map(by_key), TABLES.map(by_key))
def test_drawn_tables_with_a_key(before: dict[int, Any], after: dict[int, Any]) -> None:
    told = compared_in_memory(list(before.values()), list(after.values()), ["id"])
    common = before.keys() & after.keys()
    assert (told.added, told.removed) == (len(after) - len(common), len(before) - len(common))
    assert (told.common, told.changed) == (
        len(common),
        sum(before[key] != after[key] for key in common),
    )
    columns = {c.name: c for c in told.columns}
    for place, name in ((1, "number"), (2, "word")):
        changed = {
            (f"id {key}", before[key][place], after[key][place])
            for key in common
            if before[key][place] != after[key][place]
        }
        assert (columns[name].changed if name in columns else 0) == len(changed)
        pairs = {(was, now) for _, was, now in changed}
        samples = columns[name].samples if name in columns else ()
        assert len(samples) == min(len(pairs), 3)
        as_text = {(k, *("NULL" if v is None else str(v) for v in vs)) for k, *vs in changed}
        assert {(s.key, s.before, s.after) for s in samples} <= as_text


@of_hypothesis(max_examples=draws(40), deadline=None)
@given(TABLES, TABLES)
def test_drawn_tables_without_a_key(before: list[Any], after: list[Any]) -> None:
    """Also where the key that is given is not one in either table."""
    added, removed = Counter(after) - Counter(before), Counter(before) - Counter(after)
    is_key = all(len(by_key(rows)) == len(rows) for rows in (before, after))
    for key in [], ["id"]:
        told = compared_in_memory(before, after, key)
        if key and is_key:
            assert told.repeated_keys == 0 and told.common is not None
            continue
        assert (told.added, told.removed) == (added.total(), removed.total())
        assert (told.before, told.after, told.common) == (len(before), len(after), None)
        assert bool(told.repeated_keys) == bool(key)
