"""Dev and prod: what a change costs, and what it leaves alone."""

from __future__ import annotations

import copy
from datetime import date
from pathlib import Path

import pytest
from harness import Platform, checkout, morning_after
from sqlmesh.core.snapshot import SnapshotChangeCategory

LAST = date(2026, 2, 20)
FCT_WATCHES = '"streaming_prod"."gold"."fct_watches"'
UNCHECKED = {"skip_tests": True, "skip_linter": True}


@pytest.fixture(scope="module")
def platform(seeds_in_prod: Platform, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """The project applied to prod."""
    seeds_in_prod.project = checkout(tmp_path_factory.mktemp("checkout"))
    return seeds_in_prod


def branch(platform: Platform, folder: Path, name: str, old: str, new: str) -> Platform:
    """The same platform, seen from another checkout, in which a model's text is changed."""
    changed = copy.copy(platform)
    changed.project = checkout(folder)
    model = folder / "models" / f"{name.replace('.', '/')}.sql"
    text = model.read_text()
    assert text.count(old) == 1
    model.write_text(text.replace(old, new))
    return changed


def test_views_are_in_the_catalog_of_their_environment(platform: Platform) -> None:
    """A new dev environment has every view, and no row was computed for it."""
    before = platform.stored()
    with platform.context() as context:
        plan = context.plan_builder("dev", include_unmodified=True, **UNCHECKED).build()
        assert not plan.missing_intervals
    platform.plan(LAST, "dev", include_unmodified=True)
    assert platform.stored() == before
    assert platform.tables("__dev", "streaming_dev") == platform.tables()


@pytest.mark.parametrize(
    "name",
    ["bronze.delivered_users", "silver.accepted_shows", "silver.watches", "gold.dim_shows"],
)
def test_a_new_column_costs_its_model_alone(platform: Platform, tmp_path: Path, name: str) -> None:
    """What stands below stays as it is, whatever steps lie between."""
    changed = branch(
        platform, tmp_path, name, "\nSELECT\n", "\nSELECT\n  1 AS _added, /* New. */\n"
    )
    with changed.context() as context:
        plan = context.plan_builder(
            "feature", execution_time=morning_after(LAST), **UNCHECKED
        ).build()
        modified = {plan.snapshots[key] for key in plan.directly_modified}
        missing = (context.get_snapshot(m.snapshot_id.name) for m in plan.missing_intervals)
        computed = {s.name for s in missing if s and not s.is_view}
    fqn = '"streaming_prod".' + ".".join(f'"{part}"' for part in name.split("."))
    assert {(s.name, s.change_category) for s in modified} == {
        (fqn, SnapshotChangeCategory.NON_BREAKING)
    }
    assert computed == {fqn}


def test_a_changed_gold_model_is_rebuilt_alone(platform: Platform, tmp_path: Path) -> None:
    """In dev the changed model is computed, and prod stays; then prod takes dev's table over."""
    before, prod = platform.stored(), platform.tables()
    changed = branch(
        platform, tmp_path, "gold.fct_watches", "watches.status = 'completed'", "FALSE"
    )
    with changed.context() as context:
        plan = context.plan_builder("dev", **UNCHECKED).build()
        assert {snapshot.name for snapshot in plan.directly_modified} == {FCT_WATCHES}
        category = plan.snapshots[next(iter(plan.directly_modified))].change_category
        assert category == SnapshotChangeCategory.BREAKING
    changed.plan(LAST, "dev")
    dev = platform.tables("__dev", "streaming_dev")
    assert not any(row["is_completed"] for row in dev["gold.fct_watches"])
    assert platform.tables() == prod
    new = {name.rsplit("__", 1)[0] for name in platform.stored() - before}
    assert new == {"gold__fct_watches"}

    before = platform.stored()
    changed.plan(LAST)
    assert platform.stored() == before
    assert platform.tables() == dev
