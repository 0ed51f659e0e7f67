"""A feed's columns and rules are said once, agree with each other, and are no other feed's."""

from __future__ import annotations

from pathlib import Path

import oracle
import pytest
from harness import Platform, checkout

from macros import feeds, rules

TYPED = {"BIGINT", "INT", "DOUBLE", "DATE", "TIMESTAMP_NTZ"}


def columns(feed: str) -> dict[str, str]:
    return dict(getattr(feeds, f"{feed.upper()}_COLUMNS"))


@pytest.mark.parametrize("feed", feeds.FEEDS)
def test_columns_are_those_of_the_contract(feed: str) -> None:
    said = {name: type_.removesuffix("_NTZ") for name, type_ in columns(feed).items()}
    assert list(said.items()) == list(oracle.FEEDS[feed].items())


@pytest.mark.parametrize("feed", feeds.FEEDS)
def test_rules_are_of_columns_and_reasons_that_there_are(feed: str) -> None:
    found = [(column, what) for column, what, _ in getattr(rules, feed.upper())]
    assert len(set(found)) == len(found)
    assert {column for column, _ in found} <= set(columns(feed))
    assert {what for _, what in found} <= set(feeds.REASONS)
    typed = {column for column, type_ in columns(feed).items() if type_ in TYPED}
    assert {column for column, what in found if what == "malformed"} >= typed


def test_a_feeds_columns_change_no_model_of_another_feed(tmp_path: Path) -> None:
    """What reads ratings is theirs and what is below: no model of users, shows or watches."""
    project = checkout(tmp_path / "checkout")
    platform = Platform(tmp_path / "platform", project=project)
    with platform.context() as context:
        before = {name: snapshot.fingerprint for name, snapshot in context.snapshots.items()}
    said = project / "macros" / "feeds.py"
    text = said.read_text(encoding="utf-8")
    assert ("rating", "INT") in feeds.RATINGS_COLUMNS
    said.write_text(text.replace('("rating", "INT")', '("rating", "BIGINT")'), encoding="utf-8")
    with platform.context() as context:
        changed = {
            f"{snapshot.model.schema_name}.{snapshot.model.view_name}"
            for name, snapshot in context.snapshots.items()
            if snapshot.fingerprint.data_hash != before[name].data_hash
        }
    assert changed == {
        *("bronze.delivered_ratings", "bronze.ratings", "quarantine.held_ratings"),
        "silver.ratings",
    }
